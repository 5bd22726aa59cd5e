"""Checkout Sessions: Stripe's page on which people pay. Amounts are whole US cents."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from billing.payments.stripe_api.gateway import CURRENCY, ask, field, id_of, metadata_of


@dataclass(frozen=True, slots=True)
class Checkout:
    """A Checkout Session as Stripe sees it now; `asked_cents`, `workspace` and `saves_card` are what we noted in it.

    `amount_cents` is what was paid in all, `tax_cents` of it taxes that were added.
    """

    id: str
    url: str
    top_up: str
    status: str
    payment_status: str
    amount_cents: int
    tax_cents: int
    currency: str
    payment_intent: str
    success_url: str
    workspace: str
    asked_cents: str
    saves_card: bool


def create_checkout(
    *,
    top_up_id: uuid.UUID,
    workspace: uuid.UUID,
    amount_cents: int,
    email: str,
    success_url: str,
    cancel_url: str,
    customer: str = "",
    saves_card: bool = False,
) -> Checkout:
    """Open a Checkout Session for a top-up; asking again for the same top-up returns the same session.

    Its metadata says whose money it is, so that a payment finds its wallet even where our row was lost. With
    `saves_card`, which needs a `customer`, Stripe keeps the card for payments while nobody is there.
    """
    reference = str(top_up_id)
    noted = {"top_up": reference, "workspace": str(workspace), "amount_cents": str(amount_cents)}
    payment: dict[str, Any] = {"metadata": {"top_up": reference}}
    if saves_card:
        noted["saves_card"] = "yes"
        payment["setup_future_usage"] = "off_session"
    price: dict[str, Any] = {
        "currency": CURRENCY,
        "unit_amount": amount_cents,
        "product_data": {"name": "Ponder wallet top-up"},
    }
    session: dict[str, Any] = {
        "mode": "payment",
        "client_reference_id": reference,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "metadata": noted,
        "payment_intent_data": payment,
        "line_items": [{"quantity": 1, "price_data": price}],
    }
    session |= {"customer": customer} if customer else {"customer_email": email}
    if settings.STRIPE_INVOICES:
        session["invoice_creation"] = {"enabled": True}
    if settings.STRIPE_AUTOMATIC_TAX:
        price["tax_behavior"] = "exclusive"
        session |= {"automatic_tax": {"enabled": True}, "tax_id_collection": {"enabled": True}}
        if customer:
            session["customer_update"] = {"address": "auto", "name": "auto"}
    key = {"idempotency_key": f"topup:{reference}"}
    return ask(lambda client: _checkout(client.v1.checkout.sessions.create(session, key)))


def fetch_checkout(session_id: str) -> Checkout:
    """Return the session as it is now."""
    return ask(lambda client: _checkout(client.v1.checkout.sessions.retrieve(session_id)))


def find_checkout(payment_intent: str) -> Checkout | None:
    """Return the session that a payment belongs to, if there is one."""

    def found(client: Any) -> Checkout | None:
        sessions = client.v1.checkout.sessions.list({"payment_intent": payment_intent, "limit": 1})
        return _checkout(sessions.data[0]) if sessions.data else None

    return ask(found)


def _checkout(session: Any) -> Checkout:
    noted = metadata_of(session)
    return Checkout(
        id=session.id,
        url=session.url or "",
        top_up=session.client_reference_id or "",
        status=session.status or "",
        payment_status=session.payment_status or "",
        amount_cents=session.amount_total or 0,
        tax_cents=field(field(session, "total_details"), "amount_tax") or 0,
        currency=session.currency or "",
        payment_intent=id_of(session.payment_intent),
        success_url=session.success_url or "",
        workspace=noted.get("workspace", ""),
        asked_cents=noted.get("amount_cents", ""),
        saves_card=noted.get("saves_card") == "yes",
    )
