import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

from billing.models import sql

_MOVE = """
UPDATE billing_spendingstop SET subject = provider, scope = CASE provider WHEN '' THEN 'everything' ELSE 'provider' END;
INSERT INTO billing_spendingstop (
    scope, subject, provider, reason, by_id, call_id, created_at, staff_notified_at, lifted_at, lifted_by_id, lift_reason
)
SELECT 'model', model, '', reason, by_id, call_id, created_at, staff_notified_at, lifted_at, lifted_by_id, lift_reason
FROM billing_modelsuspension ORDER BY id;
-- Checks of the foreign keys are due at the commit; a table for which some wait cannot be altered.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
_BACK = """
INSERT INTO billing_modelsuspension (
    model, reason, by_id, call_id, created_at, staff_notified_at, lifted_at, lifted_by_id, lift_reason
)
SELECT subject, reason, by_id, call_id, created_at, staff_notified_at, lifted_at, lifted_by_id, lift_reason
FROM billing_spendingstop WHERE scope = 'model' ORDER BY id;
DELETE FROM billing_spendingstop WHERE scope = 'model';
UPDATE billing_spendingstop SET provider = subject;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    """Suspended models are stops whose scope is a model, in the table of all stops."""

    dependencies = [("billing", "0033_corrections")]

    operations = [
        migrations.AddField(
            model_name="spendingstop",
            name="scope",
            field=models.CharField(
                choices=[("everything", "Everything"), ("provider", "Provider"), ("model", "Model")],
                default="everything",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="spendingstop",
            name="subject",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The provider or the model; empty: everything.",
                max_length=200,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="spendingstop",
            name="call",
            field=models.ForeignKey(
                blank=True,
                help_text="The call that cost more than was held for it; empty: staff stopped it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.call",
            ),
        ),
        migrations.AddField(
            model_name="spendingstop",
            name="staff_notified_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RemoveConstraint(model_name="spendingstop", name="billing_one_open_stop"),
        migrations.RunSQL(_MOVE, _BACK),
        migrations.RemoveField(model_name="spendingstop", name="provider"),
        migrations.AddConstraint(
            model_name="spendingstop",
            constraint=models.UniqueConstraint(
                condition=Q(lifted_at=None),
                fields=("scope", "subject"),
                name="billing_one_open_stop_of_a_scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="spendingstop",
            constraint=models.CheckConstraint(
                condition=Q(scope="everything", subject="") | (~Q(scope="everything") & ~Q(subject="")),
                name="billing_stop_has_its_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="spendingstop",
            index=models.Index(
                condition=Q(scope="model", staff_notified_at=None),
                fields=["id"],
                name="billing_stop_unnotified",
            ),
        ),
        migrations.DeleteModel(name="ModelSuspension"),
        migrations.RunSQL(sql.read("calls.sql"), migrations.RunSQL.noop),
    ]
