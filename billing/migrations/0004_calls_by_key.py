from django.db import migrations

from billing.models import sql


class Migration(migrations.Migration):
    """Loads the functions of the hot path again: they find calls and accounts by their primary keys alone."""

    dependencies = [("billing", "0003_indexes_and_reversals")]

    operations = [
        migrations.RunSQL(sql.read("entries.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("calls.sql"), migrations.RunSQL.noop),
    ]
