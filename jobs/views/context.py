"""What every full page knows: name, theme, a person’s workspaces, what they can spend, where mail goes."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.access import memberships_of
from accounts.models import Membership, Role, User
from accounts.preferences.theme import theme_of
from billing.models import SpendingStop
from billing.stops import spending_stops
from jobs.lifecycle.limits.uses import Use, limits_of_members, uses_of
from jobs.lifecycle.submission.spendable import Spendable, spendable
from jobs.views.staff.navigation import StaffGroup, staff_groups


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of `base.html`; the balance is read only where it is shown."""

    @cache
    def memberships() -> list[Membership]:
        user = getattr(request, "user", None)
        return memberships_of(user) if isinstance(user, User) else []

    @cache
    def available() -> Spendable | None:
        user, place = getattr(request, "user", None), next(iter(memberships()), None)
        if not isinstance(user, User) or place is None or place.role != Role.OWNER:
            return None
        return spendable(user=user, workspace=place.workspace)

    @cache
    def member_uses() -> list[Use]:
        place = next(iter(memberships()), None)
        if place is None:
            return []
        whose = None if place.role == Role.OWNER else place.user
        return uses_of(limits_of_members(place.workspace, user=whose))

    @cache
    def stops() -> list[SpendingStop]:
        return list(spending_stops())

    @cache
    def groups() -> list[StaffGroup]:
        return staff_groups(request)

    return {
        "site_name": "Ponder",
        "site_version": settings.PONDER_VERSION,
        "theme": theme_of(request),
        "memberships": memberships,  # a template calls it; the chosen workspace comes first
        "available": available,  # for its owners
        "member_uses": member_uses,  # of the limits of members; to its owners, those of all
        "spending_stops": stops,
        "staff_groups": groups,
        "site_time_zone": settings.TIME_ZONE,
        "mail_in_app": not settings.EMAIL_URL,
        "signup_open": settings.PONDER_SIGNUP != "closed",
    }
