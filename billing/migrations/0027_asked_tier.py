from django.db import migrations, models

from billing.models import sql

_DROP = """
DROP FUNCTION IF EXISTS billing_hold(
    uuid, bigint, bigint, uuid, bigint, text, text, int, text, bigint, bigint, bigint, bigint);
"""


class Migration(migrations.Migration):
    """A call keeps which service tier it asked for."""

    dependencies = [
        ("billing", "0026_reconciliation"),
    ]

    operations = [
        migrations.AddField(
            model_name="call",
            name="asked_tier",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The service tier that was asked for; empty: standard.",
                max_length=20,
            ),
        ),
        migrations.RunSQL([_DROP, sql.read("calls.sql")], migrations.RunSQL.noop),
    ]
