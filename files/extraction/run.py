"""Has a file read by a process of its own, which is killed where it overruns."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from files.extraction.child import RESULT
from files.extraction.content import Extract, ExtractionError

WALL_S = 60.0
"""Twice the limit of CPU: a busy machine is slow. Whoever attached the file waits for it."""
_PATIENCE_S = 20.0
"""How long a file waits for its turn: each that waits takes a thread of the web server."""
_MOST_RESULT_BYTES = 32 << 20
_ROOT = str(Path(__file__).resolve().parent.parent.parent)
_BOOT = "import sys; sys.path.insert(0, sys.argv.pop()); from files.extraction.child import main; main()"
_at_once = threading.BoundedSemaphore(2)
_DIED = (
    "The file takes too long to read, or is damaged in a way that stopped its reader. Save it again, or attach a "
    "smaller one."
)


def extract(path: Path, name: str, directory: Path) -> Extract:
    """Return what a file says, its pictures written into the directory. Raises ExtractionError.

    At most two files are read at once in this process; others wait.
    """
    command = [sys.executable, "-P", "-c", _BOOT, str(path), name[:200], str(directory), _ROOT]
    environment = {"PATH": os.defpath, "PYTHONUTF8": "1", "TMPDIR": str(directory)}
    if not _at_once.acquire(timeout=_PATIENCE_S):
        raise ExtractionError("Many files are being read at the moment. Attach it again in a minute.")
    try:
        subprocess.run(  # noqa: S603  (this interpreter; the name is an argument)
            command, env=environment, cwd=directory, timeout=WALL_S, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ExtractionError(_DIED) from error
    finally:
        _at_once.release()
    result = directory / RESULT
    if not result.is_file() or result.stat().st_size > _MOST_RESULT_BYTES:
        raise ExtractionError(_DIED)
    try:
        answer = json.loads(result.read_bytes())
        if "error" in answer:
            raise ExtractionError(str(answer["error"]))
        return Extract.from_json(answer["extract"])
    except (KeyError, TypeError, ValueError) as error:
        raise ExtractionError(_DIED) from error
