from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    """Lets a settlement find its step by key, however long the journal is."""

    dependencies = [("jobs", "0005_waits")]

    operations = [migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop)]
