from django.db import migrations, models

from billing.models import sql

_CLASSES = ("cache_read_nano", "cache_write_nano", "reasoning_nano", "fee_nano")
_BEFORE = """
DROP VIEW IF EXISTS billing_model_part;
DELETE FROM billing_modelsum;
"""
# What is odd about calls was noted when they were summed, and stays as it is.
_REFILL = "SELECT billing_sum_models('-infinity', until) FROM billing_callsummark"


class Migration(migrations.Migration):
    """A call's cost is told apart by cache reads, cache writes, reasoning and fees; the sums are made anew from calls."""

    dependencies = [("billing", "0037_abilities_of_imported_models")]

    operations = [
        migrations.RunSQL(_BEFORE, migrations.RunSQL.noop),
        migrations.RemoveField("modelsum", "cache_nano"),
        *(
            # The table is empty; the default is that of no row.
            migrations.AddField("modelsum", name, models.BigIntegerField(default=0), preserve_default=False)
            for name in _CLASSES
        ),
        migrations.RunSQL(
            [sql.read("model_sums.sql"), sql.read("call_sums.sql"), _REFILL], migrations.RunSQL.noop
        ),
    ]
