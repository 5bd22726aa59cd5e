"""The shipped price list: reviewed, dated, and ordered weak to strong within each provider. Rates are pico-USD."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "price_list.json"
BUNDLED_PROVIDER = "demo"
_OLD = timedelta(days=60)

RATE_FIELDS = (
    "input_pico",
    "output_pico",
    "cache_read_pico",
    "cache_write_pico",
    "cache_write_1h_pico",
    "reasoning_pico",
    "request_nano",
    "audio_pico",
    "search_nano",
    "tiers",
    "windows",
    "context_window",
    "max_output_tokens",
)


@dataclass(frozen=True, slots=True)
class ShippedModel:
    """One model of the list. `rates` holds the columns of a Price; `sha256` changes when any of them does.

    `sees` says whether it can be shown pictures, `calls_tools` whether it calls tools, `reasons` whether it thinks out of
    sight before it answers, unless told not to; `kinds` names the problem kinds it is for (none: any); `ends` is when its
    provider ceases to serve it.
    """

    model: str
    provider: str
    family: str
    is_panel: bool
    source: str
    rates: dict[str, Any]
    sha256: str
    reasons: bool = False
    sees: bool = False
    calls_tools: bool = False
    ends: date | None = None
    kinds: tuple[str, ...] = ()


@cache
def reviewed_at() -> datetime:
    """Return the date of the list, from which its first prices hold."""
    return datetime.fromisoformat(_read()["reviewed"]).replace(tzinfo=UTC)


@cache
def shipped_models() -> tuple[ShippedModel, ...]:
    """Return the models of the list in its order: providers together, weak to strong."""
    return tuple(_shipped(raw) for raw in _read()["models"])


def default_panel(providers: Collection[str]) -> list[str]:
    """Return the sensible models of these providers (as litellm names them), weak to strong, that have not ended."""
    ended = listed_ended_models()
    return [
        shipped.model
        for shipped in shipped_models()
        if shipped.is_panel and shipped.provider in providers and shipped.model not in ended
    ]


def listed_ended_models() -> dict[str, date]:
    """Return the models that their providers serve no more, with the date since which: listed now, or once."""
    today = datetime.now(tz=UTC).date()
    once = {model: date.fromisoformat(ends) for model, ends in _read()["ended"].items()}
    return once | {
        each.model: each.ends for each in shipped_models() if each.ends is not None and each.ends <= today
    }


def is_old() -> bool:
    """Whether the list was reviewed so long ago that its prices may not hold any more."""
    return datetime.now(tz=UTC) - reviewed_at() > _OLD


def is_bundled(model: str) -> bool:
    """Whether trial credit always reaches this model, because it runs on the operator's own machine."""
    return model.split("/", 1)[0] == BUNDLED_PROVIDER


def fingerprint(rates: dict[str, Any]) -> str:
    """Return a hash of the rates, the same for the same rates."""
    return hashlib.sha256(json.dumps(rates, sort_keys=True).encode()).hexdigest()


def _read() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def _shipped(raw: dict[str, Any]) -> ShippedModel:
    rates = {field: raw[field] for field in RATE_FIELDS if field in raw}
    return ShippedModel(
        model=raw["model"],
        provider=raw["provider"],
        family=raw["family"],
        is_panel=raw["panel"],
        reasons=raw.get("reasons", False),
        sees=raw.get("sees", False),
        calls_tools=raw.get("calls_tools", False),
        ends=date.fromisoformat(raw["ends"]) if "ends" in raw else None,
        kinds=tuple(raw.get("kinds", ())),
        source=raw["source"],
        rates=rates,
        sha256=fingerprint(rates),
    )
