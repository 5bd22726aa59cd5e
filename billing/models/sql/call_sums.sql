-- Sums what finished before p_until into billing_callsum, by quarter of an hour; returns how many sums were added.
--
-- A call's time of finish is set before its transaction commits. So the mark stays behind every transaction that is
-- under way, and behind the database's clock, by which calls finish: none can still be added to what was summed. The
-- mark is locked: of two at once, one waits.
CREATE OR REPLACE FUNCTION billing_sum_calls(p_until timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    v_from timestamptz;
    v_until timestamptz;
    v_count int;
BEGIN
    INSERT INTO billing_callsummark (id, until) VALUES (1, '-infinity') ON CONFLICT DO NOTHING;
    SELECT until INTO v_from FROM billing_callsummark WHERE id = 1 FOR UPDATE;
    SELECT date_bin('15 minutes', least(p_until, clock_timestamp(), min(xact_start)), 'epoch') INTO v_until
        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
    IF v_until <= v_from THEN
        RETURN 0;
    END IF;
    INSERT INTO billing_callsum (
        quarter, model, workspace_id, job_id, settled, void, in_doubt, cost_nano, billed_nano, overrun_nano
    )
    SELECT date_bin('15 minutes', finished_at, 'epoch'), model, workspace_id, job_id,
        count(*) FILTER (WHERE state = 'settled'), count(*) FILTER (WHERE state = 'void'),
        count(*) FILTER (WHERE state = 'in_doubt'), billing_sum(cost_nano), billing_sum(billed_nano),
        billing_sum(overrun_nano)
    FROM billing_call WHERE finished_at >= v_from AND finished_at < v_until
    GROUP BY 1, 2, 3, 4;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    PERFORM billing_sum_models(v_from, v_until);
    PERFORM billing_note_odd_calls(v_from, v_until);
    UPDATE billing_callsummark SET until = v_until WHERE id = 1;
    RETURN v_count;
END $$;
