"""What can go wrong in the engine.

SolverError
├── StopSolving               an expected end: the answer so far is kept
│   └── BudgetReached         the next call does not fit into what is left
├── Interrupted               this execution of the job ends; another continues it
├── LeaseLost                 someone else owns the job now: write nothing, say nothing
├── ProviderDown              no model of the panel can be called; the job may continue later
├── ModelBarred               a model must not be called for now: nothing was held or sent
└── ProviderError             one call came to nothing
    ├── NotExecuted           the provider provably did not execute it: nothing is owed
    └── InDoubt               it may have been executed: its hold stays out of reach
"""


class SolverError(Exception):
    """Base of the engine's own errors."""


class StopSolving(SolverError):
    """An expected end; the answer so far is kept."""


class BudgetReached(StopSolving):
    """The next call does not fit into what is left of the budget."""


class Interrupted(SolverError):
    """An execution of the job ends (pause, deploy); another one continues it from the journal."""


class LeaseLost(SolverError):
    """The job belongs to someone else now; whoever sees this writes nothing more."""


class ProviderDown(SolverError):
    """No model of the panel can be called; the message says which and what to do."""


class ModelSuspended(SolverError):
    """The books refuse calls to one model for now (a suspension); nothing was held and nothing was sent."""


class ProviderError(SolverError):
    """One call came to nothing."""

    def __init__(self, message: str, *, retryable: bool = True, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class NotExecuted(ProviderError):
    """The provider provably did not execute the call (connection refused, 4xx, 429): its hold is given back."""


class InDoubt(ProviderError):
    """The call may have been executed (timeout, cut connection, 5xx): its hold stays out of the job's reach."""
