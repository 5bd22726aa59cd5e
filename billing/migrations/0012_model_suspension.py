from django.db import migrations, models

from billing.models import sql


class Migration(migrations.Migration):
    """Calls a suspended model what it is: the table, its index and constraint, and what holding money answers."""

    dependencies = [("billing", "0011_transfer_labels")]

    operations = [
        migrations.RenameModel("Quarantine", "ModelSuspension"),
        migrations.RemoveConstraint("modelsuspension", "billing_one_open_quarantine"),
        migrations.AddConstraint(
            "modelsuspension",
            models.UniqueConstraint(
                condition=models.Q(("lifted_at", None)), fields=("model",), name="billing_one_open_suspension"
            ),
        ),
        migrations.RenameIndex(
            "modelsuspension",
            new_name="billing_suspension_unnotified",
            old_name="billing_quarantine_unnotified",
        ),
        migrations.RunSQL(sql.read("calls.sql"), migrations.RunSQL.noop),
    ]
