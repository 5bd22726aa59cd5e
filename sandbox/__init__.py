"""A sandbox for code that nobody wrote with care; others import from here. Knows nothing of the rest of the project."""

from sandbox.request import (
    CallRequest,
    CallResult,
    CodeRequest,
    CodeResult,
    Ending,
    Limits,
    SandboxOff,
)
from sandbox.runner import Availability, CodeRunner

__all__ = [
    "Availability",
    "CallRequest",
    "CallResult",
    "CodeRequest",
    "CodeResult",
    "CodeRunner",
    "Ending",
    "Limits",
    "SandboxOff",
]
