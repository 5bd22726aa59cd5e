"""Messages as Anthropic shapes them, at Anthropic's, on Bedrock and on Vertex."""

from collections.abc import Mapping
from typing import Any

from solver.providers.replies.said import (
    REFUSED,
    Said,
    at,
    called,
    error_in,
    finish_of,
    text_of,
    thoughts_of,
    tool_call,
    words,
)
from solver.providers.usage import whole


def is_message(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is a message of Anthropic's."""
    return isinstance(body.get("content"), list) and ("stop_reason" in body or body.get("type") == "message")


def read_message(body: Mapping[str, Any]) -> Said:
    """Return what a message says."""
    content, finish = body["content"], finish_of(body.get("stop_reason"))
    usage = body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    text = text_of([part for part in content if at(part, "type") in {"text", "thinking"}])
    counts = _counts(usage)
    return Said(
        text=text,
        reasoning=thoughts_of(content),
        refusal=(words(at(body, "stop_details", "explanation")) or text) if finish == REFUSED else "",
        finish=finish,
        calls_tools=any(at(part, "type") == "tool_use" for part in content),
        tool_calls=called(
            tool_call(number, at(part, "name"), at(part, "input"), at(part, "id"))
            for number, part in enumerate(content)
            if at(part, "type") == "tool_use"
        ),
        has_message=True,
        error=error_in(body),
        counts=counts,
        usage={**usage, **in_openais_words(counts)},
        reference=str(body.get("id") or ""),
        model=str(body.get("model") or ""),
    )


def _counts(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts; Anthropic leaves what is read from or written to the cache out of `input_tokens`."""
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    parts = [whole(part) for part in (usage.get("input_tokens"), read or 0, written or 0)]
    return {
        "prompt": None if any(part is None for part in parts) else sum(part or 0 for part in parts),
        "completion": usage.get("output_tokens"),
        "cache_read": read,
        "cache_write": written,
        "cache_write_1h": at(usage, "cache_creation", "ephemeral_1h_input_tokens"),
        "reasoning": at(usage, "output_tokens_details", "thinking_tokens"),
        "searches": at(usage, "server_tool_use", "web_search_requests"),
        "service": usage.get("service_tier"),
    }


def in_openais_words(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return counts as a report of OpenAI's has them, for whoever reads the stored report."""
    written = (
        {"ephemeral_1h_input_tokens": counts["cache_write_1h"]} if counts.get("cache_write_1h") else None
    )
    details = {
        "cached_tokens": counts.get("cache_read"),
        "cache_write_tokens": counts.get("cache_write"),
        "cache_creation_token_details": written,
        "audio_tokens": counts.get("audio"),
    }
    reasoning = {"reasoning_tokens": counts.get("reasoning")}
    report = {
        "prompt_tokens": counts.get("prompt"),
        "completion_tokens": counts.get("completion"),
        "prompt_tokens_details": {name: count for name, count in details.items() if count is not None},
        "completion_tokens_details": {name: count for name, count in reasoning.items() if count is not None},
    }
    return {name: count for name, count in report.items() if count not in (None, {})}
