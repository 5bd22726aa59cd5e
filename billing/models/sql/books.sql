-- The books guard themselves: append-only rows, transfers that sum to zero, balances that follow from entries.
-- Amounts are nano-USD (1e-9 USD).

-- Ids below 1000 are the house's accounts (billing.models.ledger.SYSTEM_ACCOUNTS).
ALTER TABLE billing_account ALTER COLUMN id SET START WITH 1000 RESTART;
-- Balances change often and are in no index: room on the page keeps those updates cheap (heap-only tuples).
ALTER TABLE billing_account SET (fillfactor = 50);
ALTER TABLE billing_call SET (fillfactor = 80);

CREATE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Tests empty their own database between cases; a database named test_… is theirs (ponder.guard = on forbids it too).
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\_%'
        AND current_setting('ponder.guard', true) IS DISTINCT FROM 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'restrict_violation', HINT = 'Write a correction as a new row.';
END $$;

CREATE TRIGGER billing_entry_append_only BEFORE UPDATE OR DELETE ON billing_entry
    FOR EACH ROW EXECUTE FUNCTION billing_refuse('entries are append-only.');
CREATE TRIGGER billing_entry_no_truncate BEFORE TRUNCATE ON billing_entry
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse('entries are append-only.');
CREATE TRIGGER billing_transfer_append_only BEFORE UPDATE OR DELETE ON billing_transfer
    FOR EACH ROW EXECUTE FUNCTION billing_refuse('transfers are append-only.');
CREATE TRIGGER billing_transfer_no_truncate BEFORE TRUNCATE ON billing_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse('transfers are append-only.');
CREATE TRIGGER billing_account_no_delete BEFORE DELETE ON billing_account
    FOR EACH ROW EXECUTE FUNCTION billing_refuse('accounts stay for ever.');
CREATE TRIGGER billing_account_no_truncate BEFORE TRUNCATE ON billing_account
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse('accounts stay for ever.');
CREATE TRIGGER billing_call_no_delete BEFORE DELETE ON billing_call
    FOR EACH ROW EXECUTE FUNCTION billing_refuse('calls stay for ever.');
CREATE TRIGGER billing_call_no_truncate BEFORE TRUNCATE ON billing_call
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse('calls stay for ever.');
CREATE TRIGGER billing_call_final BEFORE UPDATE ON billing_call
    FOR EACH ROW WHEN (OLD.state IN ('settled', 'void'))
    EXECUTE FUNCTION billing_refuse('a settled or void call never changes.');

-- Prices: only status and approval may change; old costs stay what they were.
CREATE TRIGGER billing_price_no_delete BEFORE DELETE ON billing_price
    FOR EACH ROW EXECUTE FUNCTION billing_refuse('prices stay for ever.');
CREATE TRIGGER billing_price_no_truncate BEFORE TRUNCATE ON billing_price
    FOR EACH STATEMENT EXECUTE FUNCTION billing_refuse('prices stay for ever.');
CREATE TRIGGER billing_price_immutable BEFORE UPDATE ON billing_price
    FOR EACH ROW WHEN (
        (to_jsonb(OLD) - 'status' - 'approved_by_id') IS DISTINCT FROM (to_jsonb(NEW) - 'status' - 'approved_by_id')
    )
    EXECUTE FUNCTION billing_refuse('rates never change; add a new price instead.');

-- Only the trigger below writes balances.
CREATE TRIGGER billing_account_balance_follows BEFORE UPDATE ON billing_account
    FOR EACH ROW WHEN (OLD.balance_nano <> NEW.balance_nano AND pg_trigger_depth() < 1)
    EXECUTE FUNCTION billing_refuse('balances follow from entries.');

-- The function is in entries.sql, which is loaded first.
CREATE TRIGGER billing_entry_check AFTER INSERT ON billing_entry
    REFERENCING NEW TABLE AS new_entries
    FOR EACH STATEMENT EXECUTE FUNCTION billing_entry_check();
