"""A PostgreSQL cluster with a migrated database that no test has used: made once, copied by every run of the tests.

It lies in the directory for temporary files, under a name made of all that it is made from, so that a changed migration
or price list finds none; `tests/processes/prepare.py` makes it then.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from reasoning_app.embedded.stores.postgres import MAJOR, identity
from reasoning_app.embedded.stores.schema import fingerprint

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "ponder-prepared-"
# What has a say in a migration, or after one (billing/receivers.py fills the books), beside the migrations themselves.
_MADE_FROM = (
    "*/models/**/*.py", "*/models.py", "billing/receivers.py", "billing/books/ledger.py", "billing/prices/*",
    "reasoning_app/settings.py", "reasoning_app/embedded/stores/postgres.py", "tests/processes/prepare.py",
    "tests/support/tables.py",
)  # fmt: skip


def place() -> Path:
    """Return where the cluster of this checkout lies, made or not."""
    digest = hashlib.sha256(f"{sys.version} {identity()} {fingerprint()}".encode())
    for path in sorted({path for pattern in _MADE_FROM for path in ROOT.glob(pattern) if path.is_file()}):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return Path(tempfile.gettempdir()) / f"{PREFIX}{os.getuid()}-{digest.hexdigest()[:16]}"


def copy_into(data_dir: Path) -> None:
    """Give a data directory the cluster, so that its services start with a migrated database."""
    made = place()
    if not made.exists():
        subprocess.run([sys.executable, "-m", "tests.processes.prepare"], cwd=ROOT, check=True)
    os.utime(made)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # `cp` keeps the owner, which is not always who runs the tests (reasoning_app/embedded/spawn.py).
    subprocess.run(["cp", "-a", str(made / f"postgres-{MAJOR}"), str(data_dir)], check=True)
