"""Prices as the package genai-prices (Pydantic, MIT) publishes them; nothing is fetched.

Only workers and commands load it: that takes most of a second. It names no output limit.
"""

import importlib.metadata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from billing.prices.sources.litellm_map import SERVICES
from billing.prices.sources.published import MALFORMED, Published, nano, pico

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "aws",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "groq": "groq",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "novita": "novita",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together_ai": "together",
    "vertex_ai": "google",
    "xai": "x-ai",
    "zai": "zai",
}
"""Providers as litellm and as genai-prices name them."""
_MILLIONTH = Decimal(10) ** -6
_RATES = {
    "input_mtok": "input_pico",
    "output_mtok": "output_pico",
    "cache_read_mtok": "cache_read_pico",
    "cache_write_mtok": "cache_write_pico",
    "cache_write_1h_mtok": "cache_write_1h_pico",
}
# Two of our providers are one there: what only genai-prices knows is listed under the first.
_LISTED_ELSEWHERE = frozenset({"vertex_ai"})


def version() -> str:
    """Return the version of the package, which is that of its prices."""
    return importlib.metadata.version("genai-prices")


def published(providers: Collection[str], names: Iterable[str]) -> Iterator[Published]:
    """Yield these providers' models: those with the given names, as far as they are known, and those it alone knows."""
    found: set[tuple[str, str]] = set()
    named = set(names)
    for name in sorted(named):
        provider = name.partition("/")[0]
        model = find(name) if provider in providers else None
        if model is not None:
            found.add((provider, model.id))
            yield from _entry(name, model)
    yield from (each for each in _others(providers, found) if each.model not in named)


def look_up(name: str) -> Published | None:
    """Return the model that Ponder calls by this name; None: it is not known, or not priced by the token."""
    model = find(name)
    return next(_entry(name, model), None) if model is not None else None


def _others(providers: Collection[str], found: Collection[tuple[str, str]]) -> Iterator[Published]:
    for provider in sorted(set(providers) & set(PROVIDERS) - _LISTED_ELSEWHERE):
        for model in _providers()[PROVIDERS[provider]].models:
            if (provider, model.id) not in found:
                yield from _entry(f"{provider}/{model.id}", model)


def find(name: str) -> "ModelInfo | None":
    """Return what is known of a model that Ponder calls by this name."""
    provider, _, short = name.partition("/")
    known = _providers().get(PROVIDERS.get(provider, ""))
    return known.find_model(short, all_providers=list(_providers().values())) if known else None


def _providers() -> "dict[str, Provider]":
    from genai_prices.data import providers

    return {provider.id: provider for provider in providers}


def _entry(name: str, model: "ModelInfo") -> Iterator[Published]:
    try:
        rates = _rates(model)
    except MALFORMED:
        return  # priced by the minute or by the page, or in parts too small to be charged
    comments = (model.price_comments,) if model.price_comments else ()
    deprecated = ("said to be deprecated",) if model.deprecated else ()
    yield Published(model=name, rates=rates, notes=(*deprecated, *comments))


def _rates(model: "ModelInfo") -> dict[str, Any]:
    plain = _dearest(model)
    rates = _at(plain, 0)
    if (reasoning := _price(plain, "output_reasoning_mtok", 0)) is not None:
        rates["reasoning_pico"] = pico(reasoning * _MILLIONTH)
    if (fee := _price(plain, "requests_kcount", 0)) is not None:
        rates["request_nano"] = nano(fee * _MILLIONTH * 1000)
    if tiers := [*_tiers(plain), *_service_tiers(model)]:
        rates["tiers"] = tiers
    return rates | ({"context_window": model.context_window} if model.context_window else {})


def _dearest(model: "ModelInfo") -> "ModelPrice":
    """Return today's prices; of those that depend on the hour, the dearest."""
    now = datetime.now(tz=UTC)
    hours = [model.get_prices(now.replace(hour=hour, minute=30)) for hour in range(24)]
    return max(hours, key=lambda prices: _price(prices, "output_mtok", 0) or Decimal(0))


def _service_tiers(model: "ModelInfo") -> Iterator[dict[str, Any]]:
    now = datetime.now(tz=UTC)
    for service in SERVICES:
        context = _context(service)
        if any(variant.when == context for variant in model.price_variants or ()):
            prices = model.get_prices(now, context)
            yield {"above_prompt_tokens": 0, "service": service} | _at(prices, 0)
            yield from ({"service": service} | tier for tier in _tiers(prices))


def _context(service: str) -> dict[str, str]:
    """Return what it calls a service tier."""
    return {"processing": "batch"} if service == "batch" else {"service_tier": service}


def _tiers(prices: "ModelPrice") -> list[dict[str, Any]]:
    starts = {tier.start for each in vars(prices).values() for tier in getattr(each, "tiers", ())}
    return [{"above_prompt_tokens": start} | _at(prices, start) for start in sorted(starts)]


def _at(prices: "ModelPrice", above: int) -> dict[str, Any]:
    """Return the rates of a prompt of more than `above` tokens. Raises KeyError without a rate of input or output."""
    found = {}
    for key, field in _RATES.items():
        price = _price(prices, key, above)
        if price is not None:
            found[field] = pico(price * _MILLIONTH)
    if {"input_pico", "output_pico"} - set(found):
        raise KeyError("input_mtok or output_mtok")
    return found


def _price(prices: "ModelPrice", key: str, above: int) -> Decimal | None:
    price = vars(prices).get(key)
    if price is None or isinstance(price, Decimal):
        return price
    reached = [tier.price for tier in price.tiers if tier.start <= above]
    found: Decimal = reached[-1] if above and reached else price.base
    return found


def cost_usd(name: str, tokens: Mapping[str, int], *, at: datetime, service: str) -> Decimal | None:
    """Return what a call cost by its formula and prices; None: it does not know the model, or cannot price the tokens."""
    from genai_prices.types import Usage

    model = find(name)
    if model is None:
        return None
    provider = _providers()[PROVIDERS[name.partition("/")[0]]]
    context = _context(service) if service else None
    try:
        found = model.calc_price(Usage(**tokens), provider, genai_request_timestamp=at, price_context=context)
    except ValueError:
        return None
    return found.total_price
