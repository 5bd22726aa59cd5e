"""Labels in plain words; the stored values stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0010_staff_notified"),
    ]

    operations = [
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.CharField(
                choices=[
                    ("trial", "trial credit"),
                    ("grant", "credit from the operator"),
                    ("top_up", "top-up"),
                    ("refund", "refund"),
                    ("escrow", "reserved for a job"),
                    ("release", "unspent money returned from a job"),
                    ("debt", "payment of an open debt"),
                    ("call", "model call"),
                    ("accrual", "call in doubt, carried by the house"),
                    ("adjustment", "adjustment"),
                ],
                max_length=20,
            ),
        ),
    ]
