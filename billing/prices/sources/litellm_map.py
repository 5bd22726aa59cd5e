"""Prices as litellm publishes them: its bundled map, read as a file. litellm, slow and heavy, is never imported.

What a draft or the shipped list takes of an entry: rates of plain, cached, written and reasoning tokens, of long prompts,
service tiers and hours; a fee per call; limits; whether the model thinks; when its provider ceases to serve it.
"""

import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.prices.sources.published import DEFAULT_MAX_OUTPUT, MALFORMED, Published, nano, pico

RATES = {
    "input_cost_per_token": "input_pico",
    "output_cost_per_token": "output_pico",
    "cache_read_input_token_cost": "cache_read_pico",
    "cache_creation_input_token_cost": "cache_write_pico",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h_pico",
}
_ALWAYS = ("input_cost_per_token", "output_cost_per_token")
SERVICES = {"flex": "flex", "priority": "priority", "batch": "batches"}
"""The service tiers that a reply may name, or by which it is asked for, and what the map calls them."""
_WITH_BATCHES = frozenset({"openai", "anthropic"})
"""The providers whose batches Ponder can use."""
_MODES = frozenset({"chat", "responses"})
_MOST_TOKENS = 2**30
_DAY = 24 * 60
_DEFAULT_ADDRESS = "litellm's bundled price map"
# What Ponder never asks for.
_UNUSED = {"input_cost_per_image_token": "images"}


def version() -> str:
    """Return litellm's version, which is that of its map."""
    return importlib.metadata.version("litellm")


def published_map() -> dict[str, Any]:
    """Return litellm's map, with exact decimals."""
    spec = importlib.util.find_spec("litellm")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "model_prices_and_context_window_backup.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return found


def published(providers: Collection[str]) -> Iterator[Published]:
    """Yield the chat models of these providers whose rates Ponder can represent."""
    seen = set()
    for name, raw in published_map().items():
        if not isinstance(raw, dict) or raw.get("mode") not in _MODES:
            continue
        model = ponder_name(name, raw)
        if model.partition("/")[0] not in providers or model in seen:
            continue
        try:
            found = entry(model, raw)
        except MALFORMED:
            continue  # priced by the second, by a unit of its own, or not at all
        seen.add(model)
        yield found


def ponder_name(name: str, raw: dict[str, Any]) -> str:
    """Return what Ponder calls a model of the map: its provider, a slash, and the provider's own name for it."""
    provider = str(raw.get("litellm_provider", "")).partition("-")[0]
    provider = {"bedrock_converse": "bedrock", "bedrock_mantle": "bedrock"}.get(provider, provider)
    return name if name.startswith(f"{provider}/") else f"{provider}/{name}"


def entry(model: str, raw: dict[str, Any]) -> Published:
    """Return one model. Raises one of MALFORMED where the map lacks a rate or has one that is not whole."""
    raw = _by_size(raw) if raw.get("tiered_pricing") else raw
    rates: dict[str, Any] = {
        # Some providers count the prompt alone, some prompt and output: the smaller reading is always safe.
        "context_window": _tokens(raw.get("max_input_tokens") or raw["max_tokens"]),
        "max_output_tokens": _tokens(raw.get("max_output_tokens") or DEFAULT_MAX_OUTPUT),
        "input_pico": pico(raw["input_cost_per_token"]),
        "output_pico": pico(raw["output_cost_per_token"]),
    }
    rates["max_output_tokens"] = min(rates["max_output_tokens"], rates["context_window"])
    optional = {field: raw.get(name) for name, field in RATES.items() if name not in _ALWAYS}
    optional["reasoning_pico"] = raw.get("output_cost_per_reasoning_token")
    rates |= {field: pico(value) for field, value in optional.items() if value is not None}
    if fee := raw.get("input_cost_per_request"):
        rates["request_nano"] = nano(fee)
    if audio := raw.get("input_cost_per_audio_token"):
        rates["audio_pico"] = pico(audio)
    if searches := raw.get("search_context_cost_per_query"):
        rates["search_nano"] = max(nano(fee) for fee in searches.values())
    if tiers := [*long_prompt_tiers(raw), *service_tiers(raw)]:
        rates["tiers"] = tiers
    if windows := off_peak_windows(raw):
        rates["windows"] = windows
    ends = raw.get("deprecation_date")
    return Published(
        model=model,
        rates=rates,
        reasons=bool(raw.get("supports_reasoning") or raw.get("thinking_always_on")),
        sees=bool(raw.get("supports_vision")),
        calls_tools=bool(raw.get("supports_function_calling")),
        ends=date.fromisoformat(ends) if ends else None,
        address=str(raw.get("source", _DEFAULT_ADDRESS)),
        notes=_notes(raw),
    )


