"""What a person reads whom a spending limit refuses: how much is left, when it renews, who can change it."""

from django.conf import settings

from accounts.models import User
from jobs.lifecycle.limits.uses import Use
from solver.core.money import format_usd_at_least, format_usd_at_most

OWN_JOBS_ONLY = (
    "An owner limits what you may spend in this workspace, so you can raise the budget of your own jobs only. Ask an "
    "owner, or whoever started the job, to raise it."
)


def refusal(use: Use, *, added_nano: int, by: User) -> str:
    """Return what `by` reads, for whom `added_nano` was one step too far."""
    limit = use.limit
    used_before = max(use.used_nano - added_nano, 0)
    left = format_usd_at_most(max(use.amount_nano - used_before, 0))
    until = f"It renews on {use.renews:%Y-%m-%d %H:%M} ({settings.TIME_ZONE})."
    change = "Only the operator can change it." if limit.by_staff else _who_changes(use)
    if limit.user_id is None and limit.workspace_id is None:
        return (
            f"The operator limits what may be spent on this site in a {limit.period}, and {left} of that is left. "
            f"{until} {change}"
        )
    if limit.user_id not in {None, by.pk} and not limit.is_of_member:
        return f"The spending limit of the person who started this job does not allow it. {until}"  # theirs alone to read
    return (
        f"{_whose(use, by)} is {format_usd_at_most(use.amount_nano)} per {limit.period}; "
        f"{format_usd_at_least(used_before)} of it is spent or reserved, so the budget can be {left} at most. "
        f"{until} {change}"
    )


def _whose(use: Use, by: User) -> str:
    limit = use.limit
    if limit.user is None:
        return "The spending limit of your workspace"
    whose = "Your spending limit" if limit.user_id == by.pk else f"The spending limit of {limit.user}"
    return f"{whose} in this workspace" if limit.is_of_member else whose


def _who_changes(use: Use) -> str:
    if use.limit.is_of_member:
        return "An owner of the workspace can change it."
    if use.limit.user_id:
        return "You can change it under Spending limits."
    return "Its owners can change it under Spending limits."
