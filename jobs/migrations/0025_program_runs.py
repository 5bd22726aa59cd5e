from django.db import migrations

from jobs.models import sql


class Migration(migrations.Migration):
    """What programs did is told with its text, its answer and the seconds that it took."""

    dependencies = [("jobs", "0024_help_texts")]

    operations = [migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop)]
