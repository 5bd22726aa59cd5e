"""Writes `price_list.json` from litellm's bundled map, read as a file: `python -m billing.prices.build_price_list`.

The list is reviewed by a person before it ships; running this again shows in `git diff` what changed. Rates become
whole pico-USD (1e-12 USD) per token; a rate that is not whole stops the script.
"""

import datetime as dt
import importlib.util
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

PRICE_LIST = Path(__file__).parent / "price_list.json"
PICO_PER_USD = Decimal(10) ** 12
_OFF_PEAK_RATES = {
    "input_cost_per_token": "input_pico",
    "output_cost_per_token": "output_pico",
    "cache_read_input_token_cost": "cache_read_pico",
    "cache_creation_input_token_cost": "cache_write_pico",
}

# litellm's name, family, panel member? Ordered weak to strong within each provider.
SELECTION: dict[str, list[tuple[str, str, bool]]] = {
    "openai": [
        ("gpt-4.1-nano", "gpt-4.1", False),
        ("gpt-5-nano", "gpt-5", False),
        ("gpt-6-luna", "gpt-6", True),
        ("gpt-4.1-mini", "gpt-4.1", False),
        ("gpt-5-mini", "gpt-5", False),
        ("gpt-5.4-mini", "gpt-5.4", True),
        ("gpt-5", "gpt-5", False),
        ("gpt-6-sol", "gpt-6", True),
        ("gpt-5.5", "gpt-5.5", False),
        ("gpt-6-astra", "gpt-6", False),
    ],
    "anthropic": [
        ("claude-haiku-5-5", "claude-5-5", True),
        ("claude-haiku-4-5", "claude-4-5", False),
        ("claude-sonnet-5-5", "claude-5-5", True),
        ("claude-sonnet-4-6", "claude-4-6", False),
        ("claude-opus-5-5", "claude-5-5", True),
    ],
    "gemini": [
        ("gemini/gemini-2.5-flash-lite", "gemini-2.5", False),
        ("gemini/gemini-3.5-flash-lite", "gemini-3.5", True),
        ("gemini/gemini-2.5-flash", "gemini-2.5", False),
        ("gemini/gemini-3.8-flash", "gemini-3.8", True),
        ("gemini/gemini-2.5-pro", "gemini-2.5", False),
        ("gemini/gemini-4-argon", "gemini-4", True),
    ],
    "deepseek": [
        ("deepseek/deepseek-chat", "deepseek-v3", False),
        ("deepseek/deepseek-v4-flash", "deepseek-v4", True),
        ("deepseek/deepseek-v4-pro", "deepseek-v4", True),
    ],
    "mistral": [
        ("mistral/ministral-8b-latest", "ministral", False),
        ("mistral/mistral-small-latest", "mistral-small", True),
        ("mistral/mistral-large-latest", "mistral-large", True),
        ("mistral/magistral-medium-latest", "magistral", False),
    ],
    "xai": [
        ("xai/grok-4.3", "grok-4.3", True),
        ("xai/grok-4.7", "grok-4.7", True),
    ],
    "groq": [
        ("groq/openai/gpt-oss-20b", "gpt-oss", True),
        ("groq/openai/gpt-oss-120b", "gpt-oss", True),
        ("groq/qwen/qwen3.8-27b", "qwen-3.8", True),
    ],
    "together_ai": [
        ("together_ai/Qwen/Qwen3.8-Flash", "qwen-3.8", True),
        ("together_ai/deepseek-ai/DeepSeek-V4.1-Flash", "deepseek-v4.1", True),
        ("together_ai/deepseek-ai/DeepSeek-V4-Pro-0813", "deepseek-v4", True),
    ],
}

# Families of which the map says that they can think out of sight, but that do so only when asked.
THINKS_WHEN_ASKED = frozenset({"claude-5-5", "claude-4-5", "claude-4-6", "mistral-small"})

# Where the map names no output limit: a cautious one.
DEFAULT_MAX_OUTPUT = 16_384

# The bundled models, at the operator's price: what running them on one's own machine is taken to cost. With about 90
# prompt and 90 output tokens a call, 0.05 and 0.4 US cents a call of intern and expert; a judgement of the thinker, some
# 130 tokens, 0.3; a page of the writer, some 300 tokens, 2.5. `kinds` are the problem kinds that a model is for.
PUZZLES = ["countdown", "modular"]
BUNDLED: list[dict[str, Any]] = [
    {
        "model": "demo/intern",
        "provider": "demo",
        "family": "demo",
        "panel": True,
        "context_window": 768,
        "max_output_tokens": 512,
        "input_pico": 500_000,
        "output_pico": 11_000_000,
        "kinds": PUZZLES,
        "source": "operator's price for the bundled model",
    },
    {
        "model": "demo/thinker",
        "provider": "demo",
        "family": "demo",
        "panel": True,
        "context_window": 1024,
        "max_output_tokens": 640,
        "input_pico": 2_000_000,
        "output_pico": 20_000_000,
        "reasons": True,
        "kinds": PUZZLES,
        "source": "operator's price for the bundled model",
    },
    {
        "model": "demo/expert",
        "provider": "demo",
        "family": "demo",
        "panel": True,
        "context_window": 768,
        "max_output_tokens": 512,
        "input_pico": 2_000_000,
        "output_pico": 50_000_000,
        "kinds": PUZZLES,
        "source": "operator's price for the bundled model",
    },
    {
        "model": "demo/writer",
        "provider": "demo",
        "family": "smollm2",
        "panel": True,
        "context_window": 8192,
        "max_output_tokens": 512,
        "input_pico": 2_000_000,
        "output_pico": 80_000_000,
        "kinds": ["choice", "number", "open"],
        "source": "operator's price for the bundled model",
    },
]


