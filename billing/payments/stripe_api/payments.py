"""Payments (payment intents) at Stripe: as they are now, and charging a saved card. Amounts are whole US cents."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.payments.stripe_api.customers import Card, card_of
from billing.payments.stripe_api.gateway import CURRENCY, ask, field, id_of, metadata_of

# Disputes in these states have not taken money (warnings) or gave it back (won).
_HARMLESS_DISPUTES = frozenset(
    {"won", "warning_needs_response", "warning_under_review", "warning_closed", "prevented"}
)
_GONE_REFUNDS = frozenset({"failed", "canceled"})
_PAGE = 100


@dataclass(frozen=True, slots=True)
class RefundAtStripe:
    """A refund that this site asked for, as Stripe sees it now."""

    id: str
    status: str

    @property
    def has_failed(self) -> bool:
        """Whether the money stayed, or came back."""
        return self.status in _GONE_REFUNDS


@dataclass(frozen=True, slots=True)
class DisputeAtStripe:
    """A dispute about a payment, as Stripe sees it now; `answer_by` is a Unix time, 0 where there is none."""

    id: str
    status: str
    reason: str
    amount_cents: int
    currency: str
    answer_by: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment intent as Stripe sees it now; `disputed_cents` leaves out disputes that took or kept nothing.

    `noted` is our metadata; `refunds` those that this site asked for, by the ids of their rows here, None where they were
    not asked about.
    """

    id: str
    status: str
    received_cents: int
    currency: str
    customer: str
    card: Card | None
    refunded_cents: int
    disputed_cents: int
    is_disputed: bool
    disputes: tuple[DisputeAtStripe, ...]
    receipt_url: str
    charge: str
    decline_code: str
    noted: Mapping[str, str]
    refunds: Mapping[str, RefundAtStripe] | None

    @property
    def top_up(self) -> str:
        """The id of the top-up that it pays, as we noted it."""
        return self.noted.get("top_up", "")

    @property
    def taken_back_cents(self) -> int:
        """Refunded and disputed money together."""
        return self.refunded_cents + self.disputed_cents


def fetch_payment(payment_intent: str, *, with_refunds: bool = False) -> Payment:
    """Return the payment as it is now, with what was refunded or disputed of it.

    `with_refunds`: the sum refunded and the refunds that this site asked for then come from one reply, so that no refund
    is in one of them alone.
    """

    def found(client: Any) -> Payment:
        intent = client.v1.payment_intents.retrieve(
            payment_intent, {"expand": ["latest_charge", "payment_method"]}
        )
        refunds = None
        if with_refunds:
            asked = {"payment_intent": payment_intent, "limit": _PAGE}
            refunds = list(client.v1.refunds.list(asked).auto_paging_iter())
        return _payment(intent, refunds, _disputes(client, intent))

    return ask(found)


def charge_saved_card(
    *,
    top_up_id: uuid.UUID,
    noted: Mapping[str, str],
    amount_cents: int,
    customer: str,
    payment_method: str,
    name: str,
    receipt_to: str,
) -> str:
    """Charge a card while its owner is away, once for each top-up; return the id of the payment, whatever its state.

    Raises StripeProblem: DECLINED (`about` is the payment) and REFUSED charged nothing, after others nobody knows.
    """
    payment = {
        "amount": amount_cents,
        "currency": CURRENCY,
        "customer": customer,
        "payment_method": payment_method,
        "off_session": True,
        "confirm": True,
        "description": name,
        "receipt_email": receipt_to,
        "metadata": dict(noted),
    }
    key = {"idempotency_key": f"topup:{top_up_id}"}
    return ask(lambda client: str(client.v1.payment_intents.create(payment, key).id))


def payments_since(customer: str, since: datetime) -> list[Payment]:
    """Return a customer's payments made since then, without what was refunded or disputed of them."""

    def found(client: Any) -> list[Payment]:
        asked = {"customer": customer, "created": {"gte": int(since.timestamp())}, "limit": _PAGE}
        return [_payment(each, None, ()) for each in client.v1.payment_intents.list(asked).auto_paging_iter()]

    return ask(found)


def _disputes(client: Any, intent: Any) -> tuple[DisputeAtStripe, ...]:
    charge = intent.latest_charge
    if charge is None or isinstance(charge, str) or not field(charge, "disputed"):
        return ()
    asked = {"payment_intent": intent.id, "limit": _PAGE}
    return tuple(
        DisputeAtStripe(
            id=each.id,
            status=each.status or "",
            reason=field(each, "reason") or "",
            amount_cents=each.amount,
            currency=each.currency,
            answer_by=field(field(each, "evidence_details"), "due_by") or 0,
        )
        for each in client.v1.disputes.list(asked).auto_paging_iter()
    )


def _taken_by(dispute: DisputeAtStripe, charge: Any) -> int:
    """Return how much a dispute took; one in another currency says nothing in cents: all of the payment may be gone."""
    if dispute.status in _HARMLESS_DISPUTES:
        return 0
    taken: int = dispute.amount_cents if dispute.currency == charge.currency else charge.amount
    return taken


def _payment(intent: Any, refunds: list[Any] | None, disputes: tuple[DisputeAtStripe, ...]) -> Payment:
    charge = None if isinstance(intent.latest_charge, str) else intent.latest_charge
    if refunds is None:
        refunded = field(charge, "amount_refunded") or 0
    else:
        refunded = sum(each.amount for each in refunds if each.status not in _GONE_REFUNDS)
    return Payment(
        id=intent.id,
        status=intent.status or "",
        received_cents=field(intent, "amount_received") or 0,
        currency=field(intent, "currency") or "",
        customer=id_of(field(intent, "customer")),
        card=card_of(field(intent, "payment_method")),
        refunded_cents=refunded,
        disputed_cents=sum(_taken_by(each, charge) for each in disputes),
        disputes=disputes,
        is_disputed=bool(field(charge, "disputed")),
        receipt_url=field(charge, "receipt_url") or "",
        charge=id_of(intent.latest_charge),
        decline_code=field(field(intent, "last_payment_error"), "code") or "",
        noted=metadata_of(intent),
        refunds=None if refunds is None else _asked_here(refunds),
    )


def _asked_here(refunds: list[Any]) -> dict[str, RefundAtStripe]:
    rows = ((metadata_of(each).get("refund", ""), each) for each in refunds)
    return {row: RefundAtStripe(each.id, each.status or "") for row, each in rows if row}
