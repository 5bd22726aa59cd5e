from django.db import migrations, models


class Migration(migrations.Migration):
    """A job's receipt may be mailed."""

    dependencies = [("jobs", "0044_questions")]

    operations = [
        migrations.AlterField(
            model_name="outboxmessage",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ended", "A job ended"),
                    ("question", "A job needs you"),
                    ("receipt", "A job's receipt"),
                    ("waiting", "A job is stuck"),
                    ("account", "Signing in"),
                    ("audit", "The audit found something"),
                    ("suspension", "A model was suspended"),
                    ("limit", "A spending limit"),
                    ("payment", "A payment"),
                    ("weekly", "A weekly run was paused"),
                    ("webhook", "To a webhook"),
                    ("staff", "To staff"),
                ],
                max_length=20,
            ),
        ),
    ]
