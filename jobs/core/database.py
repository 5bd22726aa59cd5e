"""How the database of the settings is reached without Django."""

import psycopg
from django.db import connection


def connection_string(*, with_password: bool = True) -> str:
    """Return what libpq needs to connect to the database; without its password for a command line."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    fields = {
        name: value
        for name, value in connection.get_connection_params().items()
        if name in known and value not in {None, ""} and (with_password or name != "password")
    }
    return psycopg.conninfo.make_conninfo(**fields)
