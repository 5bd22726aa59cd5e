"""PostgreSQL's client programs (pg_dump, pg_restore): those on the PATH, else those of the embedded PostgreSQL."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from reasoning_app.embedded.stores.postgres import bundled_bin_dir, clean_env

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class ProgramMissingError(Exception):
    """No program suits the server; the message says what to install."""


def client_program(name: str, *, server_major: int) -> Path:
    """Return the program `name` of the server's version, else a newer one. Raises ProgramMissingError.

    An older one is passed over, though it comes first on the PATH: pg_dump refuses a server newer than itself.
    """
    found = {path: _major(path) for path in _candidates(name)}
    suiting = sorted(
        (path for path, major in found.items() if major >= server_major),
        key=lambda path: found[path] != server_major,
    )
    if suiting:
        return suiting[0]
    seen = ", ".join(f"{path} is of version {major}" for path, major in found.items())
    raise ProgramMissingError(
        f"{name} of PostgreSQL {server_major} or newer is needed{f' ({seen})' if seen else ', and none was found'}. "
        f"Install PostgreSQL's client programs (on Debian and Ubuntu: postgresql-client-{server_major}, from "
        "https://apt.postgresql.org) and ensure that they are on the PATH."
    )


def _candidates(name: str) -> list[Path]:
    bundled = bundled_bin_dir()
    found = [shutil.which(name), shutil.which(name, path=str(bundled)) if bundled else None]
    return [Path(path) for path in found if path]


def _major(path: Path) -> int:
    """Return the program's major version; 0 where it does not say."""
    try:
        said = subprocess.run(  # noqa: S603  (PostgreSQL's own program)
            [str(path), "--version"], env=clean_env(os.environ), capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    match = _VERSION.search(said)
    return int(match[1]) if match else 0
