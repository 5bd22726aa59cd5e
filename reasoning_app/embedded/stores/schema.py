"""Whether the database's tables are up to date, told without loading Django.

After a migration the fingerprint of all migrations is written into the database, as the comment of Django's own
table of migrations, so it travels with backups. A start with the same fingerprint skips the two seconds of `migrate`.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

from reasoning_app.paths import BASE_DIR

_PREFIX = "ponder migrations "


def fingerprint(base_dir: Path = BASE_DIR) -> str:
    """Return a digest of our migrations and of the locked versions of the packages that bring others."""
    digest = hashlib.sha256()
    for path in [base_dir / "uv.lock", *sorted(base_dir.glob("*/migrations/*.py"))]:
        digest.update(str(path.relative_to(base_dir)).encode() + b"\0")
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def is_current(sql: Callable[[str], str]) -> bool:
    """Whether the database says that these very migrations were applied."""
    return sql("SELECT obj_description(to_regclass('public.django_migrations'))") == _PREFIX + fingerprint()


def mark_current(sql: Callable[[str], str]) -> None:
    """Note in the database that these migrations were applied."""
    sql(f"COMMENT ON TABLE django_migrations IS '{_PREFIX}{fingerprint()}'")
