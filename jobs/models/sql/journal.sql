-- The journal's statements. Each begins with the job's row locked under the caller's lease: no row means that the
-- lease is someone else's, and nothing is written. All are idempotent, so a batch may be sent twice.
--
-- coalesce(state, '') = 'told' rather than state = 'told': the plain form lets the planner read the partial index of
-- all told steps in place of the primary key, which made each settlement as slow as the journal was long.

CREATE SEQUENCE IF NOT EXISTS jobs_telling_seq;

CREATE OR REPLACE FUNCTION jobs_leased(p_job uuid, p_token bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM jobs_job WHERE id = p_job AND token = p_token AND lease_until > now() FOR NO KEY UPDATE;
  RETURN FOUND;
END $$;

-- Hold money for a call and open its step: 'held', 'fenced', or why nothing was written: 'refused' (no money),
-- 'suspended' (the model is suspended), 'stopped' (spending is).
CREATE OR REPLACE FUNCTION jobs_open(p_job uuid, p_token bigint, p jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  outcome text;
BEGIN
  IF NOT jobs_leased(p_job, p_token) THEN RETURN 'fenced'; END IF;
  outcome := billing_hold(
    (p->>'id')::uuid, (p->>'escrow')::bigint, (p->>'workspace')::bigint, p_job, p_token, coalesce(p->>'call_kind', 'model'), p->>'key',
    (p->>'attempt')::int, p->>'model', (p->>'price')::bigint, (p->>'hold_nano')::bigint,
    (p->>'prompt_bytes')::bigint, (p->>'max_output_tokens')::bigint, coalesce(p->>'service', ''));
  IF outcome <> 'held' THEN RETURN outcome; END IF;
  IF p ? 'messages' THEN
    INSERT INTO jobs_prompt (job_id, sha256, messages) VALUES (p_job, p->>'prompt_sha256', p->'messages')
    ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO jobs_steprecord (
    id, job_id, key, attempt, kind, purpose, parents, model, prompt_sha256, state, status, text, reasoning, answer,
    answer_key, finish_reason, error, charged_nano, tokens, created_at, subproblem)
  VALUES (
    (p->>'id')::uuid, p_job, p->>'key', (p->>'attempt')::int, p->>'kind', p->>'purpose',
    ARRAY(SELECT jsonb_array_elements_text(p->'parents')), p->>'model', p->>'prompt_sha256', 'open', '', '', '', '',
    '', '', '', 0, 0, clock_timestamp(), coalesce((p->>'subproblem')::boolean, false))
  ON CONFLICT (id) DO NOTHING;
  RETURN 'held';
END $$;

-- Keep the provider's reference of an open call, by which any later execution collects it: 'kept' or 'fenced'.
CREATE OR REPLACE FUNCTION jobs_refer(p_job uuid, p_token bigint, p_call uuid, p_reference text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT jobs_leased(p_job, p_token) THEN RETURN 'fenced'; END IF;
  PERFORM billing_refer(p_call, p_reference);
  RETURN 'kept';
END $$;

-- Store a result and settle its cost: the place in the order of telling, or NULL when fenced.
CREATE OR REPLACE FUNCTION jobs_settle(p_job uuid, p_token bigint, p jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  place bigint;
BEGIN
  IF NOT jobs_leased(p_job, p_token) THEN RETURN NULL; END IF;
  SELECT seq INTO place FROM jobs_steprecord WHERE id = (p->>'id')::uuid AND coalesce(state, '') = 'told';
  IF FOUND THEN RETURN place; END IF;
  PERFORM billing_settle(
    (p->>'id')::uuid, (p->>'cost_nano')::bigint, (p->>'billed_nano')::bigint, (p->>'input')::bigint,
    (p->>'cache_read')::bigint, (p->>'cache_write')::bigint, (p->>'output')::bigint, (p->>'reasoning_tokens')::bigint,
    p->'usage', (p->>'usage_missing')::boolean, p->>'provider_ref', (p->>'charged_nano')::bigint,
    (p->>'cache_write_1h')::bigint, p->>'service_tier', p->>'served_model', (p->>'audio')::bigint, (p->>'image')::bigint);
  place := nextval('jobs_telling_seq');
  UPDATE jobs_steprecord SET
    state = 'told', seq = place, kind = coalesce(p->>'kind', kind), status = p->>'status',
    note = nullif(p->'note', 'null'::jsonb), text = p->>'text', reasoning = p->>'reasoning',
    answer = coalesce(p->>'answer', ''), answer_key = coalesce(p->>'answer_key', ''),
    verdict = nullif(p->'verdict', 'null'::jsonb), finish_reason = p->>'finish_reason',
    charged_nano = (p->>'charged_nano')::bigint, tokens = (p->>'tokens')::bigint, told_at = clock_timestamp()
  WHERE id = (p->>'id')::uuid;
  UPDATE jobs_job SET idle_claims = 0, waits = 0 WHERE id = p_job AND (idle_claims > 0 OR waits > 0);
  RETURN place;
END $$;

-- Close a call that came to nothing: 'void' (provably not executed) or 'in_doubt'; 'fenced' without the lease. The step
-- keeps p_error, which users read; the call keeps p_detail, the provider's own words, which only staff may see.
CREATE OR REPLACE FUNCTION jobs_drop(
  p_job uuid, p_token bigint, p_call uuid, p_state text, p_error text, p_detail text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_words text := coalesce(nullif(p_detail, ''), p_error);
BEGIN
  IF NOT jobs_leased(p_job, p_token) THEN RETURN 'fenced'; END IF;
  IF p_state = 'void' THEN
    PERFORM billing_void(p_call, v_words);
  ELSE
    PERFORM billing_doubt(p_call, v_words);
  END IF;
  UPDATE jobs_steprecord SET state = p_state, error = p_error, told_at = clock_timestamp()
  WHERE id = p_call AND state = 'open';
  RETURN p_state;
END $$;

-- Record a result that cost nothing (a note, a final failure, what programs did, with the seconds that it took): its
-- place in the order, or NULL when fenced.
CREATE OR REPLACE FUNCTION jobs_tell(p_job uuid, p_token bigint, p jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  place bigint;
BEGIN
  IF NOT jobs_leased(p_job, p_token) THEN RETURN NULL; END IF;
  SELECT seq INTO place FROM jobs_steprecord WHERE job_id = p_job AND key = p->>'key' AND state = 'told';
  IF FOUND THEN RETURN place; END IF;
  place := nextval('jobs_telling_seq');
  INSERT INTO jobs_steprecord (
    id, job_id, key, attempt, seq, kind, purpose, parents, model, prompt_sha256, state, status, text, reasoning, answer,
    answer_key, verdict, note, finish_reason, error, charged_nano, tokens, created_at, told_at)
  VALUES (
    gen_random_uuid(), p_job, p->>'key', (p->>'attempt')::int, place, p->>'kind', p->>'purpose',
    ARRAY(SELECT jsonb_array_elements_text(p->'parents')), p->>'model', '', 'told', p->>'status',
    coalesce(p->>'text', ''), '', coalesce(p->>'answer', ''), coalesce(p->>'answer_key', ''),
    nullif(p->'verdict', 'null'::jsonb), nullif(p->'note', 'null'::jsonb), '', p->>'error', 0, 0,
    clock_timestamp() - make_interval(secs => coalesce((p->>'seconds')::float8, 0)), clock_timestamp());
  RETURN place;
END $$;

-- Show how far a job is: best answer so far and phase. False when fenced.
CREATE OR REPLACE FUNCTION jobs_show(p_job uuid, p_token bigint, p_best jsonb, p_phase text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE jobs_job SET best = p_best, phase = p_phase
  WHERE id = p_job AND token = p_token AND lease_until > now();
  RETURN FOUND;
END $$;
