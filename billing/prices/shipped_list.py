"""The shipped price list: reviewed, dated, and ordered weak to strong within each provider. Rates are pico-USD."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "price_list.json"
BUNDLED_PROVIDER = "demo"

RATE_FIELDS = (
    "input_pico",
    "output_pico",
    "cache_read_pico",
    "cache_write_pico",
    "reasoning_pico",
    "request_nano",
    "tiers",
    "context_window",
    "max_output_tokens",
)


@dataclass(frozen=True, slots=True)
class ShippedModel:
    """One model of the list. `rates` holds the columns of a Price; `sha256` changes when any of them does.

    `reasons` says whether it thinks out of sight before it answers, unless told not to; `kinds` names the problem kinds
    it is for (none: any).
    """

    model: str
    provider: str
    family: str
    is_panel: bool
    source: str
    rates: dict[str, Any]
    sha256: str
    reasons: bool = False
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
    """Return the sensible models of these providers (as litellm names them), weak to strong."""
    return [
        shipped.model for shipped in shipped_models() if shipped.is_panel and shipped.provider in providers
    ]


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
        kinds=tuple(raw.get("kinds", ())),
        source=raw["source"],
        rates=rates,
        sha256=fingerprint(rates),
    )
