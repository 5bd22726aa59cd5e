"""A model's rates as a source publishes them, in the columns of a Price: pico-USD per token, nano-USD per call."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

PICO_PER_USD = Decimal(10) ** 12
NANO_PER_USD = Decimal(10) ** 9
DEFAULT_MAX_OUTPUT = 16_384
"""Where a source names no output limit: a cautious one, in tokens."""
MALFORMED = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)
"""What reading a model raises that is not priced by the token, or of which a source says what cannot be."""
_MOST = 10**12
_DUST = Decimal(10) ** -12


@dataclass(frozen=True, slots=True)
class Published:
    """One model of a source. `reasons`, `sees`, `calls_tools` and `ends` as in the shipped list.

    `address` is where the provider says so.
    """

    model: str
    rates: dict[str, Any]
    reasons: bool = False
    sees: bool = False
    calls_tools: bool = False
    ends: date | None = None
    address: str = ""
    notes: tuple[str, ...] = field(default=())
    """What the source says besides, and Ponder has no use for or cannot represent."""

    @property
    def provider(self) -> str:
        """The provider, as litellm names it."""
        return self.model.partition("/")[0]


def pico(usd_per_token: Decimal | int | str) -> int:
    """Return whole pico-USD per token. Raises one of MALFORMED for a rate that is not whole, negative, or above $1."""
    return _whole(Decimal(usd_per_token) * PICO_PER_USD, f"{usd_per_token} USD per token", "pico-USD")


def nano(usd: Decimal | int | str) -> int:
    """Return whole nano-USD of a fee per call. Raises like `pico`, for more than $1,000."""
    return _whole(Decimal(usd) * NANO_PER_USD, f"{usd} USD", "nano-USD")


def _whole(rate: Decimal, said: str, unit: str) -> int:
    whole = rate.to_integral_value() if rate.is_finite() and 0 <= rate <= _MOST else None
    # A source may write what was left of a binary fraction, such as 1.6000000000000002E-7.
    if whole is None or abs(rate - whole) > whole * _DUST:
        raise ValueError(f"{said} is not a whole number of {unit}, or no price that anybody asks")
    return int(whole)
