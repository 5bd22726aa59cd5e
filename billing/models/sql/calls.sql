-- The life of a call's money: held before it is sent, then settled, void or in doubt. Amounts are nano-USD.
--
-- Expected outcomes are status codes, never exceptions, so that one call can't spoil a batch. Every function may be
-- repeated with the same arguments: a batch whose commit was applied but not confirmed finds its own rows.
-- Lock order, everywhere: escrow, then calls, then trial credit, then wallet.
--
-- coalesce(state, '') = 'held' rather than state = 'held': the plain form lets the planner read the partial index of
-- all open calls in place of the primary key, which made a settlement as slow as there were calls in flight.

-- Reserves p_hold of the escrow and records the call. 'held' (also when this call is already there) | 'refused' (less
-- than p_hold is left, or the escrow is closed) | 'conflict' (another call has this job, step key and attempt) |
-- 'suspended' (the model is suspended) | 'stopped' (all spending is, or all calls to the model's provider are).
CREATE OR REPLACE FUNCTION billing_hold(
    p_call uuid, p_escrow bigint, p_workspace bigint, p_job uuid, p_token bigint, p_kind text, p_step_key text,
    p_attempt int, p_model text, p_price bigint, p_hold bigint, p_prompt_bytes bigint, p_max_output bigint,
    p_asked_tier text DEFAULT ''
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_stop text;
BEGIN
    SELECT CASE WHEN bool_or(scope = 'model') THEN 'suspended' WHEN count(*) > 0 THEN 'stopped' END INTO v_stop
        FROM billing_spendingstop WHERE lifted_at IS NULL AND (
            scope = 'everything' OR scope = 'provider' AND subject = split_part(p_model, '/', 1)
            OR scope = 'model' AND subject = p_model);
    IF v_stop IS NOT NULL AND NOT EXISTS (SELECT FROM billing_call WHERE id = p_call) THEN
        RETURN v_stop;
    END IF;
    UPDATE billing_account SET held_nano = held_nano + p_hold
        WHERE id = p_escrow AND kind = 'escrow' AND closed_at IS NULL AND p_hold >= 0
            AND balance_nano - held_nano >= p_hold;
    IF FOUND THEN
        INSERT INTO billing_call (
            id, job_id, escrow_id, workspace_id, lease_token, kind, step_key, attempt, model, price_id, state,
            hold_nano, prompt_bytes, max_output_tokens, input_tokens, cache_read_tokens, cache_write_tokens,
            output_tokens, reasoning_tokens, usage_missing, cost_nano, billed_nano, overrun_nano, provider_ref, error,
            created_at, asked_tier
        ) VALUES (
            p_call, p_job, p_escrow, p_workspace, p_token, p_kind, p_step_key, p_attempt, p_model, p_price, 'held',
            p_hold, p_prompt_bytes, p_max_output, 0, 0, 0,
            0, 0, false, 0, 0, 0, '', '',
            clock_timestamp(), left(coalesce(p_asked_tier, ''), 20)
        ) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN 'held';
        END IF;
        UPDATE billing_account SET held_nano = held_nano - p_hold WHERE id = p_escrow;
    END IF;
    IF EXISTS (SELECT FROM billing_call WHERE id = p_call) THEN
        RETURN 'held';
    END IF;
    IF EXISTS (SELECT FROM billing_call WHERE job_id = p_job AND step_key = p_step_key AND attempt = p_attempt) THEN
        RETURN 'conflict';
    END IF;
    RETURN 'refused';
END $$;

-- Locks the escrow of a call before the call itself, as everyone does.
CREATE OR REPLACE FUNCTION billing_lock_escrow_of(p_call uuid) RETURNS bigint LANGUAGE sql AS $$
    SELECT a.id FROM billing_call c JOIN billing_account a ON a.id = c.escrow_id WHERE c.id = p_call
        FOR NO KEY UPDATE OF a;
$$;

-- What became of a call: its state, or 'overrun' for a settled one that cost more than its hold; 'unknown' without a row.
CREATE OR REPLACE FUNCTION billing_outcome(p_call uuid) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(
        (SELECT CASE WHEN state = 'settled' AND overrun_nano > 0 THEN 'overrun' ELSE state END
         FROM billing_call WHERE id = p_call),
        'unknown'
    );
$$;

-- Charges a held call: p_cost is the provider's, p_billed has the markup. The user pays at most the hold (p_charged, if
-- given, must be just that: an engine that told its strategy another charge is at fault); the house pays
-- the rest ('overrun'), and the model is suspended: it does not keep the limits on which holds are reckoned. Any other
-- state than held is left alone and returned.
CREATE OR REPLACE FUNCTION billing_settle(
    p_call uuid, p_cost bigint, p_billed bigint, p_input bigint, p_cache_read bigint, p_cache_write bigint,
    p_output bigint, p_reasoning bigint, p_usage jsonb, p_usage_missing boolean, p_provider_ref text,
    p_charged bigint DEFAULT NULL, p_cache_write_1h bigint DEFAULT 0, p_service_tier text DEFAULT '',
    p_served_model text DEFAULT '', p_audio bigint DEFAULT 0, p_image bigint DEFAULT 0
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_cost bigint := greatest(coalesce(p_cost, 0), 0);
    v_billed bigint := greatest(coalesce(p_billed, 0), 0);
    v_escrow bigint;
    v_hold bigint;
    v_job uuid;
    v_charged bigint;
    v_transfer bigint;
    v_model text;
BEGIN
    PERFORM billing_lock_escrow_of(p_call);
    UPDATE billing_call SET
        state = 'settled', cost_nano = v_cost, billed_nano = least(v_billed, hold_nano),
        overrun_nano = greatest(v_billed - hold_nano, 0), input_tokens = coalesce(p_input, 0),
        cache_read_tokens = coalesce(p_cache_read, 0), cache_write_tokens = coalesce(p_cache_write, 0),
        cache_write_1h_tokens = coalesce(p_cache_write_1h, 0), service_tier = left(coalesce(p_service_tier, ''), 20),
        served_model = left(coalesce(p_served_model, ''), 200),
        audio_tokens = coalesce(p_audio, 0), image_tokens = coalesce(p_image, 0),
        output_tokens = coalesce(p_output, 0), reasoning_tokens = coalesce(p_reasoning, 0), usage = p_usage,
        usage_missing = coalesce(p_usage_missing, false), provider_ref = left(coalesce(p_provider_ref, ''), 200),
        finished_at = clock_timestamp()
        WHERE id = p_call AND coalesce(state, '') = 'held'
        RETURNING escrow_id, hold_nano, job_id, billed_nano, model
        INTO v_escrow, v_hold, v_job, v_charged, v_model;
    IF NOT FOUND THEN
        RETURN billing_outcome(p_call);
    END IF;
    IF p_charged <> v_charged THEN
        RAISE EXCEPTION 'Call % is charged %, the engine says %.', p_call, v_charged, p_charged;
    END IF;
    UPDATE billing_account SET held_nano = held_nano - v_hold WHERE id = v_escrow;
    INSERT INTO billing_transfer (kind, key, job_id, call_id, stripe_object, memo, effective_at)
        VALUES ('call', 'call:' || p_call, v_job, p_call, '', '', now())
        RETURNING id INTO v_transfer;
    -- 1 revenue, 2 provider cost, 3 provider payable, 7 house overrun.
    INSERT INTO billing_entry (transfer_id, account_id, amount_nano)
        SELECT v_transfer, e.account_id, e.amount_nano
        FROM (VALUES
            (v_escrow, -v_charged), (1::bigint, v_billed), (7::bigint, v_charged - v_billed),
            (2::bigint, -v_cost), (3::bigint, v_cost)
        ) AS e (account_id, amount_nano)
        WHERE e.amount_nano <> 0;
    IF v_billed <= v_hold THEN
        RETURN 'settled';
    END IF;
    INSERT INTO billing_spendingstop (scope, subject, reason, call_id, created_at, lift_reason)
        VALUES ('model', v_model, 'A call cost more than was held for it.', p_call, clock_timestamp(), '')
        ON CONFLICT DO NOTHING;
    RETURN 'overrun';
END $$;

-- Gives the hold back: the request provably was not executed. 'void', or the state that is already there.
CREATE OR REPLACE FUNCTION billing_void(p_call uuid, p_error text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_escrow bigint;
    v_hold bigint;
BEGIN
    PERFORM billing_lock_escrow_of(p_call);
    UPDATE billing_call SET state = 'void', error = left(coalesce(p_error, ''), 500), finished_at = clock_timestamp()
        WHERE id = p_call AND coalesce(state, '') = 'held' RETURNING escrow_id, hold_nano INTO v_escrow, v_hold;
    IF NOT FOUND THEN
        RETURN billing_outcome(p_call);
    END IF;
    UPDATE billing_account SET held_nano = held_nano - v_hold WHERE id = v_escrow;
    RETURN 'void';
END $$;

-- Marks a call whose outcome nobody knows. Its hold stays out of reach until the job ends. 'in_doubt', or the state
-- that is already there.
CREATE OR REPLACE FUNCTION billing_doubt(p_call uuid, p_error text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM billing_lock_escrow_of(p_call);
    UPDATE billing_call SET state = 'in_doubt', error = left(coalesce(p_error, ''), 500), finished_at = clock_timestamp()
        WHERE id = p_call AND coalesce(state, '') = 'held';
    IF FOUND THEN
        RETURN 'in_doubt';
    END IF;
    RETURN billing_outcome(p_call);
END $$;

-- Keeps the provider's reference of a held call.
CREATE OR REPLACE FUNCTION billing_refer(p_call uuid, p_reference text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM billing_lock_escrow_of(p_call);
    UPDATE billing_call SET provider_ref = left(p_reference, 200) WHERE id = p_call AND coalesce(state, '') = 'held';
END $$;

-- Takes over the held calls that older lease tokens of a job left behind: those with a provider's reference are held
-- on under the new token, to be collected; the others become in doubt. Returns how many did.
CREATE OR REPLACE FUNCTION billing_doubt_stale(p_job uuid, p_token bigint) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    v_count int;
BEGIN
    PERFORM FROM billing_account WHERE kind = 'escrow' AND job_id = p_job ORDER BY id FOR NO KEY UPDATE;
    UPDATE billing_call SET lease_token = p_token
        WHERE state = 'held' AND job_id = p_job AND lease_token < p_token AND provider_ref <> ''
            AND escrow_id IN (SELECT id FROM billing_account WHERE kind = 'escrow' AND job_id = p_job);
    UPDATE billing_call SET
        state = 'in_doubt', error = 'The worker stopped before the reply was recorded.', finished_at = clock_timestamp()
        WHERE state = 'held' AND job_id = p_job AND lease_token < p_token
            AND escrow_id IN (SELECT id FROM billing_account WHERE kind = 'escrow' AND job_id = p_job);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
