"""What the tables hold when no test has run, and their way back to it after a test that committed.

Django's own way empties every table and fills the first rows in again, model by model: a quarter of a second a test.
Here one function in the database empties the tables that hold anything, and fills those that held something at first
from copies. It is made once, with the database itself (tests/processes/prepared.py).
"""

from django.db import connection
from django.test import TransactionTestCase

_LARGE_BYTES = 8 << 20  # from here on, emptying all tables is quicker than deleting the rows
_KEPT = {"django_migrations"}

# The books' triggers forbid what it does, unless the session plays a replica.
_RESTORE = """
CREATE FUNCTION first_rows.restore() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
BEGIN
  LOCK TABLE {every} IN ACCESS EXCLUSIVE MODE;
  IF greatest({sizes}) > {large} THEN TRUNCATE {every}; END IF;
  {steps}
END $$
"""
_EMPTY = "IF EXISTS (SELECT FROM {table}) THEN DELETE FROM {table}; END IF;"
_REFILL = """
  IF EXISTS (
    (SELECT {columns} FROM {table} EXCEPT ALL SELECT {columns} FROM {copy}) UNION ALL
    (SELECT {columns} FROM {copy} EXCEPT ALL SELECT {columns} FROM {table})
  ) THEN
    DELETE FROM {table};
    INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {copy};
  END IF;
"""


def remember() -> None:
    """Copy the first rows of each table, and make the function that brings them back."""
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - _KEPT
    tables = [f'public."{name}"' for name in sorted(names)]
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA first_rows")
        steps = []
        for table in tables:
            copy = table.replace("public", "first_rows")
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
            if not cursor.fetchone()[0]:
                steps.append(_EMPTY.format(table=table))
                continue
            # Nobody may name the columns that the database computes.
            cursor.execute(
                "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
                "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
                [table],
            )
            [columns] = cursor.fetchone()
            cursor.execute(f"CREATE TABLE {copy} AS SELECT {columns} FROM {table}")
            steps.append(_REFILL.format(table=table, copy=copy, columns=columns))
        sizes = ", ".join(f"pg_relation_size('{table}')" for table in tables)
        cursor.execute(
            _RESTORE.format(every=", ".join(tables), sizes=sizes, large=_LARGE_BYTES, steps="\n".join(steps))
        )


def restore() -> None:
    """Bring every table back to its first rows. Waits for what others have not committed yet, as TRUNCATE does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT first_rows.restore()")


def restore_after_tests() -> None:
    """Let a test that commits end with `restore`."""
    TransactionTestCase._fixture_teardown = lambda self: restore()  # type: ignore[attr-defined]
