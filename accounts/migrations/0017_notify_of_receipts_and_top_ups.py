from django.db import migrations, models


class Migration(migrations.Migration):
    """Emails about what was charged and what was paid in have switches of their own."""

    dependencies = [("accounts", "0016_notify_when_asked")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="notify_of_receipts",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="mail me the receipt of each job"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="notify_of_top_ups",
            field=models.BooleanField(
                db_default=True, default=True, verbose_name="mail me when money was added"
            ),
        ),
    ]
