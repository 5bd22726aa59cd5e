from django.db import migrations

from billing.models import sql


class Migration(migrations.Migration):
    """Keeps a provider's reference with a call that is under way; what has one is not in doubt."""

    dependencies = [("billing", "0007_quarantine")]

    operations = [migrations.RunSQL(sql.read("calls.sql"), migrations.RunSQL.noop)]
