from django.db import migrations, models

from jobs.models import sql


class Migration(migrations.Migration):
    """Lets a later life collect what an earlier one submitted."""

    dependencies = [("billing", "0008_references"), ("jobs", "0012_learning")]

    operations = [
        migrations.AddField(
            model_name="steprecord",
            name="subproblem",
            field=models.BooleanField(
                db_default=False, default=False, help_text="About another question than the job's."
            ),
        ),
        migrations.RunSQL(sql.read("journal.sql"), migrations.RunSQL.noop),
    ]
