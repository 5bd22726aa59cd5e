"""`{% load calls %}`: what is remarkable about a call, in words."""

from django import template

from billing.models import Call
from solver.core.money import format_usd_exact

register = template.Library()


@register.filter
def call_notes(call: Call) -> str:
    """Return the call's peculiarities, separated by semicolons; nothing where it was ordinary."""
    notes = [
        f"the house paid {format_usd_exact(call.overrun_nano)}" if call.overrun_nano else "",
        "no usage sent, settled at a bound" if call.usage_missing else "",
        f"{call.cache_read_tokens:,} cached" if call.cache_read_tokens else "",
        f"{call.cache_write_tokens:,} written to the cache" if call.cache_write_tokens else "",
        f"{call.reasoning_tokens:,} reasoning" if call.reasoning_tokens else "",
        call.error,
    ]
    return "; ".join(note for note in notes if note)
