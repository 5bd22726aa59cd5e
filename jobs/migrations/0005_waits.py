from django.db import migrations, models

from jobs.models import sql


class Migration(migrations.Migration):
    """Counts a job's waits for a provider; a settled call ends the count."""

    dependencies = [("jobs", "0004_comparison")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="waits",
            field=models.PositiveIntegerField(
                default=0, help_text="Waits for a provider since the journal last grew."
            ),
        ),
        migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop),
    ]
