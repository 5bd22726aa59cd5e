"""Reads `PONDER_PRICES`: prices of models the shipped list does not know, such as one's own server."""

import re
from decimal import Decimal
from typing import Any, NamedTuple

from solver.core.pricing import BATCH, FLEX

PICO_PER_USD = 10**12
TOKENS_PER_RATE = 10**6
REASONS, SEES, TOOLS = "reasons", "sees", "tools"
SERVICES = (FLEX, BATCH)
"""The service tiers that may have a price of their own: those of calls that can wait."""
LOCAL = "local"
LOCAL_INPUT_USD, LOCAL_OUTPUT_USD = "0.20", "2.00"
"""What stands for a price where nobody sends a bill, per million tokens: electricity, 200 W that write 10 tokens a second
at $0.36 per kWh, and read ten times as fast. Without any, no budget would ever end a job."""

EXPECTED = (
    "Write model=input/output/context/max output, with US dollars per million tokens and limits in tokens, such as "
    "openai/my-model=0.10/0.40/128000/16384; add /reasons for a model that thinks out of sight, /sees for one "
    "that can be shown pictures, /tools for one that calls tools, /flex:0.05:0.20 or /batch:0.05:0.20 for what input and "
    "output cost in calls that can wait; separate several with commas."
)
_DOLLARS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_TOKENS = re.compile(r"[1-9][0-9]{0,8}")


def electricity_rates(context_window: int) -> dict[str, Any]:
    """Return the rates of a model for which nobody sends a bill, as columns of a Price."""
    return {
        "input_pico": pico(LOCAL_INPUT_USD),
        "output_pico": pico(LOCAL_OUTPUT_USD),
        "context_window": context_window,
        "max_output_tokens": context_window // 2,
    }


class SettingPrice(NamedTuple):
    """One priced model of the setting. `rates` holds the columns of a Price; the others are as in the shipped list."""

    model: str
    rates: dict[str, Any]
    reasons: bool = False
    sees: bool = False
    calls_tools: bool = False


def parse_prices(text: str) -> list[SettingPrice]:
    """Return the models that `PONDER_PRICES` prices. Raises ValueError that names the setting and what to write."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = [_parse(part) for part in parts]
    names = [price.model for price in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"PONDER_PRICES: “{name}” is named twice. Keep one.")
    return found


def _parse(part: str) -> SettingPrice:
    model, _, numbers = part.rpartition("=")
    fields = numbers.split("/")
    said = set[str]()
    tiers = dict[str, dict[str, Any]]()
    while fields and (word := fields[-1].strip().partition(":")[0]) in {REASONS, SEES, TOOLS, *SERVICES}:
        if word in SERVICES:
            tiers[word] = _tier(model, fields[-1].strip(), is_known=word in tiers)
        said.add(word)
        fields.pop()
    if len(fields) == 3 and fields[0].strip() == LOCAL:
        fields = [LOCAL_INPUT_USD, LOCAL_OUTPUT_USD, *fields[1:]]
    if not model or len(model) > 200 or " " in model or len(fields) != 4:
        raise ValueError(f"PONDER_PRICES: “{part[:100]}” is not a price. {EXPECTED}")
    input_usd, output_usd, context, max_output = (field.strip() for field in fields)
    input_pico, output_pico = _pico_of(model, input_usd), _pico_of(model, output_usd)
    if not input_pico and not output_pico:
        raise ValueError(
            f"PONDER_PRICES: {model} is priced at 0, so that no budget would ever end a job. Price it at what its tokens "
            f"are worth to you, such as 0.01/0.01, or write {model}=local/{context}/{max_output} for a server of your "
            f"own: then {LOCAL_INPUT_USD}/{LOCAL_OUTPUT_USD} stands for electricity."
        )
    for tokens in (context, max_output):
        if not _TOKENS.fullmatch(tokens):
            raise ValueError(
                f"PONDER_PRICES: “{tokens[:40]}” of {model} is not a number of tokens. {EXPECTED}"
            )
    if int(max_output) > int(context):
        raise ValueError(
            f"PONDER_PRICES: {model} cannot write more ({max_output}) than its context holds ({context})."
        )
    rates: dict[str, Any] = {
        "input_pico": input_pico,
        "output_pico": output_pico,
        "context_window": int(context),
        "max_output_tokens": int(max_output),
    }
    if tiers:
        rates["tiers"] = [tiers[service] for service in sorted(tiers)]
    return SettingPrice(
        model=model, rates=rates, reasons=REASONS in said, sees=SEES in said, calls_tools=TOOLS in said
    )


def _tier(model: str, word: str, *, is_known: bool) -> dict[str, Any]:
    """Return the tier of a price that a word such as `batch:0.05:0.20` names. Raises ValueError."""
    service, *dollars = (part.strip() for part in word.split(":"))
    if is_known or len(dollars) != 2:
        raise ValueError(
            f"PONDER_PRICES: “{word[:40]}” of {model} is not the one price of a service tier. {EXPECTED}"
        )
    input_pico, output_pico = (_pico_of(model, each) for each in dollars)
    if not input_pico and not output_pico:
        raise ValueError(
            f"PONDER_PRICES: {service} of {model} is priced at 0. Leave it out, or write its price."
        )
    return {
        "above_prompt_tokens": 0,
        "service": service,
        "input_pico": input_pico,
        "output_pico": output_pico,
    }


def _pico_of(model: str, dollars: str) -> int:
    """Return pico-USD per token of an amount as it was written. Raises ValueError."""
    if not _DOLLARS.fullmatch(dollars):
        raise ValueError(
            f"PONDER_PRICES: “{dollars[:40]}” of {model} is not an amount in dollars with at most six decimals. "
            f"{EXPECTED}"
        )
    return pico(dollars)


def pico(usd_per_million: str) -> int:
    """Return pico-USD per token: whole, because six decimals per million are whole pico-USD."""
    return int(Decimal(usd_per_million) * PICO_PER_USD / TOKENS_PER_RATE)
