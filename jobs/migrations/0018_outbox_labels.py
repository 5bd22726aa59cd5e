"""Labels in plain words; the stored values stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0017_staff_notified"),
    ]

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
                    ("quarantine", "A model was suspended"),
                    ("staff", "To staff"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Queued"),
                    ("sent", "Sent"),
                    ("unwanted", "Skipped by preference"),
                    ("bounced", "Bounced"),
                    ("gave_up", "Given up"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
    ]
