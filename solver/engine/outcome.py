"""How a run is limited, and how it ends."""

from dataclasses import dataclass

from solver.core.steps import Candidate, StopReason


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard a job may drive its providers, and how long it waits for what is under way (seconds).

    An execution that `leaves_batches` ends while all that is under way waits in some: another one collects them.
    """

    slots: int = 16
    patience_s: float = 30.0
    grace_s: float = 30.0
    drain_s: float = 30.0
    leaves_batches: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended; `limit_nano` is the budget under which that was decided (0: it does not matter)."""

    stop_reason: StopReason
    best: Candidate | None
    error: str = ""
    limit_nano: int = 0
