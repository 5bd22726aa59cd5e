"""SQL of the jobs room that is not worth saying through the ORM."""

from pathlib import Path

from jobs.states import TRANSITIONS


def read(name: str) -> str:
    """Return the text of one SQL file of this folder."""
    return (Path(__file__).parent / name).read_text()


def transition_trigger() -> str:
    """Return the trigger that refuses a change of state which the table of transitions does not know."""
    legal = ", ".join(f"('{old}', '{new}')" for old, news in TRANSITIONS.items() for new in sorted(news))
    return f"""
CREATE OR REPLACE FUNCTION jobs_check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({legal}) THEN
    RAISE EXCEPTION 'A job cannot go from % to %.', OLD.state, NEW.state USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS jobs_job_transition ON jobs_job;
CREATE TRIGGER jobs_job_transition BEFORE UPDATE OF state ON jobs_job
  FOR EACH ROW EXECUTE FUNCTION jobs_check_transition();
"""
