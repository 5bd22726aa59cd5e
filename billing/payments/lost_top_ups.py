"""Top-ups whose row a restore forgot, made anew from what Stripe noted, and asking about what nobody told us of."""

import logging
import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import Membership
from accounts.services import OWNERS_FIRST
from billing.errors import StripeProblem
from billing.models import SavedCard, TopUp, TopUpOrigin, TopUpState
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.payments.stripe_api.checkout import Checkout
from billing.payments.stripe_api.gateway import UNKNOWN_OBJECT
from billing.payments.stripe_api.payments import Payment
from billing.payments.topups import sync_top_up
from solver.core.money import NANO_PER_CENT

logger = logging.getLogger(__name__)

_BATCH = 50
# Whoever pays comes back, or the webhook does, in less.
_PATIENCE = timedelta(minutes=10)
# Stripe's sessions end after a day; payments by bank transfer take up to two weeks after that.
_SESSION_ENDS = timedelta(hours=25)
_LATER_EVERY = timedelta(hours=6)
_DAILY = timedelta(days=1)
# Cards may be disputed for about four months, refunds come later still.
_DISPUTABLE = timedelta(days=180)


def remake_top_up(checkout: Checkout) -> TopUp | None:
    """Make the row of a session anew; None: the session is not of this site.

    Raises StripeProblem where it is of this site and whose money it is cannot be told.
    """
    if not checkout.success_url.startswith(f"{settings.PONDER_BASE_URL}/"):
        return None
    workspace, top_up_id = _uuid(checkout.workspace), _uuid(checkout.top_up)
    member = _first_owner(workspace) if workspace else None
    if member is None or top_up_id is None or not checkout.asked_cents.isdecimal():
        raise StripeProblem(
            "unknown_top_up",
            f"Checkout session {checkout.id} was opened by this site, but its top-up and whose it is are not known here "
            "(a restored backup?). Find the payer in Stripe's dashboard; refund it there, or give the money with "
            "manage.py grant.",
        )
    top_up, is_new = TopUp.objects.get_or_create(
        pk=top_up_id,
        defaults={
            "workspace": member.workspace,
            "user": member.user,
            "amount_nano": int(checkout.asked_cents) * NANO_PER_CENT,
            "checkout_session": checkout.id,
            "saves_card": checkout.saves_card,
        },
    )
    if is_new:
        logger.warning(
            "Top-up %s was not known here; it was made anew from session %s.", top_up_id, checkout.id
        )
    return top_up


def remake_charge(payment: Payment) -> TopUp | None:
    """Make the row of a charge of a saved card anew; None: this site charged no such card, or cannot tell for whom."""
    noted = payment.noted
    if noted.get("site") != settings.PONDER_BASE_URL:
        return None
    workspace, top_up_id = _uuid(noted.get("workspace", "")), _uuid(payment.top_up)
    member = _first_owner(workspace) if workspace else None
    if member is None or top_up_id is None or not noted.get("amount_cents", "").isdecimal():
        return None
    card = SavedCard.objects.filter(payment_method=payment.card.id).first() if payment.card else None
    top_up, _ = TopUp.objects.get_or_create(
        pk=top_up_id,
        defaults={
            "workspace": member.workspace,
            "user": card.user if card is not None else member.user,
            "amount_nano": int(noted["amount_cents"]) * NANO_PER_CENT,
            "origin": TopUpOrigin.AUTO,
            "card": card,
            "payment_intent": payment.id,
        },
    )
    return top_up


def _first_owner(workspace: uuid.UUID) -> Membership | None:
    members = Membership.objects.filter(workspace__public_id=workspace).select_related("workspace", "user")
    return members.order_by(OWNERS_FIRST, "pk").first()


def ask_about_pending() -> int:
    """Ask Stripe about top-ups that stay pending, and make the books say the same; return about how many.

    A paid one is credited though its webhook was lost and its tab closed, an expired one fails. The one that was asked
    about longest ago comes first, so that none that fails keeps the others waiting.
    """
    if stripe_gateway.missing_settings():
        return 0
    now = timezone.now()
    pending = TopUp.objects.filter(state=TopUpState.PENDING, created_at__lt=now - _PATIENCE)
    is_new = Q(created_at__gt=now - 2 * _SESSION_ENDS)
    due = pending.filter(is_new | Q(swept_at=None) | Q(swept_at__lt=now - _LATER_EVERY))
    # Without a session nobody was ever sent to Stripe.
    due.filter(checkout_session="", origin=TopUpOrigin.CHECKOUT, created_at__lt=now - _SESSION_ENDS).update(
        state=TopUpState.FAILED
    )
    return _ask(due.exclude(checkout_session="", origin=TopUpOrigin.CHECKOUT))


def ask_about_credited() -> int:
    """Ask Stripe once a day about top-ups that were credited in the last half year; return about how many.

    A refund or dispute whose event was lost would otherwise leave its money in the wallet.
    """
    if stripe_gateway.missing_settings():
        return 0
    now = timezone.now()
    credited = TopUp.objects.filter(credited_nano__gt=0, credited_at__range=(now - _DISPUTABLE, now - _DAILY))
    return _ask(credited.filter(Q(swept_at=None) | Q(swept_at__lt=now - _DAILY)))


def _ask(due: QuerySet[TopUp]) -> int:
    now, asked = timezone.now(), 0
    for top_up in due.order_by(F("swept_at").asc(nulls_first=True), "pk")[:_BATCH]:
        TopUp.objects.filter(pk=top_up.pk).update(swept_at=now)
        try:
            sync_top_up(top_up.pk)
        except StripeProblem as problem:
            logger.warning("Stripe could not be asked about top-up %s: %s", top_up.pk, problem.message)
            if problem.code != UNKNOWN_OBJECT:
                break  # Stripe is away; the next sweep asks again.
            _note_unknown(top_up, old=top_up.created_at < now - _SESSION_ENDS)
        asked += 1
    return asked


def _note_unknown(top_up: TopUp, *, old: bool) -> None:
    if old and not top_up.problem:
        TopUp.objects.filter(pk=top_up.pk, state=TopUpState.PENDING, problem="").update(
            problem=f"Stripe does not know session {top_up.checkout_session} under this site's key. Was it paid on "
            "another Stripe account? A member of staff must look into it."
        )


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
