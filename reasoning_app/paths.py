"""Where Ponder keeps its files: one data directory, and a short one for its unix sockets."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

# A unix socket's path may have 107 bytes; the longest name put into the run directory is
# ".s.PGSQL.5432.lock" (18 bytes).
_MAX_RUN_DIR_BYTES = 107 - 20
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


def data_dir() -> Path:
    """Return the data directory: $DATA_DIR, or `var/` in the checkout. It may not exist yet."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").expanduser().resolve()


def run_dir(data: Path) -> Path:
    """Return the directory of the unix sockets of `data`: inside it, or in /tmp where its path is too long or odd.

    Odd is a path with characters that mean something in an address, such as spaces, “%” or “,”.
    """
    inside = data / "run"
    if len(os.fsencode(inside)) <= _MAX_RUN_DIR_BYTES and _PLAIN_PATH.fullmatch(str(inside)):
        return inside
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"ponder-{os.getuid()}-{digest}"


def default_database_url(data: Path) -> str:
    """Return the address of the embedded PostgreSQL of `data`, over its unix socket."""
    return f"postgresql://ponder@/ponder?host={run_dir(data)}"


def default_redis_url(data: Path) -> str:
    """Return the address of the embedded Redis of `data`, over its unix socket."""
    return f"redis+socket://{run_dir(data)}/redis.sock"
