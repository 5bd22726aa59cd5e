from django.db import migrations, models


class Migration(migrations.Migration):
    """What a judge said of a text by the user's rubric is kept with the job."""

    dependencies = [("jobs", "0025_program_runs")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="rubric",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="What a judge said of the text by the user's rubric: [{points, text, is_met, reason}].",
            ),
        )
    ]
