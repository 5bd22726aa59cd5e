from django.db import migrations

from billing.models import sql

UNDO_BOOKS = """
DROP TRIGGER billing_entry_check ON billing_entry;
DROP TRIGGER billing_entry_append_only ON billing_entry;
DROP TRIGGER billing_entry_no_truncate ON billing_entry;
DROP TRIGGER billing_transfer_append_only ON billing_transfer;
DROP TRIGGER billing_transfer_no_truncate ON billing_transfer;
DROP TRIGGER billing_account_no_delete ON billing_account;
DROP TRIGGER billing_account_no_truncate ON billing_account;
DROP TRIGGER billing_account_balance_follows ON billing_account;
DROP TRIGGER billing_call_no_delete ON billing_call;
DROP TRIGGER billing_call_no_truncate ON billing_call;
DROP TRIGGER billing_call_final ON billing_call;
DROP TRIGGER billing_price_no_delete ON billing_price;
DROP TRIGGER billing_price_no_truncate ON billing_price;
DROP TRIGGER billing_price_immutable ON billing_price;
DROP FUNCTION billing_entry_check, billing_refuse;
"""

UNDO_CALLS = """
DROP FUNCTION billing_hold, billing_settle, billing_void, billing_doubt, billing_doubt_stale,
    billing_outcome, billing_lock_escrow_of;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(sql.read("entries.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(sql.read("books.sql"), UNDO_BOOKS),
        migrations.RunSQL(sql.read("calls.sql"), UNDO_CALLS),
    ]
