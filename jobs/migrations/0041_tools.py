from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    """A settled step keeps a note, and says whether it called tools; a hold says what it is for."""

    dependencies = [("jobs", "0040_webhooks")]

    operations = [migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop)]
