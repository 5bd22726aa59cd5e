"""A job's money as the page shows it: the escrow while it runs, the receipt once it has ended."""

from typing import NamedTuple

from jobs.models import Job

AMBER_PERMILLE = 800


class Spend(NamedTuple):
    """Amounts in nano-USD, and the spent share of the budget in thousandths."""

    budget_nano: int
    spent_nano: int
    held_nano: int
    permille: int
    is_funded: bool = True

    @property
    def returned_nano(self) -> int:
        """What was reserved and not spent; nothing for a job that never had money."""
        return self.budget_nano - self.spent_nano if self.is_funded else 0

    @property
    def left_nano(self) -> int:
        """What is neither spent nor held for running calls."""
        return self.budget_nano - self.spent_nano - self.held_nano

    @property
    def is_near(self) -> bool:
        """Whether four fifths of the budget is spent."""
        return self.permille >= AMBER_PERMILLE

    @property
    def percent(self) -> int:
        """The spent share in whole percent."""
        return self.permille // 10


def spend_of(job: Job) -> Spend:
    """Return what a job has spent; `job.escrow` should have been fetched with it."""
    spent, held = job.charged_nano, 0
    if not job.has_ended and job.escrow is not None:
        spent, held = job.budget_nano - job.escrow.balance_nano, job.escrow.held_nano
    # A draft may have no budget yet.
    share = spent * 1000 // job.budget_nano if job.budget_nano else 0
    return Spend(job.budget_nano, spent, held, min(1000, max(0, share)), is_funded=job.escrow_id is not None)
