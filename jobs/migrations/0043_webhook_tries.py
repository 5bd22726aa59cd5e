from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0042_member_limits"),
    ]

    operations = [
        migrations.AddField(
            model_name="webhook",
            name="tried_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="When something was last sent to it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="webhook",
            name="tried_error",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="What went wrong; empty: it was taken.",
                max_length=300,
            ),
        ),
        migrations.AddField(
            model_name="webhook",
            name="tried_status",
            field=models.PositiveSmallIntegerField(
                blank=True,
                editable=False,
                help_text="What its server answered; empty: nothing.",
                null=True,
            ),
        ),
    ]
