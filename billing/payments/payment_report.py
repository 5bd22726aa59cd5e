"""What Stripe says of a top-up now, whichever way it is paid. No transaction may be open: Stripe takes its time."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from billing.errors import StripeProblem
from billing.models import TopUp, TopUpOrigin
from billing.payments.stripe_api.checkout import Checkout, fetch_checkout
from billing.payments.stripe_api.gateway import id_of
from billing.payments.stripe_api.payments import Payment, fetch_payment, payments_since

# A request of ours that Stripe has not begun by then was lost: three tries of 20 s each, and clocks that differ.
_LOST_AFTER = timedelta(minutes=10)
_CLOCKS = timedelta(minutes=5)
# A payment without its user present never leaves these by itself.
_STUCK = frozenset({"requires_payment_method", "requires_action", "requires_confirmation", "canceled"})


@dataclass(frozen=True, slots=True)
class Report:
    """Session and payment of a top-up, as far as there are any; `is_lost`: Stripe never heard of it."""

    checkout: Checkout | None = None
    payment: Payment | None = None
    is_lost: bool = False

    @property
    def intent(self) -> str:
        """The id of the payment."""
        if self.checkout is not None:
            return self.checkout.payment_intent
        return id_of(self.payment)

    @property
    def is_paid(self) -> bool:
        """Whether Stripe has the money, or says that none is needed."""
        if self.checkout is not None:
            return self.checkout.payment_status in {"paid", "no_payment_required"}
        return self.payment is not None and self.payment.status == "succeeded"

    @property
    def paid_cents(self) -> int:
        """What was paid, taxes included."""
        if self.checkout is not None:
            return self.checkout.amount_cents
        return self.payment.received_cents if self.payment is not None else 0

    @property
    def tax_cents(self) -> int:
        """Taxes that Stripe added to what we asked for."""
        return self.checkout.tax_cents if self.checkout is not None else 0

    @property
    def currency(self) -> str:
        """What was paid in."""
        if self.checkout is not None:
            return self.checkout.currency
        return self.payment.currency if self.payment is not None else ""

    @property
    def has_failed(self) -> bool:
        """Whether nothing more will come of it."""
        if self.checkout is None:
            return self.is_lost or (self.payment is not None and self.payment.status in _STUCK)
        if self.checkout.status == "expired":
            return True
        unpaid = self.checkout.status == "complete" and self.checkout.payment_status == "unpaid"
        return (
            unpaid
            and self.payment is not None
            and self.payment.status in {"requires_payment_method", "canceled"}
        )


def report_on(top_up: TopUp, *, checkout_session: str = "") -> Report | None:
    """Ask Stripe about a top-up; None where there is nothing to ask about. Raises StripeProblem."""
    has_refunds = top_up.refunds.exists()
    if top_up.origin == TopUpOrigin.AUTO:
        return _report_on_charge(top_up, with_refunds=has_refunds)
    session = top_up.checkout_session or checkout_session
    if not session:
        return None
    checkout = fetch_checkout(session)
    if checkout.top_up != str(top_up.pk):
        raise StripeProblem(
            "wrong_session", f"Checkout session {session} does not belong to top-up {top_up.pk}."
        )
    intent = checkout.payment_intent
    return Report(checkout, fetch_payment(intent, with_refunds=has_refunds) if intent else None)


def _report_on_charge(top_up: TopUp, *, with_refunds: bool) -> Report | None:
    intent = top_up.payment_intent or _find_charge(top_up)
    if not intent:
        return Report(is_lost=True) if top_up.created_at < timezone.now() - _LOST_AFTER else None
    payment = fetch_payment(intent, with_refunds=with_refunds)
    if payment.top_up != str(top_up.pk):
        raise StripeProblem("wrong_payment", f"Payment {intent} does not belong to top-up {top_up.pk}.")
    return Report(payment=payment)


def _find_charge(top_up: TopUp) -> str:
    """Return the payment of a top-up whose reply we never heard."""
    if top_up.card is None:
        return ""
    made = payments_since(top_up.card.customer, top_up.created_at - _CLOCKS)
    return next((payment.id for payment in made if payment.top_up == str(top_up.pk)), "")
