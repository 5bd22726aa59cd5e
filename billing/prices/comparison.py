"""How two sets of rates differ, class by class, and whether sources agree: within one part in a hundred."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from billing.templatetags.money import hours_utc

CLASSES = {
    "input_pico": "input",
    "cache_read_pico": "cache read",
    "cache_write_pico": "cache write",
    "cache_write_1h_pico": "cache write, 1 h",
    "output_pico": "output",
    "reasoning_pico": "reasoning",
    "audio_pico": "audio heard",
}
_LIMIT_FIELDS = {"context_window": "context", "max_output_tokens": "longest output"}
LIMITS = frozenset(_LIMIT_FIELDS.values())
FEE = "fee per call"
SEARCH_FEE = "fee per web search"
FEES = frozenset({FEE, SEARCH_FEE})
_WITHIN = 100
"""Prices agree that differ by at most one part in so many."""


class Difference(NamedTuple):
    """One class of tokens (or a fee, or a limit) and what it costs in both, None where one does not say."""

    name: str
    before: int | None
    after: int | None


def by_class(rates: Mapping[str, Any]) -> dict[str, int]:
    """Return every rate by the name of its class, long prompts, service tiers and cheaper hours included."""
    found = _classes(rates)
    if rates.get("request_nano"):
        found[FEE] = rates["request_nano"]
    if rates.get("search_nano"):
        found[SEARCH_FEE] = rates["search_nano"]
    for tier in rates.get("tiers", ()):
        size = f" above {tier['above_prompt_tokens']:,}" if tier["above_prompt_tokens"] else ""
        service = f"{tier['service']} " if tier.get("service") else ""
        found |= {f"{service}{name}{size}": rate for name, rate in _classes(tier).items()}
    for window in rates.get("windows", ()):
        found |= {f"{name}, {hours_utc(window)}": rate for name, rate in _classes(window).items()}
    return found


def limits_of(rates: Mapping[str, Any]) -> dict[str, int]:
    """Return the limits of a model by their names, in tokens."""
    return {name: rates[field] for field, name in _LIMIT_FIELDS.items() if field in rates}


def agree(one: int, other: int) -> bool:
    """Tell whether two rates differ by at most one in a hundred."""
    return abs(one - other) * _WITHIN <= max(one, other)


def sources_agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two sources agree on each class of which both say what it costs at the standard service."""
    mine, its = by_class(one), by_class(other)
    return all(agree(mine[name], its[name]) for name in mine.keys() & its.keys())


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return what changes where `after` takes the place of `before`: rates, fees and limits."""
    old, new = by_class(before) | limits_of(before), by_class(after) | limits_of(after)
    names = list(dict.fromkeys([*old, *new]))
    return [
        Difference(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)
    ]


def _classes(rates: Mapping[str, Any]) -> dict[str, int]:
    return {name: rates[field] for field, name in CLASSES.items() if rates.get(field) is not None}
