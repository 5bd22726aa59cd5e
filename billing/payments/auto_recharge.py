"""Adding money from a saved card while nobody is there: asked for by a user, at most once for each need.

1. A row is committed; a database constraint allows one unfinished one per workspace, whoever tries.
2. Stripe is asked to charge the card, with an idempotency key made from the row and no transaction open.
3. `sync_top_up` asks Stripe what came of it. Who dies in between leaves that to the sweep, which finds the payment by the
   row's id in its metadata; a row of which Stripe never heard fails.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User, Workspace
from billing.errors import BillingError, StripeProblem
from billing.models import AccountKind, AutoRecharge, SavedCard, TopUp, TopUpOrigin, TopUpState
from billing.payments.lost_top_ups import remake_charge
from billing.payments.recharge_rules import hindrance, note_decline
from billing.payments.stripe_api.gateway import DECLINED, REFUSED, UNKNOWN_OBJECT
from billing.payments.stripe_api.payments import charge_saved_card, payments_since
from billing.payments.topups import check_amount, sync_top_up
from solver.core.money import whole_cents_of

logger = logging.getLogger(__name__)

_FORGOTTEN_AFTER = timedelta(days=2)


def switch_on(
    *,
    workspace: Workspace,
    user: User,
    card: SavedCard,
    threshold_nano: int,
    amount_nano: int,
    monthly_cap_nano: int,
) -> AutoRecharge:
    """Add `amount_nano` from the card whenever the wallet has less than `threshold_nano`; also after a decline again.

    Raises BillingError where the card is not one that this user saved in this workspace, or an amount cannot be.
    """
    if card.user_id != user.pk or card.workspace_id != workspace.pk or card.removed_at is not None:
        raise BillingError("no_card", "Choose a card that you saved yourself.")
    check_amount(amount_nano)
    if threshold_nano <= 0:
        raise BillingError("threshold_not_positive", "Money can be added once less than some amount is left.")
    if monthly_cap_nano < amount_nano:
        raise BillingError("cap_too_low", "The monthly maximum must be at least what is added each time.")
    rule, _ = AutoRecharge.objects.update_or_create(
        workspace=workspace,
        defaults={
            "user": user,
            "card": card,
            "is_on": True,
            "threshold_nano": threshold_nano,
            "amount_nano": amount_nano,
            "monthly_cap_nano": monthly_cap_nano,
            "failures": 0,
            "paused_until": None,
            "needs_person": False,
        },
    )
    return rule


def switch_off(workspace: Workspace) -> None:
    """Add no more money by itself; what is being charged at this moment still arrives."""
    AutoRecharge.objects.filter(workspace=workspace).update(is_on=False)


def recharge_all() -> int:
    """Add money to every wallet that wants it; return to how many."""
    due = AutoRecharge.objects.filter(
        Q(paused_until=None) | Q(paused_until__lte=timezone.now()),
        is_on=True,
        needs_person=False,
        workspace__accounts__kind=AccountKind.WALLET,
        workspace__accounts__job_id=None,
        workspace__accounts__balance_nano__lt=F("threshold_nano"),
    )
    done = 0
    for rule in due.select_related("workspace", "user", "card").order_by("pk"):
        try:
            done += recharge(rule) is not None
        except StripeProblem as problem:
            logger.warning("Workspace %s could not be recharged: %s", rule.workspace_id, problem.message)
    return done


def recharge(rule: AutoRecharge) -> TopUp | None:
    """Charge the card once if the rule says so now, and return the top-up; None: nothing was to be done.

    Raises StripeProblem where nobody knows whether the card was charged; the sweep asks later.
    """
    if hindrance(rule) is not None or _find_forgotten(rule):
        return None
    top_up = _begin(rule)
    if top_up is None:
        return None
    _charge(top_up, rule.card)
    return sync_top_up(top_up.pk)


def _find_forgotten(rule: AutoRecharge) -> bool:
    """Credit charges of the last days that a restored backup does not know; return whether there were any."""
    made = payments_since(rule.card.customer, timezone.now() - _FORGOTTEN_AFTER)
    rows = TopUp.objects.filter(payment_intent__in=[each.id for each in made])
    known = set(rows.values_list("payment_intent", flat=True))
    remade = [remake_charge(each) for each in made if each.id not in known]
    found = [sync_top_up(each.pk) for each in remade if each is not None]
    return any(each.credited_nano or each.state == TopUpState.PENDING for each in found)


def _begin(rule: AutoRecharge) -> TopUp | None:
    """Commit the wish, if it is still one once nobody else can have the same."""
    try:
        with transaction.atomic():
            locked = AutoRecharge.objects.select_for_update(of=("self",)).select_related(
                "workspace", "user", "card"
            )
            rule = locked.get(pk=rule.pk)
            if hindrance(rule) is not None:
                return None
            return TopUp.objects.create(
                workspace=rule.workspace,
                user=rule.user,
                amount_nano=rule.amount_nano,
                origin=TopUpOrigin.AUTO,
                card=rule.card,
            )
    except IntegrityError:
        return None  # another process is at it


def _charge(top_up: TopUp, card: SavedCard) -> None:
    cents = whole_cents_of(top_up.amount_nano)
    noted = {
        "top_up": str(top_up.pk),
        "workspace": str(top_up.workspace.public_id),
        "amount_cents": str(cents),
        "site": settings.PONDER_BASE_URL,
    }
    try:
        intent = charge_saved_card(
            top_up_id=top_up.pk,
            noted=noted,
            amount_cents=cents,
            customer=card.customer,
            payment_method=card.payment_method,
            name="Ponder wallet top-up",
            receipt_to=top_up.user.email,
        )
    except StripeProblem as problem:
        if problem.code not in {DECLINED, REFUSED, UNKNOWN_OBJECT}:
            raise
        intent = problem.about
        if not intent:
            _fail(top_up, problem)
    TopUp.objects.filter(pk=top_up.pk).update(payment_intent=intent)


def _fail(top_up: TopUp, problem: StripeProblem) -> None:
    """Stripe refused without making a payment (a card that is gone, say)."""
    logger.warning("Top-up %s: %s", top_up.pk, problem.message)
    with transaction.atomic():
        failed = TopUp.objects.filter(pk=top_up.pk, state=TopUpState.PENDING).update(state=TopUpState.FAILED)
        if failed:
            note_decline(top_up.workspace_id, problem.code)
