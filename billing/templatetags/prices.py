"""`{% load prices %}`: figures of the price book, aligned and in words."""

from decimal import Decimal

from django import template

from billing.prices.comparison import FEES, LIMITS
from billing.templatetags.money import usd_per_million
from solver.core.money import format_usd_exact

register = template.Library()

_DIGIT_SPACE = "\u2007"
_DECIMALS = 4


@register.filter
def price_of(value: int | None, name: str) -> str:
    """Return a class's figure as its name wants it: dollars per million tokens, dollars of a fee, tokens of a limit."""
    if value is None:
        return "—"
    if name in LIMITS:
        return f"{value:,} tokens"
    return format_usd_exact(value) if name in FEES else usd_per_million(value)


@register.filter
def per_million(pico: int | None) -> str:
    """Return dollars per million tokens without their sign, their points one below the other; a dash for none."""
    if pico is None:
        return "—" + _DIGIT_SPACE * _DECIMALS
    whole, _, cents = f"{Decimal(pico).scaleb(-6):f}".partition(".")
    shown = f"{cents.rstrip('0'):0<2}"
    return f"{int(whole):,}.{shown}{_DIGIT_SPACE * (_DECIMALS - len(shown))}"
