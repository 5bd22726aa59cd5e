"""Brings the sums of finished calls up to date: `billing/models/sql/call_sums.sql` does it, a Beat entry calls it."""

from datetime import datetime

from django.db import connection

_REST_S = 300
"""So much younger calls are left to the next time."""


def sum_calls(until: datetime | None = None) -> int:
    """Sum the calls that finished before `until` (five minutes ago), and return how many sums were added.

    Times are those of the database, by whose clock calls finish; this machine's may be another.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT billing_sum_calls(coalesce(%s, now() - make_interval(secs => %s)))", [until, _REST_S]
        )
        return int(cursor.fetchone()[0])
