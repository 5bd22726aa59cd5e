"""Where a text is: in any column of any table of the database, or in a stored mail."""

from pathlib import Path

from django.conf import settings
from django.db import connection


def places_of(phrase: str) -> set[str]:
    """Return the tables and mail files that hold the phrase anywhere."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{phrase}%"])
            if cursor.fetchone()[0]:
                found.add(table)
    directory = Path(settings.MAIL_DIR)
    stored = directory.glob("*.eml") if directory.is_dir() else []
    return found | {
        path.name for path in stored if phrase.encode() in path.read_bytes().replace(b"=\r\n", b"")
    }
