"""From the body of a provider's reply to what the engine knows of it: text, reasoning, finish, tokens and cost."""

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Any

from solver.core.money import NANO_PER_USD
from solver.core.request import Reply, ToolCall
from solver.providers.replies.anthropic import is_message, read_message
from solver.providers.replies.events import body_of
from solver.providers.replies.openai_chat import is_chat, read_chat
from solver.providers.replies.openai_responses import is_response, read_response
from solver.providers.replies.others import (
    is_cohere,
    is_converse,
    is_gemini,
    is_ollama,
    read_cohere,
    read_converse,
    read_gemini,
    read_ollama,
)
from solver.providers.replies.said import BROKEN, CUT, FINISHED, REFUSED, TOOLS, Said, at
from solver.providers.usage import json_safe, parse_usage
from solver.text.extract import clean_text

_FAMILIES: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], Said]], ...] = (
    (is_response, read_response),
    (is_converse, read_converse),
    (is_message, read_message),
    (is_gemini, read_gemini),
    (is_ollama, read_ollama),
    (is_cohere, read_cohere),
    (is_chat, read_chat),
)
_REPORTS_COST = frozenset({"openrouter"})
"""Providers that resell: what they billed is in the reply, and no list of prices knows it."""
_THINKS_BESIDE = frozenset({"xai"})
"""Providers that count reasoning beside what was written, whatever their total says."""
_MOST_USD = Decimal(10_000)
_LONGEST_REFERENCE = 200


def is_known_shape(raw: bytes) -> bool:
    """Tell whether a body has the shape of a family that is read here, or holds no JSON object, or an error."""
    body = body_of(raw)
    return body is None or "error" in body or any(is_of_family(body) for is_of_family, _ in _FAMILIES)


def read_reply(raw: bytes, provider: str, *, most_output: int | None = None) -> Reply | None:
    """Return the reply that a body holds; None where it holds none that can be believed, which leaves the call in doubt.

    A body that names an error is believed as far as it counts tokens. `most_output` tokens were asked for.
    """
    body = body_of(raw)
    if body is None:
        return None
    try:
        said = next((read(body) for is_of_family, read in _FAMILIES if is_of_family(body)), None)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError):
        return None
    return None if said is None else reply_of(said, provider, most_output=most_output)


def reply_of(said: Said, provider: str, *, most_output: int | None = None) -> Reply | None:
    """Return what was read as the engine's reply; None where nothing of it can be believed."""
    text, reasoning, finish = _texts(said)
    usage = (
        parse_usage(
            **said.counts,
            has_text=bool(text or reasoning or said.tool_calls),
            is_cut=finish == CUT,
            thinks_beside=provider in _THINKS_BESIDE,
            most_output=most_output,
        )
        if said.counts
        else None
    )
    if usage is None and (said.error or not said.has_message):
        return None
    return Reply(
        text=clean_text(text),
        reasoning=clean_text(reasoning),
        finish_reason=clean_text(finish)[:50],
        usage=usage,
        raw_usage=json_safe(said.usage) if usage else None,
        provider_ref=clean_text(said.reference)[:_LONGEST_REFERENCE],
        served_model=clean_text(said.model)[:_LONGEST_REFERENCE],
        reported_cost_nano=reported_cost_nano(said.usage) if usage and provider in _REPORTS_COST else None,
        tool_calls=tuple(
            ToolCall(clean_text(call.id), clean_text(call.name), clean_text(call.arguments))
            for call in said.tool_calls
        ),
    )


def _texts(said: Said) -> tuple[str, str, str]:
    """Return text, reasoning and reason of the end, once for all families."""
    text, reasoning, finish = said.text, said.reasoning, said.finish
    if said.error:
        return text, reasoning, BROKEN
    if said.refusal.strip():
        return text or said.refusal, reasoning, REFUSED
    if not text.strip() and said.calls_tools:
        return text, reasoning, TOOLS
    if not text.strip() and reasoning.strip() and finish == FINISHED:
        # Finished and silent: some servers put the answer into the field of the reasoning.
        return reasoning, "", finish
    return text, reasoning, finish


def reported_cost_nano(usage: Mapping[str, Any]) -> int | None:
    """Return what the provider says that it billed, in nano-USD, rounded up; None where it says nothing plausible.

    Where the user's own key at the upstream provider was used, that one's bill comes on top.
    """
    parts = [usage.get("cost")]
    if usage.get("is_byok") is True:
        parts.append(at(usage, "cost_details", "upstream_inference_cost") or 0)
    total = Decimal(0)
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, int | Decimal | str):
            return None
        try:
            usd = Decimal(part)
        except InvalidOperation:
            return None
        if not usd.is_finite() or not 0 <= usd <= _MOST_USD:
            return None
        total += usd
    return int((total * NANO_PER_USD).to_integral_value(ROUND_CEILING))
