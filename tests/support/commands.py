"""Management commands one after another in one process: `python -m tests.support.commands`, for those that refuse.

Reads a JSON list of command lines and writes one of `{"returncode": …, "stdout": …, "stderr": …}`.
"""

import contextlib
import io
import json
import sys
from collections.abc import Sequence

import manage


def run(arguments: Sequence[str]) -> dict[str, int | str]:
    """Run one command; return what it said, and its exit status."""
    out, errors, status = io.StringIO(), io.StringIO(), 0
    sys.argv = ["manage.py", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            manage.main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return {"returncode": status, "stdout": out.getvalue(), "stderr": errors.getvalue()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps([run(line) for line in json.load(sys.stdin)]))
