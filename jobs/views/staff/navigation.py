"""One navigation for all staff pages: what a member of staff may open, in the order of the day's work."""

from typing import NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from accounts.rights import Right

_OPERATOR = None
"""For superusers alone."""
_GROUPS: tuple[tuple[str, tuple[tuple[str, str, Right | None], ...]], ...] = (
    (
        "System",
        (
            ("Status", "staff-status", _OPERATOR),
            ("Stop spending", "spending", Right.CONTROL_SPENDING),
            ("Limits of all", "staff-limits", Right.CONTROL_SPENDING),
            ("Audit", "staff-audit", Right.RUN_AUDITS),
        ),
    ),
    (
        "Costs",
        (
            ("Overview", "cost-review", Right.SEE_COSTS),
            ("Finance", "cost-review-finance", Right.SEE_COSTS),
            ("Odd calls", "cost-review-anomalies", Right.SEE_COSTS),
            ("Held and in doubt", "cost-review-open", Right.SEE_COSTS),
            ("Reconciliation", "reconciliation", Right.CORRECT_BOOKS),
            ("Corrections", "corrections", Right.CORRECT_BOOKS),
            ("Changes", "cost-review-changes", Right.SEE_COSTS),
        ),
    ),
    (
        "Payments",
        (
            ("Need a person", "cost-review-payments", Right.SETTLE_PAYMENTS),
            ("Refunds", "staff-refunds", Right.SETTLE_PAYMENTS),
            ("Stripe", "stripe", Right.SETTLE_PAYMENTS),
        ),
    ),
    (
        "Models",
        (
            ("Price book", "cost-review-prices", Right.SEE_COSTS),
            ("Imported prices", "price-drafts", Right.APPROVE_PRICES),
            ("Suspended models", "cost-review-suspensions", Right.SUSPEND_MODELS),
            ("Second opinions", "cost-review-opinions", Right.SEE_COSTS),
            ("Learned", "staff-learned", Right.SEE_LEARNED),
        ),
    ),
    (
        "People",
        (
            ("People", "staff-people", _OPERATOR),
            ("Outbox", "staff-outbox", Right.RESEND_MAIL),
            ("Kinds of email", "staff-mail-samples", _OPERATOR),
        ),
    ),
)


class StaffPage(NamedTuple):
    """A page of the navigation."""

    label: str
    address: str
    is_here: bool


class StaffGroup(NamedTuple):
    """Pages that belong together; its own address is that of the first."""

    label: str
    pages: tuple[StaffPage, ...]

    @property
    def address(self) -> str:
        """Where the group leads."""
        return self.pages[0].address

    @property
    def is_here(self) -> bool:
        """Whether one of its pages is shown."""
        return any(page.is_here for page in self.pages)


def staff_groups(request: HttpRequest) -> list[StaffGroup]:
    """Return the staff pages that this person may open, in their groups; none for others."""
    user = getattr(request, "user", None)
    if not (isinstance(user, User) and user.is_staff):
        return []
    may_open = {
        group: [
            (label, reverse(name))
            for label, name, right in pages
            if (user.is_superuser if right is None else user.has_perm(right.permission))
        ]
        for group, pages in _GROUPS
    }
    # Of pages that lie under one another the nearest is the one that is shown.
    above = [
        address for pages in may_open.values() for _, address in pages if request.path.startswith(address)
    ]
    here = max(above, key=len, default="")
    return [
        StaffGroup(group, tuple(StaffPage(label, address, address == here) for label, address in pages))
        for group, pages in may_open.items()
        if pages
    ]
