from django.db import migrations, models


class Migration(migrations.Migration):
    """A mail about a suspended model is called one."""

    dependencies = [("jobs", "0018_outbox_labels")]

    operations = [
        migrations.AlterField(
            model_name="outboxmessage",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ended", "A job ended"),
                    ("waiting", "A job is stuck"),
                    ("account", "Signing in"),
                    ("audit", "The audit found something"),
                    ("suspension", "A model was suspended"),
                    ("staff", "To staff"),
                ],
                max_length=20,
            ),
        ),
        migrations.RunSQL(
            "UPDATE jobs_outboxmessage SET kind = 'suspension' WHERE kind = 'quarantine'",
            "UPDATE jobs_outboxmessage SET kind = 'quarantine' WHERE kind = 'suspension'",
        ),
    ]
