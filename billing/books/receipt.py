"""A job's receipt, line by line: each model as its replies name it, at each price, and the calls that nobody answered.

Amounts are nano-USD. The lines add up to the charge exactly: nothing is rounded before it is shown.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from django.db import connection

from solver.core.money import usd_decimal

RECEIPT_HEADER = (
    *(
        "what",
        "model",
        "named_by_reply",
        "price",
        "price_since",
        "calls",
        "input_tokens",
        "cache_read_tokens",
    ),
    *("cache_write_tokens", "cache_write_1h_tokens", "audio_tokens", "image_tokens", "output_tokens"),
    *("reasoning_tokens", "fees_per_use_usd", "provider_cost_usd"),
    *("markup_usd", "charged_usd", "reserved_usd", "outcome"),
)

_LINES = """
SELECT c.kind, c.model, c.served_model, c.price_id, p.effective_from, p.source, count(*)::int,
    sum(c.input_tokens)::bigint, sum(c.cache_read_tokens)::bigint, sum(c.cache_write_tokens)::bigint,
    sum(c.cache_write_1h_tokens)::bigint, sum(c.audio_tokens)::bigint, sum(c.image_tokens)::bigint,
    sum(c.output_tokens)::bigint, sum(c.reasoning_tokens)::bigint,
    sum(billing_fees(c.kind, least(c.cost_nano, c.billed_nano), c.usage, p.request_nano, p.search_nano))::bigint,
    sum(least(c.cost_nano, c.billed_nano))::bigint, sum(c.billed_nano)::bigint
FROM billing_call c LEFT JOIN billing_price p ON p.id = c.price_id
WHERE c.job_id = %s AND c.state = 'settled'
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 18 DESC, 2, 3, 4
"""
_DOUBTS = """
SELECT c.model, count(*)::int, sum(c.hold_nano)::bigint,
    (count(*) FILTER (WHERE a.closed_at IS NOT NULL))::int,
    (count(*) FILTER (WHERE i.state = 'closed'))::int
FROM billing_call c
JOIN billing_account a ON a.id = c.escrow_id
LEFT JOIN billing_reconciliationitem i
    ON i.model = c.model AND i.day = (c.created_at AT TIME ZONE 'UTC')::date
WHERE c.job_id = %s AND c.state = 'in_doubt'
GROUP BY 1 ORDER BY 3 DESC, 1
"""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """What one model's answered calls at one price came to.

    `served_model` is the name that replies give; tokens read from and written to the cache, of audio and of images are
    part of the input, those written for an hour of those written, reasoning tokens of the output, fees of the provider's
    cost.
    """

    kind: str
    model: str
    served_model: str
    price_id: int | None
    price_since: datetime | None
    price_source: str | None
    calls: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    audio_tokens: int
    image_tokens: int
    output_tokens: int
    reasoning_tokens: int
    fees_nano: int
    provider_nano: int
    billed_nano: int

    @property
    def markup_nano(self) -> int:
        """What was charged beyond the provider's cost."""
        return self.billed_nano - self.provider_nano


@dataclass(frozen=True, slots=True)
class DoubtLine:
    """Calls to one model that nobody answered: what was reserved for them, and what came of it."""

    model: str
    calls: int
    reserved_nano: int
    returned: int
    """So many of them lie in a budget whose rest has gone back to the wallet."""
    billed: int
    """For so many the provider's bill has come, and the house has paid what it says."""

    @property
    def outcome(self) -> str:
        """What became of the money, in words."""
        if self.returned < self.calls:
            return "kept back until the job ends, then returned"
        if self.billed == self.calls:
            return "returned; the provider's bill has come, and you pay nothing of it"
        return "returned; should the provider bill them, you pay nothing of it"


@dataclass(frozen=True, slots=True)
class Receipt:
    """All lines of a job's receipt."""

    lines: Sequence[ReceiptLine]
    doubts: Sequence[DoubtLine]

    @property
    def fees_nano(self) -> int:
        """All fees per use together."""
        return sum(line.fees_nano for line in self.lines)

    @property
    def provider_nano(self) -> int:
        """All providers' cost together."""
        return sum(line.provider_nano for line in self.lines)

    @property
    def markup_nano(self) -> int:
        """The whole markup."""
        return sum(line.markup_nano for line in self.lines)

    @property
    def billed_nano(self) -> int:
        """The whole charge."""
        return sum(line.billed_nano for line in self.lines)


def receipt_of(job_id: uuid.UUID) -> Receipt:
    """Return the receipt of a job over all its versions."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [job_id])
        lines = [ReceiptLine(*row) for row in cursor.fetchall()]
        cursor.execute(_DOUBTS, [job_id])
        doubts = [DoubtLine(*row) for row in cursor.fetchall()]
    return Receipt(lines, doubts)


def receipt_rows(receipt: Receipt) -> Iterator[list[object]]:
    """Yield the receipt as rows under RECEIPT_HEADER, the total last; amounts are exact decimal strings."""
    for line in receipt.lines:
        tokens = [getattr(line, field.name) for field in fields(line) if field.name.endswith("_tokens")]
        money = (line.fees_nano, line.provider_nano, line.markup_nano, line.billed_nano)
        yield [
            *("calls" if line.kind == "model" else line.kind, line.model, line.served_model),
            *(line.price_source or "", line.price_since or "", line.calls, *tokens),
            *(*map(usd_decimal, money), "", ""),
        ]
    for doubt in receipt.doubts:
        reserved = (usd_decimal(doubt.reserved_nano), doubt.outcome)
        yield ["never answered", doubt.model, "", "", "", doubt.calls, *[""] * 11, "0", *reserved]
    money = (receipt.fees_nano, receipt.provider_nano, receipt.markup_nano, receipt.billed_nano)
    yield ["total", *[""] * 13, *map(usd_decimal, money), "", ""]


def receipt_json(receipt: Receipt) -> dict[str, object]:
    """Return the receipt as JSON has it; amounts are exact decimal strings."""
    return {
        "lines": [
            _shown(line, ("fees_nano", "provider_nano", "markup_nano", "billed_nano"))
            for line in receipt.lines
        ],
        "never_answered": [
            _shown(doubt, ("reserved_nano",)) | {"outcome": doubt.outcome} for doubt in receipt.doubts
        ],
        "total": _shown(receipt, ("fees_nano", "provider_nano", "markup_nano", "billed_nano")),
    }


def _shown(of: ReceiptLine | DoubtLine | Receipt, amounts: Sequence[str]) -> dict[str, object]:
    """Return the fields of a part, its amounts in dollars."""
    plain = [field.name for field in fields(of) if field.name not in {*amounts, "lines", "doubts"}]
    found = {name: getattr(of, name) for name in plain}
    return found | {name.replace("_nano", "_usd"): usd_decimal(getattr(of, name)) for name in amounts}
