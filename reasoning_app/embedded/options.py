"""What `manage.py up` can be told on its command line."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reasoning_app import paths


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where to listen and where to keep the data."""

    host: str
    port: int
    data_dir: Path
    sample: bool
    workers: int

    @property
    def bind(self) -> str:
        """The address as gunicorn writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def local_host(self) -> str:
        """The host to reach the web server by from this machine."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # looked up, not bound

    @property
    def base_url(self) -> str:
        """The address for people: PONDER_BASE_URL, or the loopback address."""
        host = f"[{self.local_host}]" if ":" in self.local_host else self.local_host
        return os.environ.get("PONDER_BASE_URL", "").rstrip("/") or f"http://{host}:{self.port}"


def parse(arguments: Sequence[str]) -> Options:
    """Return the options, or end the program with a message (status 2)."""
    parser = argparse.ArgumentParser(
        prog="manage.py up",
        description="Start PostgreSQL, Redis, the demo model, the web server, a worker and the clock; "
        "Ctrl-C stops them all.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8000, help="port to listen on (default: %(default)s)")
    parser.add_argument("--data-dir", type=Path, help="directory of all data (default: $DATA_DIR, or var/)")
    parser.add_argument(
        "--no-sample", action="store_true", help="do not submit a sample job on the first start"
    )
    parser.add_argument("--web-workers", type=int, default=1, help="web processes (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    data_dir = chosen.data_dir.expanduser().resolve() if chosen.data_dir else paths.data_dir()
    return Options(
        host=chosen.host,
        port=chosen.port,
        data_dir=data_dir,
        sample=not chosen.no_sample,
        workers=chosen.web_workers,
    )


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"“{text}” is not a port. Use a whole number from 1 to 65535.")
