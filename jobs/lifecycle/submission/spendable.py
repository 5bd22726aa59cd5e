"""What somebody can spend of a workspace's money now: what is there, and no more than every limit leaves of it."""

from typing import NamedTuple

from django.conf import settings

from accounts.models import User, Workspace
from billing.books.wallet import Balances, balances
from billing.errors import NotEnoughMoney
from billing.prices.shipped_list import is_bundled
from jobs.lifecycle.limits.spending import SpendingLimitReached
from jobs.lifecycle.limits.uses import Use, limits_in_force, uses_of
from jobs.lifecycle.submission.panel import model_names
from jobs.models import Job


class Spendable(NamedTuple):
    """`nano` can be spent now, in nano-USD; `limit` is the one that leaves no more than that; None: no limit does."""

    nano: int
    balances: Balances
    trial_pays: bool
    limit: Use | None = None


def spendable(*, user: User, workspace: Workspace, trial_pays: bool | None = None) -> Spendable:
    """Return what a user can spend of a workspace's money; trial credit counts where it pays for some model here.

    `trial_pays` says so of one job. While the workspace owes money for a payment that was taken back, it is nothing.
    """
    has = balances(workspace)
    if trial_pays is None:
        trial_pays = has.trial_nano > 0 and _trial_pays_for_some_model()
    there_nano = has.wallet_nano + (has.trial_nano if trial_pays else 0)
    if has.debt_nano > 0:
        return Spendable(0, has, trial_pays)
    use = _tightest(user, workspace)
    if use is None or use.left_nano >= there_nano:
        return Spendable(there_nano, has, trial_pays)
    return Spendable(use.left_nano, has, trial_pays, use)


def refuse_beyond_limits(job: Job, error: NotEnoughMoney) -> None:
    """Raise SpendingLimitReached where a limit leaves less than the wallet has: adding money alone would not help."""
    use = _tightest(job.created_by, job.workspace)
    if use is not None and use.left_nano < error.usable_nano:
        needed_nano = error.needed_nano
        beyond = use._replace(held_nano=use.held_nano + needed_nano)
        raise SpendingLimitReached(beyond, added_nano=needed_nano, by=job.created_by) from error


def _tightest(user: User, workspace: Workspace) -> Use | None:
    uses = uses_of(limits_in_force(user=user, workspace=workspace))
    return min(uses, key=lambda use: use.left_nano, default=None)


def _trial_pays_for_some_model() -> bool:
    return settings.PONDER_TRIAL_MODELS == "all" or any(is_bundled(name) for name in model_names())