def main() -> None:
    """Write the list, dated today."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    models = BUNDLED + [
        entry(provider, name, family, is_panel=panel)
        for provider, chosen in SELECTION.items()
        for name, family, panel in chosen
    ]
    text = json.dumps({"reviewed": today, "models": models}, indent=1)
    PRICE_LIST.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(models)} models written to {PRICE_LIST.name}\n")


def entry(provider: str, name: str, family: str, *, is_panel: bool) -> dict[str, Any]:
    """Return one model's entry of the list."""
    raw = published()[name]
    found: dict[str, Any] = {
        "model": name if name.startswith(f"{provider}/") else f"{provider}/{name}",
        "provider": provider,
        "family": family,
        "panel": is_panel,
        # Some providers count the prompt alone, some prompt and output: the smaller reading is always safe.
        "context_window": raw["max_input_tokens"],
        "max_output_tokens": raw.get("max_output_tokens") or DEFAULT_MAX_OUTPUT,
        "input_pico": pico(raw["input_cost_per_token"]),
        "output_pico": pico(raw["output_cost_per_token"]),
    }
    optional = {
        "cache_read_pico": raw.get("cache_read_input_token_cost"),
        "cache_write_pico": raw.get("cache_creation_input_token_cost"),
        "reasoning_pico": raw.get("output_cost_per_reasoning_token"),
    }
    found |= {key: pico(value) for key, value in optional.items() if value is not None}
    if tiers := long_prompt_tiers(raw):
        found["tiers"] = tiers
    if windows := off_peak_windows(raw):
        found["windows"] = windows
    if raw.get("supports_reasoning") and family not in THINKS_WHEN_ASKED:
        found["reasons"] = True
    if ends := raw.get("deprecation_date"):
        found["ends"] = ends
    return found | {"source": raw.get("source", "litellm's bundled price map")}


def long_prompt_tiers(raw: dict[str, Any]) -> list[dict[str, int]]:
    """Return the rates of long prompts (`input_cost_per_token_above_200k_tokens` and its like)."""
    prefix, suffix = "input_cost_per_token_above_", "k_tokens"
    tiers = []
    for key in sorted(raw):
        size = key.removeprefix(prefix).removesuffix(suffix)
        if not (key.startswith(prefix) and key.endswith(suffix) and size.isdigit()):
            continue
        rates = {
            "input_pico": raw[key],
            "output_pico": raw.get(
                f"output_cost_per_token_above_{size}k_tokens", raw["output_cost_per_token"]
            ),
            "cache_read_pico": raw.get(f"cache_read_input_token_cost_above_{size}k_tokens"),
            "cache_write_pico": raw.get(f"cache_creation_input_token_cost_above_{size}k_tokens"),
        }
        tier = {"above_prompt_tokens": int(size) * 1000}
        tiers.append(tier | {name: pico(value) for name, value in rates.items() if value is not None})
    return tiers


def off_peak_windows(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rates of cheaper hours, of which litellm's map writes `10:00-00:00` and weekdays, in UTC."""
    off_peak = raw.get("off_peak_pricing")
    if not off_peak:
        return []
    if set(off_peak) - {"windows", *_OFF_PEAK_RATES}:
        raise SystemExit(f"{off_peak} says more than this script understands")
    rates = {
        field: pico(off_peak.get(name, raw[name])) for name, field in _OFF_PEAK_RATES.items() if name in raw
    }
    windows = []
    for window in off_peak["windows"]:
        hours = window["hours_utc"]
        for span in [hours] if isinstance(hours, str) else hours:
            begin, end = (60 * int(clock[:2]) + int(clock[3:]) for clock in span.split("-"))
            minutes = {"from_minute": begin, "to_minute": end or 24 * 60}
            windows.append({"weekdays": window["weekdays"]} | minutes | rates)
    return windows


def pico(usd_per_token: Decimal | int) -> int:
    """Return whole pico-USD per token, or stop."""
    rate = Decimal(usd_per_token) * PICO_PER_USD
    if rate != rate.to_integral_value():
        raise SystemExit(f"{usd_per_token} USD per token is not a whole number of pico-USD")
    return int(rate)


def published() -> dict[str, Any]:
    """Return litellm's map, with exact decimals. litellm itself is never imported: it is slow and heavy."""
    spec = importlib.util.find_spec("litellm")
    assert spec is not None
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "model_prices_and_context_window_backup.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return found


if __name__ == "__main__":
    main()
