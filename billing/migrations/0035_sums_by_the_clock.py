from django.db import migrations

from billing.models import sql


class Migration(migrations.Migration):
    """Sums of finished calls never run ahead of the database's clock."""

    dependencies = [("billing", "0034_one_stop")]

    operations = [migrations.RunSQL(sql.read("call_sums.sql"), migrations.RunSQL.noop)]
