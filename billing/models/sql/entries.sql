-- Every INSERT brings all entries of its transfers, so the books balance after every statement, not only at commit.
-- Accounts are visited one by one, by key and in the order of their ids: the planner knows nothing of the size of
-- new_entries, and a join would read all accounts for each call.
CREATE OR REPLACE FUNCTION billing_entry_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_bad bigint;
    v_side record;
BEGIN
    SELECT transfer_id INTO v_bad FROM new_entries GROUP BY transfer_id HAVING sum(amount_nano) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the entries of transfer % do not sum to zero', v_bad
            USING ERRCODE = 'check_violation', HINT = 'Insert all entries of a transfer in one statement.';
    END IF;
    FOR v_side IN
        SELECT account_id, sum(amount_nano)::bigint AS amount FROM new_entries
        -- 1 to 8 are the house's own; they keep no balance.
        WHERE account_id NOT BETWEEN 1 AND 8 GROUP BY account_id ORDER BY account_id
    LOOP
        UPDATE billing_account SET balance_nano = balance_nano + v_side.amount
            WHERE id = v_side.account_id AND is_floored;
        IF NOT FOUND AND NOT EXISTS (SELECT FROM billing_account WHERE id = v_side.account_id) THEN
            RAISE EXCEPTION 'account % does not exist', v_side.account_id USING ERRCODE = 'foreign_key_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
