from django.db import migrations

from billing.models import sql


class Migration(migrations.Migration):
    """Adds the sum that makes the audit fast."""

    dependencies = [("billing", "0005_audit_runs")]

    operations = [migrations.RunSQL(sql.read("sums.sql"), "DROP AGGREGATE billing_sum(bigint)")]
