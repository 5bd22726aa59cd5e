"""What the tables hold when no test has run, and their way back to it after a test that committed.

Django's own way empties every table and fills the first rows in again, model by model: a quarter of a second a test.
Here only the tables that hold anything are emptied, and their first rows come from a copy.
"""

from typing import Any

from django.db import connection, transaction

_COPIES = "first_rows"
_LARGE_BYTES = 8 << 20  # from here on, emptying a table is quicker than deleting its rows
_FOREVER = {"django_migrations"}


def remember() -> None:
    """Copy the first rows of each table, and let a test that commits end with `restore`."""
    from django.test import TransactionTestCase

    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {_COPIES}")
        for table in _filled(cursor, _tables()):
            cursor.execute(f'CREATE TABLE {_COPIES}."{table}" AS SELECT * FROM "{table}"')
    TransactionTestCase._fixture_teardown = lambda self: restore()  # type: ignore[attr-defined]


def restore() -> None:
    """Bring every table back to its first rows. Waits for what others have not committed yet, as TRUNCATE does."""
    tables = _tables()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(_quoted(tables))} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            "SET LOCAL session_replication_role = replica"
        )  # the books' triggers forbid what follows
        filled = _filled(cursor, tables)
        sizes = ", ".join(f"('{table}')" for table in filled)
        cursor.execute(
            f"SELECT coalesce(max(pg_relation_size(quote_ident(t))), 0) FROM (VALUES {sizes}) AS named (t)"
        )
        if cursor.fetchone()[0] > _LARGE_BYTES:
            cursor.execute(f"TRUNCATE {', '.join(_quoted(tables))}")
        else:
            for table in filled:
                cursor.execute(f'DELETE FROM "{table}"')
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [_COPIES])
        for [table] in cursor.fetchall():
            # Nobody may name the columns that the database computes.
            cursor.execute(
                "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
                "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
                [f'public."{table}"'],
            )
            [columns] = cursor.fetchone()
            cursor.execute(
                f'INSERT INTO "{table}" ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {_COPIES}."{table}"'
            )


def _tables() -> list[str]:
    return sorted(
        {*connection.introspection.django_table_names(only_existing=True, include_views=False)} - _FOREVER
    )


def _quoted(tables: list[str]) -> list[str]:
    return [f'"{table}"' for table in tables]


def _filled(cursor: Any, tables: list[str]) -> list[str]:
    """Return the tables that hold at least one row."""
    looks = ", ".join(f'EXISTS (SELECT FROM "{table}")' for table in tables)
    cursor.execute(f"SELECT {looks}")
    return [table for table, holds in zip(tables, cursor.fetchone(), strict=True) if holds]
