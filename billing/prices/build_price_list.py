"""Writes `price_list.json` from litellm's bundled map, read as a file: `python -m billing.prices.build_price_list`.

The list is reviewed by a person before it ships; running this again shows in `git diff` what changed. Rates become
whole pico-USD (1e-12 USD) per token; a rate that is not whole stops the script.
"""

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

from billing.prices.sources.litellm_map import entry, ponder_name, published_map

PRICE_LIST = Path(__file__).parent / "price_list.json"

# litellm's name, family, panel member? Ordered weak to strong within each provider.
SELECTION: dict[str, list[tuple[str, str, bool]]] = {
    "openai": [
        ("gpt-4.1-nano", "gpt-4.1", False),
        ("gpt-5-nano", "gpt-5", False),
        ("gpt-6-luna", "gpt-6", True),
        ("gpt-5.6-luna", "gpt-5.6", False),
        ("gpt-5.4-nano", "gpt-5.4", False),
        ("gpt-4.1-mini", "gpt-4.1", False),
        ("gpt-5-mini", "gpt-5", False),
        ("gpt-5.4-mini", "gpt-5.4", True),
        ("gpt-5", "gpt-5", False),
        ("gpt-6-sol", "gpt-6", True),
        ("gpt-6.1-sol", "gpt-6.1", False),
        ("gpt-5.6-terra", "gpt-5.6", False),
        ("gpt-5.4", "gpt-5.4", False),
        ("gpt-5.6-sol", "gpt-5.6", False),
        ("gpt-5.5", "gpt-5.5", False),
        ("gpt-6-astra", "gpt-6", False),
    ],
    "anthropic": [
        ("claude-haiku-5-5", "claude-5-5", True),
        ("claude-haiku-4-5", "claude-4-5", False),
        ("claude-sonnet-5", "claude-5", False),
        ("claude-sonnet-5-5", "claude-5-5", True),
        ("claude-sonnet-4-6", "claude-4-6", False),
        ("claude-opus-5", "claude-5", False),
        ("claude-opus-5-5", "claude-5-5", True),
        ("claude-fable-5-1", "claude-fable-5", False),
        ("claude-mythos-5-1", "claude-mythos-5", False),
    ],
    "gemini": [
        ("gemini/gemini-2.5-flash-lite", "gemini-2.5", False),
        ("gemini/gemini-3.5-flash-lite", "gemini-3.5", True),
        ("gemini/gemini-2.5-flash", "gemini-2.5", False),
        ("gemini/gemini-3.7-flash", "gemini-3.7", False),
        ("gemini/gemini-3.8-flash", "gemini-3.8", True),
        ("gemini/gemini-2.5-pro", "gemini-2.5", False),
        ("gemini/gemini-3.1-pro-preview", "gemini-3.1", False),
        ("gemini/gemini-4-argon", "gemini-4", True),
    ],
    "deepseek": [
        ("deepseek/deepseek-chat", "deepseek-v3", False),
        ("deepseek/deepseek-flash", "deepseek-v4", False),
        ("deepseek/deepseek-v4-flash", "deepseek-v4", True),
        ("deepseek/deepseek-v4-pro", "deepseek-v4", True),
    ],
    "mistral": [
        ("mistral/ministral-8b-latest", "ministral", False),
        ("mistral/mistral-small-latest", "mistral-small", True),
        ("mistral/mistral-large-latest", "mistral-large", True),
        ("mistral/mistral-large-4", "mistral-large", False),
        ("mistral/zai-glm-5-3", "glm-5.3", False),
        ("mistral/mistral-medium-3-5", "mistral-medium", False),
        ("mistral/magistral-medium-latest", "magistral", False),
    ],
    "xai": [
        ("xai/grok-4.3", "grok-4.3", True),
        ("xai/grok-4.20", "grok-4.20", False),
        ("xai/grok-4.5", "grok-4.5", False),
        ("xai/grok-4.6", "grok-4.6", False),
        ("xai/grok-4.7", "grok-4.7", True),
    ],
    "groq": [
        ("groq/openai/gpt-oss-20b", "gpt-oss", True),
        ("groq/openai/gpt-oss-120b", "gpt-oss", True),
        ("groq/qwen/qwen3.8-27b", "qwen-3.8", True),
    ],
    "together_ai": [
        ("together_ai/Qwen/Qwen3.8-Flash", "qwen-3.8", True),
        ("together_ai/zai-org/GLM-5.3-Flash", "glm-5.3", False),
        ("together_ai/MiniMaxAI/MiniMax-M3", "minimax-m3", False),
        ("together_ai/deepseek-ai/DeepSeek-V4.1-Flash", "deepseek-v4.1", True),
        ("together_ai/deepseek-ai/DeepSeek-V4-Pro-0813", "deepseek-v4", True),
        ("together_ai/meta-models/Muse-Spark-Open-816B-A42B", "muse-spark", False),
        ("together_ai/zai-org/GLM-5.3", "glm-5.3", False),
        ("together_ai/moonshotai/Kimi-K3", "kimi-k3", False),
    ],
}

# Families of which the map says that they can think out of sight, but that do so only when asked, unless the map says
# of a model that it always does.
THINKS_WHEN_ASKED = frozenset({"claude-5", "claude-5-5", "claude-4-5", "claude-4-6", "mistral-small"})

# The bundled models, at the operator's price: what running them on one's own machine is taken to cost. With about 90
# prompt and 90 output tokens a call, 0.05 and 0.4 US cents a call of intern and expert; a judgement of the thinker, some
# 130 tokens, 0.3; a page of the writer, some 300 tokens, 2.5. `kinds` are the problem kinds that a model is for.
PUZZLES = ["countdown", "countdown_large", "modular", "modular_large"]
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
        listed(provider, name, family, is_panel=panel)
        for provider, chosen in SELECTION.items()
        for name, family, panel in chosen
    ]
    # What its provider serves no more has no price in the list, so that a fresh book holds none; it is only named.
    ended = {line["model"]: line["ends"] for line in models if line.get("ends", today) < today}
    models = [line for line in models if line["model"] not in ended]
    text = json.dumps({"reviewed": today, "models": models, "ended": ended}, indent=1)
    PRICE_LIST.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(models)} models written to {PRICE_LIST.name}\n")


# Where the map is behind the provider's own page, and what the page says.
CORRECTED = {
    "mistral/mistral-large-4": {
        "input_pico": 700_000,
        "output_pico": 2_100_000,
        "cache_read_pico": 70_000,
        "source": "https://docs.mistral.ai/inference/pricing (since 2026-10-29)",
    },
}


def listed(provider: str, name: str, family: str, *, is_panel: bool) -> dict[str, Any]:
    """Return one model's entry of the list, or stop."""
    raw = published_map()[name]
    try:
        found = entry(ponder_name(name, raw), raw)
    except ValueError as error:
        raise SystemExit(f"{name}: {error}") from error
    line: dict[str, Any] = {"model": found.model, "provider": provider, "family": family, "panel": is_panel}
    line |= found.rates
    if found.reasons and (raw.get("thinking_always_on") or family not in THINKS_WHEN_ASKED):
        line["reasons"] = True
    if raw.get("supports_vision"):
        line["sees"] = True
    if raw.get("supports_function_calling"):
        line["calls_tools"] = True
    if found.ends:
        line["ends"] = found.ends.isoformat()
    return line | {"source": found.address} | CORRECTED.get(found.model, {})


if __name__ == "__main__":
    main()
