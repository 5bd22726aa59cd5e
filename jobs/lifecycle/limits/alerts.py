"""Emails and webhooks about spending limits: at 50, 80 and 100 percent, once per period and step."""

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from accounts.rights import Right
from accounts.workspaces.mail import plain_name
from jobs.lifecycle.limits.uses import Use
from jobs.mail.enqueue import mail_people, mail_staff
from jobs.mail.webhooks import enqueue_webhooks
from jobs.models import OutboxKind, Webhook
from jobs.models.spending_limit import LimitAlert, SpendingLimit
from solver.core.money import format_usd, usd_decimal

STEPS_PERCENT = (50, 80, 100)


def alert(use: Use, *, used_permille: int) -> None:
    """Tell those whom a limit concerns of the highest step that it newly reached, in the caller's transaction."""
    reached = [percent for percent in STEPS_PERCENT if used_permille >= 10 * percent]
    if not reached:
        return
    limit, began = use.limit, timezone.localdate(use.began)
    told = set(
        LimitAlert.objects.filter(limit=limit, amount_nano=use.amount_nano, period_began=began).values_list(
            "percent", flat=True
        )
    )
    new = [percent for percent in reached if percent not in told]
    if not new:
        return
    LimitAlert.objects.bulk_create(
        (
            LimitAlert(limit=limit, amount_nano=use.amount_nano, period_began=began, percent=percent)
            for percent in new
        ),
        ignore_conflicts=True,
    )
    _mail(use, new[-1])
    _call_webhooks(use, new[-1])


def _mail(use: Use, percent: int) -> None:
    limit = use.limit
    key = _key(use, percent)
    subject = f"{percent} % of the spending limit {_of_whom(limit)} is used"
    if limit.user_id is None and limit.workspace_id is None:
        text = _text(use, percent, settings.PONDER_BASE_URL + reverse("staff-limits"))
        mail_staff(OutboxKind.LIMIT, right=Right.CONTROL_SPENDING, subject=subject, text=text, key=key)
        return
    page = reverse("workspace") if limit.is_of_member else reverse("limits")
    text = _text(use, percent, settings.PONDER_BASE_URL + page)
    mail_people(OutboxKind.LIMIT, to=_people_of(limit), subject=subject, text=text, key=key)


def _call_webhooks(use: Use, percent: int) -> None:
    limit = use.limit
    hooks = Webhook.objects.filter(user=limit.user_id, workspace=limit.workspace_id)
    if limit.is_of_member:
        hooks = Webhook.objects.filter(workspace=limit.workspace_id)
    data = {
        "limit_of": _kind_of(limit),
        **({"member": limit.user.email} if limit.is_of_member and limit.user else {}),
        "period": limit.period,
        "percent": percent,
        "limit_usd": usd_decimal(use.amount_nano),
        "spent_usd": usd_decimal(use.spent_nano),
        "reserved_usd": usd_decimal(use.held_nano),
        "set_by_operator": limit.by_staff,
        "period_began": use.began.isoformat(),
        "renews": use.renews.isoformat(),
    }
    enqueue_webhooks(hooks, event="spending_limit.reached", data=data, key=_key(use, percent))


def _key(use: Use, percent: int) -> str:
    return f"limit.{use.limit.pk}.{use.amount_nano}.{use.began:%Y-%m-%d}.{percent}"


def _people_of(limit: SpendingLimit) -> list[User]:
    people = User.objects.filter(is_active=True, notify_of_limits=True).exclude(email="")
    concerned = Q(pk=limit.user_id)
    if limit.workspace_id:
        concerned |= Q(memberships__workspace=limit.workspace_id, memberships__role=Role.OWNER)
    return list(people.filter(concerned).distinct().order_by("pk"))


def _kind_of(limit: SpendingLimit) -> str:
    if limit.is_of_member:
        return "member"
    return "user" if limit.user_id else "workspace" if limit.workspace_id else "installation"


def _of_whom(limit: SpendingLimit) -> str:
    if limit.user and limit.workspace:
        return f"of {limit.user.email} in {plain_name(limit.workspace.name)}"
    if limit.user_id:
        return "of your jobs"
    return "of your workspace" if limit.workspace_id else "of the whole site"


def _text(use: Use, percent: int, address: str) -> str:
    limit = use.limit
    operator = ", set by the operator" if limit.by_staff and limit.user_id else ""
    facts = [
        f"The spending limit {_of_whom(limit)} is {format_usd(use.amount_nano)} per {limit.period}{operator}.",
    ]
    if percent < STEPS_PERCENT[-1]:
        facts.append(
            f"{format_usd(use.spent_nano)} is spent since {use.began:%Y-%m-%d}, and {format_usd(use.held_nano)} is "
            "reserved for jobs that have not ended; what they do not spend becomes free again."
        )
    else:
        facts.append("It is used up, or a job was refused because it would have exceeded it.")
    facts += [f"It renews on {use.renews:%Y-%m-%d %H:%M} ({settings.TIME_ZONE}).", address]
    return "\n\n".join(facts) + "\n"
