from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    """One statement a batch of the journal."""

    dependencies = [("jobs", "0013_submitted_calls")]

    operations = [migrations.RunSQL(sql.read("write.sql"), migrations.RunSQL.noop)]
