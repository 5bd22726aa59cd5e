"""One navigation for all staff pages: what a member of staff may open, in the order of the day's work."""

from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from accounts.rights import Right

_OPERATOR = None
"""For superusers alone."""
_PAGES: tuple[tuple[str, str, Right | None], ...] = (
    ("Status", "staff-status", _OPERATOR),
    ("Costs", "cost-review", Right.SEE_COSTS),
    ("Finance", "cost-review-finance", Right.SEE_COSTS),
    ("Odd calls", "cost-review-anomalies", Right.SEE_COSTS),
    ("Held and in doubt", "cost-review-open", Right.SEE_COSTS),
    ("Price book", "cost-review-prices", Right.SEE_COSTS),
    ("Second opinions", "cost-review-opinions", Right.SEE_COSTS),
    ("Reconciliation", "reconciliation", Right.CORRECT_BOOKS),
    ("Corrections", "corrections", Right.CORRECT_BOOKS),
    ("Changes", "cost-review-changes", Right.SEE_COSTS),
    ("Payments", "cost-review-payments", Right.SETTLE_PAYMENTS),
    ("Refunds", "staff-refunds", Right.SETTLE_PAYMENTS),
    ("Stripe", "stripe", Right.SETTLE_PAYMENTS),
    ("Suspended models", "cost-review-suspensions", Right.SUSPEND_MODELS),
    ("Stop spending", "spending", Right.CONTROL_SPENDING),
    ("Limits of all", "staff-limits", Right.CONTROL_SPENDING),
    ("Audit", "staff-audit", Right.RUN_AUDITS),
    ("Outbox", "staff-outbox", Right.RESEND_MAIL),
    ("Kinds of email", "staff-mail-samples", _OPERATOR),
    ("Learned", "staff-learned", Right.SEE_LEARNED),
    ("People", "staff-people", _OPERATOR),
)


class StaffPage(NamedTuple):
    """A page of the navigation."""

    label: str
    address: str
    is_here: bool


def staff_pages(request: HttpRequest) -> list[StaffPage]:
    """Return the staff pages that this person may open; none for others."""
    user = getattr(request, "user", None)
    if not (isinstance(user, User) and user.is_staff):
        return []
    may_open = [
        (label, reverse(name))
        for label, name, right in _PAGES
        if (user.is_superuser if right is None else user.has_perm(right.permission))
    ]
    # Of pages that lie under one another the nearest is the one that is shown.
    above = [address for _, address in may_open if request.path.startswith(address)]
    here = max(above, key=len, default="")
    return [StaffPage(label, address, address == here) for label, address in may_open]
