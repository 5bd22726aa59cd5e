"""End this process when the process that started it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PARENT: Final = "PONDER_PARENT_PID"
PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Ask Linux for SIGTERM at the parent's death, if the parent announced itself.

    The signal comes when the *thread* that started this process ends, so start it from one
    that lives as long as the server is wanted.
    """
    announced = os.environ.get(PARENT, "")
    if not announced.isdigit() or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # Otherwise a parent that died before the call above would never be noticed.
    if os.getppid() != int(announced):
        sys.exit(0)
