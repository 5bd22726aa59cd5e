"""Units of money: integer nano-USD (1e-9 USD) inside, decimal dollars only where people read or type them."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

NANO_PER_USD = 1_000_000_000
NANO_PER_CENT = 10_000_000
PICO_PER_NANO = 1_000

# More than all the money there is; keeps amounts far inside a bigint (9.2e18).
_MAX_USD = Decimal(1_000_000_000)
_PLAIN_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12}")
# A thousand with separators, whose point is then the other sign. No group of thousands begins with a zero.
_IN_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}((,[0-9]{3})+(\.[0-9]*)?|(\.[0-9]{3})+,[0-9]{0,2})")
# A comma with one or two digits behind it is a decimal comma; with three it might be either.
_DECIMAL_COMMA = re.compile(r"[0-9]{0,12},[0-9]{1,2}")


class MoneyError(ValueError):
    """A text that is not an amount of money; the message says what is expected."""


def parse_usd(
    text: str,
    *,
    name: str = "Budget",
    minimum_nano: int = NANO_PER_CENT,
    maximum_nano: int | None = None,
    whole_cents: bool = True,
    allow_zero: bool = False,
) -> int:
    """Return the nano-USD of a typed amount of dollars such as `5`, `0.05`, `3,50`, `$1,000.00`, `1.000,00`.

    `whole_cents` refuses more than two decimals. Raises MoneyError with a message for the person who typed it.
    """
    cleaned = _with_decimal_point(text.strip().removeprefix("$").strip())
    least = format_usd(0 if allow_zero else minimum_nano)
    bounds = f"between {least} and {format_usd(maximum_nano)}" if maximum_nano else f"of at least {least}"
    expected = f"Enter dollars {bounds}{_examples(minimum_nano, maximum_nano)}."
    if not _PLAIN_DECIMAL.fullmatch(cleaned):
        shown = cleaned[:40]
        raise MoneyError(
            f"{name}: “{shown}” is not an amount. {expected}" if shown else f"{name} is empty. {expected}"
        )
    usd = Decimal(cleaned)
    if usd > _MAX_USD:
        raise MoneyError(f"{name}: ${cleaned} is too large. {expected}")
    if whole_cents and usd != usd.quantize(Decimal("0.01")):
        raise MoneyError(f"{name}: ${cleaned} has fractions of a cent. Use whole cents, such as 0.05.")
    nano = int(usd * NANO_PER_USD)
    if allow_zero and nano == 0:
        return 0
    if nano < minimum_nano or (maximum_nano is not None and nano > maximum_nano):
        raise MoneyError(f"{name}: {format_usd(nano)} is out of range. {expected}")
    return nano


def _examples(minimum_nano: int, maximum_nano: int | None) -> str:
    """Return amounts that would be taken, in words."""
    fit = [
        text
        for text in ("5", "0.05", "12.50")
        if minimum_nano <= Decimal(text) * NANO_PER_USD <= (maximum_nano or _MAX_USD * NANO_PER_USD)
    ]
    return f", such as {' or '.join(fit[:2])}" if fit else ""


def _with_decimal_point(typed: str) -> str:
    """Return an amount without separators of thousands and with a decimal point; as it is where that is in doubt."""
    if _IN_THOUSANDS.fullmatch(typed):
        is_comma_decimal = 0 <= typed.find(".") < typed.find(",")
        typed = typed.replace("." if is_comma_decimal else ",", "")
        return typed.replace(",", ".")
    return typed.replace(",", ".") if _DECIMAL_COMMA.fullmatch(typed) else typed


def usd_decimal(nano: int) -> str:
    """Return the exact dollars of `nano` as a decimal string for JSON, CSV and receipts, such as `0.0123`."""
    sign, magnitude = ("-", -nano) if nano < 0 else ("", nano)
    whole, fraction = divmod(magnitude, NANO_PER_USD)
    digits = f"{fraction:09d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{digits}"


def format_usd(nano: int) -> str:
    """Return dollars for people, rounded to a cent: `$3.12`, `−$0.50`, `< $0.01` for less than half a cent.

    Rounding is for display only; nothing is ever enforced on a rounded amount.
    """
    if nano == 0:
        return "$0.00"
    cents = int((Decimal(abs(nano)) / NANO_PER_CENT).to_integral_value(ROUND_HALF_UP))
    sign = "−" if nano < 0 else ""
    if cents == 0:
        return f"{sign}< $0.01" if not sign else "−< $0.01"
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def format_usd_at_most(nano: int) -> str:
    """Return dollars for people, rounded down to a cent, so that the amount shown can really be spent."""
    return format_usd(nano // NANO_PER_CENT * NANO_PER_CENT)


def format_usd_at_least(nano: int) -> str:
    """Return dollars for people, rounded up to a cent, so that the amount shown really suffices."""
    return format_usd(-(-nano // NANO_PER_CENT) * NANO_PER_CENT)


def format_usd_parts(nanos: Sequence[int]) -> list[str]:
    """Return parts of a sum for people, none of them negative, in cents that add up to the sum as it is shown.

    Each is rounded up or down to a cent; those with the largest remainders are rounded up.
    """
    cents = [nano // NANO_PER_CENT for nano in nanos]
    left = (sum(nanos) + NANO_PER_CENT // 2) // NANO_PER_CENT - sum(cents)
    by_remainder = sorted(range(len(nanos)), key=lambda n: -(nanos[n] % NANO_PER_CENT))
    for n in by_remainder[:left]:
        cents[n] += 1
    # A part that got no cent is not nothing.
    return [format_usd(cent * NANO_PER_CENT or min(nano, 1)) for cent, nano in zip(cents, nanos, strict=True)]


def format_usd_exact(nano: int) -> str:
    """Return dollars for people with every digit that counts, at least two: `$0.0123`."""
    text = usd_decimal(abs(nano))
    return f"{'−' if nano < 0 else ''}${text}"


def format_usd_about(nano: int) -> str:
    """Return an estimate for people, below a dollar with two digits that count: `$0.0012`."""
    if not 0 < nano < NANO_PER_USD:
        return format_usd(nano)
    step = 10 ** max(len(str(nano)) - 2, 0)
    return format_usd_exact((nano + step // 2) // step * step)


def whole_cents_of(nano: int) -> int:
    """Return the cents of an amount that is a whole number of them. Raises ValueError otherwise."""
    cents, rest = divmod(nano, NANO_PER_CENT)
    if rest:
        raise ValueError(f"{nano} nano-USD is not a whole number of cents")
    return cents