def _by_size(raw: dict[str, Any]) -> dict[str, Any]:
    """Return an entry that lists its rates by the length of prompts under the names that the others have.

    Reasoning has one rate in all: in longer prompts' output, the dearer of the two. Raises ValueError where lengths
    overlap or leave a gap.
    """
    flat, ends = dict(raw), Decimal(0)
    for tier in raw["tiered_pricing"]:
        begins, begins_k = Decimal(tier["range"][0]), Decimal(tier["range"][0]) / 1000
        if begins != ends or begins_k != int(begins_k):
            raise ValueError(f"{tier['range']} does not follow {ends}")
        ends = Decimal(tier["range"][1])
        if not begins:
            flat |= tier
            continue
        output = max(tier["output_cost_per_token"], tier.get("output_cost_per_reasoning_token", 0))
        rates = {name: tier[name] for name in RATES if name in tier} | {"output_cost_per_token": output}
        flat |= {f"{name}_above_{int(begins_k)}k_tokens": rate for name, rate in rates.items()}
    return flat


def long_prompt_tiers(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rates of long prompts (`input_cost_per_token_above_200k_tokens` and its like)."""
    return [_tier(raw, size=size) for size in _sizes(raw)]


def service_tiers(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rates of the service tiers (`input_cost_per_token_flex` and its like)."""
    return [
        _tier(raw, size=size, service=service)
        for service in SERVICES
        if f"input_cost_per_token_{SERVICES[service]}" in raw
        and (service != "batch" or raw.get("litellm_provider") in _WITH_BATCHES)
        for size in (0, *_sizes(raw))
    ]


def off_peak_windows(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rates of cheaper hours, of which the map writes `10:00-00:00` and weekdays, in UTC.

    Hours over midnight are two windows, the second of the day after.

    Raises ValueError where it says more than hours and rates.
    """
    off_peak = raw.get("off_peak_pricing")
    if not off_peak:
        return []
    if set(off_peak) - {"windows", *RATES}:
        raise ValueError(f"{off_peak} says more than hours and rates")
    rates = {field: pico(off_peak.get(name, raw[name])) for name, field in RATES.items() if name in raw}
    windows = []
    for window in off_peak["windows"]:
        hours = window["hours_utc"]
        for span in [hours] if isinstance(hours, str) else hours:
            begin, end = (60 * int(clock[:2]) + int(clock[3:]) for clock in span.split("-"))
            parts = [(0, begin, end or _DAY)] if begin < (end or _DAY) else [(0, begin, _DAY), (1, 0, end)]
            for later, from_minute, to_minute in parts:
                days = [(day - 1 + later) % 7 + 1 for day in window["weekdays"]]
                windows.append({"weekdays": days, "from_minute": from_minute, "to_minute": to_minute} | rates)
    return windows


def _sizes(raw: dict[str, Any]) -> list[int]:
    """Return above how many thousands of tokens a prompt is a long one."""
    keys = (re.fullmatch(r"input_cost_per_token_above_(\d+)k_tokens", key) for key in raw)
    return sorted(int(found[1]) for found in keys if found)


def _tier(raw: dict[str, Any], *, size: int, service: str = "") -> dict[str, Any]:
    """Return a tier's rates, those of input and output being the dearer of service and size where none is for both.

    Caches without a rate of their own are charged as the tier's input.
    """
    above, of_service = f"_above_{size}k_tokens" if size else "", f"_{SERVICES[service]}" if service else ""
    tier: dict[str, Any] = {"above_prompt_tokens": size * 1000}
    if service:
        tier["service"] = service
    for name, field in RATES.items():
        rate = raw.get(f"{name}{above}{of_service}")
        if rate is None and name in _ALWAYS:
            others = (raw.get(f"{name}{above}"), raw.get(f"{name}{of_service}"), raw[name])
            rate = max(each for each in others if each is not None)
        if rate is not None:
            tier[field] = pico(rate)
    return tier


def _notes(raw: dict[str, Any]) -> tuple[str, ...]:
    unused = [word for key, word in _UNUSED.items() if key in raw]
    uplifts = {
        key.rpartition("_")[2]: raw[key] for key in raw if key.startswith("regional_processing_uplift")
    }
    found = [f"priced besides: {', '.join(unused)}"] if unused else []
    if any("output_cost_per_reasoning_token" in tier for tier in raw.get("tiered_pricing", ())[1:]):
        found.append("all output after a long prompt is charged at the rate of reasoning")
    if uplifts:
        found.append("regional: " + ", ".join(f"{region} × {factor}" for region, factor in uplifts.items()))
    return tuple(found)


def _tokens(said: Any) -> int:
    tokens = int(Decimal(str(said)))
    if not 0 < tokens <= _MOST_TOKENS:
        raise ValueError(f"{said} is not a number of tokens")
    return tokens
