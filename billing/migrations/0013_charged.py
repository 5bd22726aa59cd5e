from django.db import migrations

from billing.models import sql

_DROP = """
DROP FUNCTION IF EXISTS billing_settle(
    uuid, bigint, bigint, bigint, bigint, bigint, bigint, bigint, jsonb, boolean, text);
"""


class Migration(migrations.Migration):
    """A settlement asserts what the engine says the user pays."""

    dependencies = [("billing", "0012_model_suspension")]

    operations = [migrations.RunSQL([_DROP, sql.read("calls.sql")], migrations.RunSQL.noop)]
