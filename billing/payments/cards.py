"""Cards that users agreed to save: noted once paid with, listed, and removed here first, then at Stripe."""

import logging
import uuid
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User, Workspace
from billing.errors import BillingError, StripeProblem
from billing.models import AutoRecharge, SavedCard, StripeCustomer, TopUp
from billing.payments.stripe_api.customers import Card, create_customer, detach_card, fetch_card

logger = logging.getLogger(__name__)

_BATCH = 50
_STRIPE_HAS_TIME = timedelta(minutes=1)


def customer_of(workspace: Workspace, *, user: User, makes_one: bool) -> str:
    """Return the id of a workspace's customer at Stripe; where there is none, make one or return nothing."""
    found = StripeCustomer.objects.filter(workspace=workspace).first()
    if found is None and makes_one:
        made = create_customer(workspace=workspace.public_id, email=user.email)
        found, _ = StripeCustomer.objects.get_or_create(workspace=workspace, defaults={"customer": made})
    return found.customer if found is not None else ""


def remember_card(top_up: TopUp, card: Card | None) -> None:
    """Note the card that a top-up was paid with, as its user agreed; one that is noted or was removed stays as it is."""
    if card is None or not card.customer:
        return
    SavedCard.objects.get_or_create(
        payment_method=card.id,
        defaults={
            "workspace": top_up.workspace,
            "user": top_up.user,
            "customer": card.customer,
            "consented_at": top_up.created_at,
            **_shown(card),
        },
    )


def cards_of(workspace: Workspace, user: User) -> QuerySet[SavedCard]:
    """Return the cards that a user saved in a workspace, newest first: nobody charges another person's card."""
    return SavedCard.objects.filter(workspace=workspace, user=user, removed_at=None).order_by("-consented_at")


def remove_card(card_id: uuid.UUID, *, user: User) -> SavedCard:
    """Never use a card again, and have Stripe forget it; should Stripe be away, the sweep tells it later.

    Whatever adds money from it by itself is switched off. Raises BillingError where it is not a card of the user's.
    """
    card = SavedCard.objects.filter(pk=card_id, user=user, removed_at=None).first()
    if card is None:
        raise BillingError("no_card", "This card is not saved any more.")
    _mark_removed(card)
    _detach(card)
    return card


def detach_removed_cards() -> None:
    """Have Stripe forget the cards that were removed while it was away."""
    waiting = SavedCard.objects.filter(removed_at__lt=timezone.now() - _STRIPE_HAS_TIME, detached_at=None)
    for card in waiting.order_by("removed_at")[:_BATCH]:
        _detach(card)


def sync_card(payment_method: str) -> None:
    """Make a card's row say what Stripe says: replaced by its bank, or removed on Stripe's own page."""
    card = SavedCard.objects.filter(payment_method=payment_method, removed_at=None).first()
    if card is None:
        return
    at_stripe = fetch_card(payment_method)
    if at_stripe is None or not at_stripe.customer:
        _mark_removed(card)
        SavedCard.objects.filter(pk=card.pk).update(detached_at=timezone.now())
    else:
        SavedCard.objects.filter(pk=card.pk).update(**_shown(at_stripe))


def _mark_removed(card: SavedCard) -> None:
    SavedCard.objects.filter(pk=card.pk, removed_at=None).update(removed_at=timezone.now())
    AutoRecharge.objects.filter(card=card).update(is_on=False)


def _detach(card: SavedCard) -> None:
    try:
        detach_card(card.payment_method)
    except StripeProblem as problem:
        logger.warning("Stripe could not be told to forget card %s: %s", card.pk, problem.message)
    else:
        SavedCard.objects.filter(pk=card.pk).update(detached_at=timezone.now())


def _shown(card: Card) -> dict[str, str | int]:
    return {
        "brand": card.brand[:40],
        "last4": card.last4[:4],
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
    }
