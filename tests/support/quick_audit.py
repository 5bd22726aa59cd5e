"""The audit after every test, as one function in the database of this run, which keeps its plans.

`manage.py audit` plans its thirty statements anew, which takes longer than most tests do.
"""

from collections.abc import Iterable

from django.db import connection

from billing.books.audit import INVARIANTS as BOOKS
from jobs.upkeep.audit import INVARIANTS as JOBS

# STABLE: all on one snapshot. Planned while the tables are empty, a nested loop would be slow once they are not.
_FUNCTION = """
CREATE FUNCTION first_rows.breaks_a_promise() RETURNS boolean LANGUAGE plpgsql STABLE SET enable_nestloop = off AS $$
BEGIN
  IF EXISTS (SELECT FROM jobs_job) THEN
    {of_jobs}
  ELSIF NOT EXISTS (SELECT FROM billing_transfer) THEN
    RETURN false;
  END IF;
  {of_books}
  RETURN false;
END $$
"""


def prepare() -> None:
    """Make the function. Once for a database."""
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTION.format(of_jobs=_checks(JOBS.values()), of_books=_checks(BOOKS.values())))


def breaks_a_promise() -> bool:
    """Whether `manage.py audit` would find something: in the books, and where there are jobs, in those."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT first_rows.breaks_a_promise()")
        [(is_broken,)] = cursor.fetchall()
    return bool(is_broken)


def _checks(queries: Iterable[str]) -> str:
    return "\n".join(f"IF EXISTS ({query}) THEN RETURN true; END IF;" for query in queries)
