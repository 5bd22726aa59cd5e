"""`{% load money %}`: nano-USD for people, `{{ nano|usd }}` rounded to a cent, `{{ nano|usd_exact }}` in full.

`{% aligned %}<table>…</table>{% endaligned %}` sets the points of a table's amounts one below the other.
"""

from typing import Any

from django import template

from billing.templatetags.columns import aligned
from solver.core.money import (
    format_usd,
    format_usd_about,
    format_usd_at_least,
    format_usd_at_most,
    format_usd_exact,
    usd_decimal,
)

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

register = template.Library()
register.tag(aligned)


@register.filter
def usd(nano: int | None) -> str:
    """Return dollars rounded to a cent for display; an em dash for nothing."""
    return "—" if nano is None else format_usd(int(nano))


@register.filter
def usd_at_most(nano: int | None) -> str:
    """Return dollars rounded down to a cent, for what can be spent; an em dash for nothing."""
    return "—" if nano is None else format_usd_at_most(int(nano))


@register.filter
def usd_at_least(nano: int | None) -> str:
    """Return dollars rounded up to a cent, for what must be paid; an em dash for nothing."""
    return "—" if nano is None else format_usd_at_least(int(nano))


@register.filter
def usd_exact(nano: int | None) -> str:
    """Return dollars with every digit that counts; an em dash for nothing."""
    return "—" if nano is None else format_usd_exact(int(nano))


@register.filter
def usd_about(nano: int | None) -> str:
    """Return an estimate in dollars, two digits where it is small; an em dash for nothing."""
    return "—" if nano is None else format_usd_about(int(nano))


@register.filter
def usd_signed(nano: int | None) -> str:
    """Return exact dollars with a plus or minus sign, for movements."""
    if nano is None:
        return "—"
    return f"+{format_usd_exact(int(nano))}" if int(nano) > 0 else format_usd_exact(int(nano))


@register.filter
def usd_taken(nano: int | None) -> str:
    """Return exact dollars that were taken away, with the sign of that."""
    return "—" if nano is None else usd_signed(-int(nano))


@register.filter
def usd_plain(nano: int | None) -> str:
    """Return the exact decimal amount without a currency sign, for forms and CSV."""
    return "" if nano is None else usd_decimal(int(nano))


def hours_utc(window: dict[str, Any]) -> str:
    """Return when the rates of a window of a price hold, such as `Mon Tue 04:00–06:00 UTC`."""
    days = " ".join(_WEEKDAYS[day - 1] for day in window["weekdays"])
    begin, end = (
        f"{minute // 60:02d}:{minute % 60:02d}" for minute in (window["from_minute"], window["to_minute"])
    )
    return f"{days} {begin}–{end} UTC"


@register.filter
def usd_per_million(pico: int | None) -> str:
    """Return dollars per million tokens of a rate in pico-USD per token; an em dash for none."""
    # 1 pico-USD per token = 1,000 nano-USD per million tokens.
    return "—" if pico is None else format_usd_exact(int(pico) * 1_000)
