-- The database's own copy of jobs.core.states.TRANSITIONS, and the trigger that refuses everything else.
CREATE TABLE IF NOT EXISTS jobs_transition (old text, new text, PRIMARY KEY (old, new));

CREATE OR REPLACE FUNCTION jobs_check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ended constant text[] := ARRAY['done', 'unanswered', 'failed', 'cancelled', 'exhausted'];
BEGIN
  IF NEW.state <> OLD.state AND NOT EXISTS (
    SELECT FROM jobs_transition t WHERE t.old = OLD.state AND t.new = NEW.state
  ) THEN
    RAISE EXCEPTION 'A job cannot go from % to %.', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  -- A receipt is final: whatever continues after it is a new version, with its own escrow, receipt and message.
  IF NEW.version <> OLD.version + (OLD.state = ANY(ended) AND NEW.state <> OLD.state)::int THEN
    RAISE EXCEPTION 'A job''s version grows by one when an ended job is continued, and never else (% to %, % to %).',
      OLD.state, NEW.state, OLD.version, NEW.version USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

DROP TRIGGER IF EXISTS jobs_job_transition ON jobs_job;
CREATE TRIGGER jobs_job_transition BEFORE UPDATE OF state, version ON jobs_job
  FOR EACH ROW EXECUTE FUNCTION jobs_check_transition();
