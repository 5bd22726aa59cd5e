"""Customers at Stripe, the cards that they let us keep, and the portal in which they see their payments."""

import uuid
from dataclasses import dataclass
from typing import Any

from billing.errors import StripeProblem
from billing.payments.stripe_api.gateway import UNKNOWN_OBJECT, ask, field, id_of


@dataclass(frozen=True, slots=True)
class Card:
    """A saved way to pay, as people know it. No customer: it was removed."""

    id: str
    customer: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


def create_customer(*, workspace: uuid.UUID, email: str) -> str:
    """Make a customer for a workspace and return its id; asking again within a day returns the same."""
    customer = {"email": email, "metadata": {"workspace": str(workspace)}}
    key = {"idempotency_key": f"customer:{workspace}"}
    return ask(lambda client: str(client.v1.customers.create(customer, key).id))


def fetch_card(payment_method: str) -> Card | None:
    """Return a saved card as it is now; None where Stripe does not know it."""
    try:
        return ask(lambda client: card_of(client.v1.payment_methods.retrieve(payment_method)))
    except StripeProblem as problem:
        if problem.code == UNKNOWN_OBJECT:
            return None
        raise


def detach_card(payment_method: str) -> None:
    """Have Stripe forget a card; forgetting it again is no error."""
    card = fetch_card(payment_method)
    if card is not None and card.customer:
        ask(lambda client: client.v1.payment_methods.detach(payment_method))


def open_portal(*, customer: str, return_url: str) -> str:
    """Return the address of Stripe's page where a customer sees invoices and receipts and changes cards and address."""
    asked = {"customer": customer, "return_url": return_url}
    return ask(lambda client: str(client.v1.billing_portal.sessions.create(asked).url))


def card_of(found: Any) -> Card | None:
    """Return an expanded payment method as a card (or another way to pay, by its kind); None where it is not expanded."""
    if found is None or isinstance(found, str):
        return None
    card = field(found, "card")
    return Card(
        id=found.id,
        customer=id_of(field(found, "customer")),
        brand=str(field(card, "brand") or field(found, "type") or ""),
        last4=str(field(card, "last4") or ""),
        exp_month=field(card, "exp_month") or 0,
        exp_year=field(card, "exp_year") or 0,
    )
