from django.db import migrations, models


class Migration(migrations.Migration):
    """Says what the column holds: when staff were notified of a model that was set aside."""

    dependencies = [("billing", "0009_stripe_asked_at")]

    operations = [
        migrations.RemoveIndex("quarantine", "billing_quarantine_untold"),
        migrations.RenameField("quarantine", "told_at", "staff_notified_at"),
        migrations.AlterField("quarantine", "staff_notified_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            "quarantine",
            models.Index(
                condition=models.Q(("staff_notified_at", None)),
                fields=["id"],
                name="billing_quarantine_unnotified",
            ),
        ),
    ]
