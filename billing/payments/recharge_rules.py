"""When money may be added from a saved card by itself, and what a declined card changes. Amounts are nano-USD."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Sum
from django.utils import timezone

from accounts.access import has_role
from accounts.models import Role
from billing.books.ledger import debt_nano
from billing.models import Account, AccountKind, AutoRecharge, TopUp, TopUpOrigin, TopUpState
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.signals import recharge_failed

MOST_AT_ONCE = 3
AT_ONCE = timedelta(minutes=10)
# After a decline, doubled with each further one in a row; card networks punish those who ask again and again.
_FIRST_PAUSE = timedelta(hours=1)
_LONGEST_PAUSE = timedelta(hours=24)
_MOST_FAILURES = 5
_NEEDS_PERSON = frozenset({"authentication_required", "requires_action", "requires_confirmation"})


class Hindrance(StrEnum):
    """Why no money is added now."""

    NOT_CONFIGURED = "not_configured"
    OFF = "off"
    NO_CARD = "no_card"
    LEFT = "left"
    NEEDS_PERSON = "needs_person"
    PAUSED = "paused"
    DEBT = "debt"
    ENOUGH = "enough"
    PENDING = "pending"
    TOO_FAST = "too_fast"
    CAP = "cap"


def hindrance(rule: AutoRecharge) -> Hindrance | None:
    """Return what keeps money from being added now, or None."""
    if stripe_gateway.missing_settings():
        return Hindrance.NOT_CONFIGURED
    # Payments are looked at first: one that is credited from then on is under way here, and an earlier one in the wallet.
    by_payments = _of_the_payments(rule)
    return _of_the_rule(rule) or _of_the_money(rule) or by_payments


def _of_the_rule(rule: AutoRecharge) -> Hindrance | None:
    if not rule.is_on:
        return Hindrance.OFF
    if rule.card.removed_at is not None:
        return Hindrance.NO_CARD
    user = rule.user
    if not user.is_active or not has_role(user, Role.OWNER, rule.workspace_id):
        return Hindrance.LEFT
    if rule.needs_person:
        return Hindrance.NEEDS_PERSON
    if rule.paused_until is not None and rule.paused_until > timezone.now():
        return Hindrance.PAUSED
    return None


def _of_the_money(rule: AutoRecharge) -> Hindrance | None:
    wallet = Account.objects.filter(
        workspace_id=rule.workspace_id, kind=AccountKind.WALLET, job_id=None
    ).first()
    if wallet is not None and wallet.available_nano >= rule.threshold_nano:
        return Hindrance.ENOUGH
    # Whoever had a payment disputed shall not be charged again unasked.
    return Hindrance.DEBT if debt_nano(rule.workspace) > 0 else None


def _of_the_payments(rule: AutoRecharge) -> Hindrance | None:
    made = TopUp.objects.filter(workspace_id=rule.workspace_id, origin=TopUpOrigin.AUTO)
    if made.filter(state=TopUpState.PENDING).exists():
        return Hindrance.PENDING
    if made.filter(created_at__gt=timezone.now() - AT_ONCE).count() >= MOST_AT_ONCE:
        return Hindrance.TOO_FAST
    if added_this_month_nano(rule) + rule.amount_nano > rule.monthly_cap_nano:
        return Hindrance.CAP
    return None


def added_this_month_nano(rule: AutoRecharge) -> int:
    """Return what was added by itself since the first of this month, in the site's time zone."""
    made = TopUp.objects.filter(
        workspace_id=rule.workspace_id, origin=TopUpOrigin.AUTO, created_at__gte=_month()
    )
    total = made.exclude(state=TopUpState.FAILED).aggregate(total=Sum("amount_nano"))["total"]
    return total or 0


def _month() -> datetime:
    return timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def note_decline(workspace_id: int, code: str) -> None:
    """Pause after a declined charge, in the caller's transaction, and tell those who care (`recharge_failed`)."""
    rule = AutoRecharge.objects.select_for_update(of=("self",)).filter(workspace_id=workspace_id).first()
    if rule is None:
        return
    rule.failures += 1
    rule.needs_person = code in _NEEDS_PERSON
    pause = min(_FIRST_PAUSE * 2 ** min(rule.failures - 1, 10), _LONGEST_PAUSE)
    rule.paused_until = None if rule.needs_person else timezone.now() + pause
    if rule.failures >= _MOST_FAILURES:
        rule.is_on = False
    rule.save()
    recharge_failed.send(sender=AutoRecharge, rule=rule)


def note_payment(workspace_id: int) -> None:
    """Forget earlier declines: a payment went through."""
    AutoRecharge.objects.filter(workspace_id=workspace_id, failures__gt=0).update(
        failures=0, paused_until=None, needs_person=False
    )
