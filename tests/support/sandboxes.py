"""The sandbox of this machine, for tests that need one; without it they are skipped, with the reason."""

from functools import cache

import pytest

from sandbox import CodeRequest, SandboxOff
from sandbox.bubblewrap import Bubblewrap, candidates


@cache
def impossible_because() -> str:
    """Return why no program can be run here, nothing where it can."""
    reasons = []
    for path in candidates():
        try:
            Bubblewrap(path).run(CodeRequest("pass"))
        except SandboxOff as error:
            reasons.append(f"{path}: {error}")
        else:
            return ""
    return " ".join(reasons) or "bubblewrap is not installed"


def bubblewrap() -> Bubblewrap:
    """Return the first bubblewrap of this machine, or skip the test."""
    if reason := impossible_because():
        pytest.skip(reason)
    return Bubblewrap(candidates()[0])
