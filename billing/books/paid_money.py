"""Which part of a wallet its people paid for and have not spent: what may be given back to a card. In nano-USD.

Money from the operator is spent first, as trial credit is; what a job returns goes back to whichever paid for it.
"""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from accounts.models import Workspace
from billing.models import AccountKind, Entry, TransferKind

type Movement = tuple[str, UUID | None, int]
"""Kind of the transfer, its job if any, and the signed amount on the wallet."""

_PAID_IN = frozenset({TransferKind.TOP_UP, TransferKind.REFUND})


def paid_left_nano(workspace: Workspace) -> int:
    """Return how much of the wallet was paid for by its people, by all movements so far."""
    entries = Entry.objects.filter(account__workspace=workspace, account__kind=AccountKind.WALLET)
    rows = entries.order_by("pk").values_list("transfer__kind", "transfer__job_id", "amount_nano")
    return sum_paid(rows.iterator())


def sum_paid(movements: Iterable[Movement]) -> int:
    """Return the paid part of what is left after these movements of one wallet, oldest first."""
    paid = given = 0
    taken: defaultdict[UUID, int] = defaultdict(int)
    for kind, job, nano in movements:
        if nano >= 0:
            if kind == TransferKind.RELEASE and job is not None:
                to_paid = min(nano, taken.pop(job, 0))
            else:
                to_paid = nano if kind in _PAID_IN else 0
            paid, given = paid + to_paid, given + nano - to_paid
            continue
        from_given = max(-nano - paid, 0) if kind == TransferKind.REFUND else min(-nano, given)
        from_paid = -nano - from_given
        paid, given = paid - from_paid, given - from_given
        if kind == TransferKind.ESCROW and job is not None:
            taken[job] += from_paid
    return paid
