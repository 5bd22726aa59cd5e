"""What can go wrong in the engine.

SolverError
├── StopSolving               an expected end: the answer so far is kept
│   └── BudgetReached         the next call does not fit into what is left
├── Interrupted               this execution of the job ends; another continues it
│   └── NeedsAnswer           once the person who asked has answered a question
├── LeaseLost                 someone else owns the job now: write nothing, say nothing
├── ProviderDown              no model of the panel can be called; the job may continue later
├── ModelSuspended            a model must not be called for now: nothing was held or sent
│   └── SpendingStopped       nor anything else that costs, or nothing of its provider's
└── ProviderError             one call came to nothing
    ├── NotExecuted           the provider provably did not execute it: nothing is owed
    └── InDoubt               it may have been executed: its hold stays out of reach
"""

from enum import StrEnum

from solver.core.problem.question import Question

NOT_SENT = "Stopped before it was sent."
"""What is noted of a call that its job no longer needed: its provider never heard of it."""


class SolverError(Exception):
    """Base of the engine's own errors."""


class StopSolving(SolverError):
    """An expected end; the answer so far is kept."""


class BudgetReached(StopSolving):
    """The next call does not fit into what is left of the budget."""


class Interruption(StrEnum):
    """Why an execution of a job ends before the job does."""

    PAUSE = "pause"
    DRAIN = "drain"
    SLICE = "slice"
    """Others wait for its place."""
    RAISED = "raised"
    """The budget grew while the end was being prepared."""
    QUESTION = "question"
    """The person who asked is to be asked first."""
    BATCH = "batch"
    """All that is under way waits in batches at providers, for hours."""


class Interrupted(SolverError):
    """An execution of the job ends (pause, deploy); another one continues it from the journal."""

    def __init__(self, reason: Interruption) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NeedsAnswer(Interrupted):
    """An execution of the job ends with a question; another one continues it once that is answered, or in vain."""

    def __init__(self, question: Question) -> None:
        super().__init__(Interruption.QUESTION)
        self.question = question


class LeaseLost(SolverError):
    """The job belongs to another worker now; the one that sees this writes nothing more."""


class ProviderDown(SolverError):
    """No model of the panel can be called; the message says which and what to do."""


class ModelSuspended(SolverError):
    """The books refuse calls to a model for now (it or spending is stopped); nothing was held and nothing was sent."""


class SpendingStopped(ModelSuspended):
    """All spending is stopped for now, or all with a provider: what was asked for waits until it is lifted."""


class ErrorCategory(StrEnum):
    """Why a call came to nothing, in words that follow the model's name. Users read these and nothing of a provider's."""

    UNREACHABLE = "cannot be reached. Is it running?"
    TIMED_OUT = "did not answer in time."
    BUSY = "refused the call: too many requests, or a quota that is used up."
    OVERLOADED = "is overloaded, and may not have answered."
    KEY_REFUSED = "refused the key of this installation. Tell its operator."
    NO_CREDIT = "has no credit left on this installation’s account with its provider. Tell its operator."
    FORBIDDEN = "is not open to the key or the account of this installation. Tell its operator."
    NOT_FOUND = "is no model that its provider knows. Tell the operator of this installation."
    MOVED = "has moved to another address. Tell the operator of this installation."
    REQUEST_REFUSED = "did not accept the call."
    PROVIDER_FAILED = "failed in the middle of the call."
    UNREADABLE = "sent a reply that cannot be read."
    UNCOLLECTABLE = "took the call, but its reply cannot be collected."

    @property
    def needs_operator(self) -> bool:
        """Whether every call to the model fails until the operator changes the key, the account or the model."""
        return self in _FOR_OPERATORS


_FOR_OPERATORS = frozenset(
    {
        ErrorCategory.KEY_REFUSED,
        ErrorCategory.NO_CREDIT,
        ErrorCategory.FORBIDDEN,
        ErrorCategory.NOT_FOUND,
        ErrorCategory.MOVED,
    }
)


class ProviderError(SolverError):
    """One call came to nothing. The message is for users; `detail` has the provider's own words, for staff alone."""

    def __init__(
        self,
        message: str,
        *,
        category: ErrorCategory = ErrorCategory.PROVIDER_FAILED,
        detail: str = "",
        retryable: bool = True,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.category = category
        self.detail = detail or message
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class NotExecuted(ProviderError):
    """The provider provably did not execute the call (connection refused, 4xx, 429): its hold is given back."""


class InDoubt(ProviderError):
    """The call may have been executed (timeout, cut connection, 5xx): its hold stays out of the job's reach."""
