"""Packages that only a measurement needs: fetched from the package index at its first run, into var/."""

import subprocess
import sys
import zlib
from pathlib import Path

from bench import VAR

PACKAGES = VAR / "bench-packages"


def fetch(name: str, *requirements: str, dependencies: bool = True) -> Path:
    """Put what `requirements` name on the path of imports, fetched if it is not there yet; return its folder.

    Raises CalledProcessError where the package index does not have it.
    """
    place = PACKAGES / f"{name}-{zlib.crc32(' '.join(requirements).encode()):08x}"
    if not (place / "complete").exists():
        # The environment is made by uv and has no pip of its own.
        pip = [sys._base_executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]  # type: ignore[attr-defined]  # noqa: SLF001
        only = [] if dependencies else ["--no-deps"]
        subprocess.run([*pip, "--upgrade", "--target", str(place), *only, *requirements], check=True)  # noqa: S603  (our own command)
        (place / "complete").touch()
    # Behind everything else: what the environment has must not be replaced.
    sys.path.append(str(place))
    return place
