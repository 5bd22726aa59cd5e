"""What moved our balance at Stripe: charges, refunds, disputes, fees, payouts. Amounts are whole cents."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing.payments.stripe_api.gateway import ask, field, id_of

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Movement:
    """One balance transaction; `payment_intent` is the payment that its source is about, if any."""

    id: str
    type: str
    amount_cents: int
    fee_cents: int
    currency: str
    source: str
    payment_intent: str
    created_at: datetime
    available_on: datetime | None


def movements_since(since: datetime) -> list[Movement]:
    """Return the balance transactions created since then, newest first."""

    def found(client: Any) -> list[Movement]:
        asked = {"created": {"gte": int(since.timestamp())}, "limit": _PAGE, "expand": ["data.source"]}
        return [_movement(each) for each in client.v1.balance_transactions.list(asked).auto_paging_iter()]

    return ask(found)


def balance_cents(currency: str) -> int:
    """Return what lies at Stripe in a currency now, available or on its way. Raises StripeProblem."""

    def found(client: Any) -> int:
        balance = client.v1.balance.retrieve()
        parts = [*(field(balance, "available") or []), *(field(balance, "pending") or [])]
        return sum(part.amount for part in parts if part.currency == currency)

    return ask(found)


def events_since(since: datetime, types: list[str]) -> Iterator[dict[str, Any]]:
    """Return the events of these types since then (Stripe keeps 30 days), as their webhooks carried them."""

    def found(client: Any) -> list[dict[str, Any]]:
        asked = {"created": {"gte": int(since.timestamp())}, "limit": _PAGE, "types": types}
        return [each.to_dict() for each in client.v1.events.list(asked).auto_paging_iter()]

    return iter(ask(found))


def _movement(found: Any) -> Movement:
    source = field(found, "source")
    about = source if source is not None and not isinstance(source, str) else None
    available = field(found, "available_on")
    return Movement(
        id=found.id,
        type=found.type or "",
        amount_cents=found.amount or 0,
        fee_cents=found.fee or 0,
        currency=found.currency or "",
        source=id_of(source),
        payment_intent=id_of(field(about, "payment_intent")),
        created_at=datetime.fromtimestamp(found.created, UTC),
        available_on=datetime.fromtimestamp(available, UTC) if available else None,
    )
