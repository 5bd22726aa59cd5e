"""`{% load calls %}`: what is remarkable about a call, in words."""

from collections.abc import Mapping
from uuid import UUID

from django import template

from billing.cost_review.waterfall import Bar
from billing.models import Call, CallState
from solver.core.money import format_usd_exact

register = template.Library()


def is_other_model(asked: str, served: str) -> bool:
    """Tell whether a reply names another model than the one that was asked for, or a version of it."""
    short, named = asked.rpartition("/")[2].lower(), served.rpartition("/")[2].lower()
    return bool(named) and not named.startswith(short)


def _tier_note(call: Call) -> str:
    """Return at which service tier a call was asked for and served, where that is not the standard one."""
    is_served = call.state == CallState.SETTLED
    if call.asked_tier and is_served and call.asked_tier != call.service_tier:
        return f"asked for {call.asked_tier} service, served as {call.service_tier or 'standard'}"
    tier = call.service_tier if is_served else call.asked_tier
    return f"{tier} service" if tier else ""


@register.filter
def call_notes(call: Call) -> str:
    """Return the call's peculiarities, separated by semicolons; nothing where it was ordinary."""
    notes = [
        f"the house paid {format_usd_exact(call.overrun_nano)}" if call.overrun_nano else "",
        "no usage sent, settled at a bound" if call.usage_missing else "",
        f"{call.cache_read_tokens:,} cached" if call.cache_read_tokens else "",
        f"{call.cache_write_tokens:,} written to the cache" if call.cache_write_tokens else "",
        f"{call.cache_write_1h_tokens:,} of it for an hour" if call.cache_write_1h_tokens else "",
        f"{call.audio_tokens:,} audio" if call.audio_tokens else "",
        f"{call.image_tokens:,} images" if call.image_tokens else "",
        _tier_note(call),
        f"served by {call.served_model}" if is_other_model(call.model, call.served_model) else "",
        f"{call.reasoning_tokens:,} reasoning" if call.reasoning_tokens else "",
        call.error,
    ]
    return "; ".join(note for note in notes if note)


@register.filter
def bar_of(bars: Mapping[UUID, Bar], call_id: UUID) -> Bar | None:
    """Return the bar of one call."""
    return bars.get(call_id)
