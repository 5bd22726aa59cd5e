-- A batch of the journal's acts, each [name, job, token, data], carried out in order: their outcomes in the same order.
-- One statement for all of them: what a statement costs to send and to read is then paid once a batch.
CREATE OR REPLACE FUNCTION jobs_write(p_acts jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  act jsonb;
  job uuid;
  token bigint;
  p jsonb;
  outcomes jsonb[] := '{}';
BEGIN
  FOR act IN SELECT value FROM jsonb_array_elements(p_acts) LOOP
    job := (act->>1)::uuid;
    token := (act->>2)::bigint;
    p := act->3;
    outcomes := array_append(outcomes, CASE act->>0
      WHEN 'open' THEN to_jsonb(jobs_open(job, token, p))
      WHEN 'settle' THEN to_jsonb(jobs_settle(job, token, p))
      WHEN 'tell' THEN to_jsonb(jobs_tell(job, token, p))
      WHEN 'drop' THEN to_jsonb(
        jobs_drop(job, token, (p->>'call')::uuid, p->>'state', p->>'error', p->>'detail'))
      WHEN 'refer' THEN to_jsonb(jobs_refer(job, token, (p->>'call')::uuid, p->>'reference'))
      WHEN 'show' THEN to_jsonb(jobs_show(job, token, p->'best', p->>'phase'))
    END);
  END LOOP;
  RETURN to_jsonb(outcomes);
END $$;
