"""Chat completions as OpenAI shapes them, and as everybody who speaks like OpenAI does."""

from collections.abc import Mapping
from typing import Any

from solver.core.request import ToolCall
from solver.providers.replies.said import (
    TOOLS,
    Said,
    at,
    called,
    error_in,
    finish_of,
    first,
    refused_in,
    split_tags,
    text_of,
    thoughts_of,
    tool_call,
    words,
)

_REASONING = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks")


def is_chat(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is a chat completion."""
    return isinstance(body.get("choices"), list) or (
        "usage" in body and "prompt_tokens" in (body["usage"] or {})
    )


def read_chat(body: Mapping[str, Any]) -> Said:
    """Return what a chat completion says."""
    choice = at(body, "choices", 0) or {}
    message = at(choice, "message")
    finish = finish_of(at(choice, "finish_reason"))
    error = error_in(body) or error_in(choice if isinstance(choice, Mapping) else {})
    usage = first(body, ("usage",), ("x_groq", "usage"))
    usage = usage if isinstance(usage, Mapping) else {}
    found = Said(
        finish=finish,
        error=error,
        counts=chat_counts(usage, body),
        usage=usage,
        reference=str(body.get("id") or ""),
        model=str(body.get("model") or ""),
    )
    if isinstance(message, Mapping):
        content = message.get("content")
        own = next((thought for key in _REASONING if (thought := words(message.get(key)))), "")
        found.has_message = True
        found.text, found.reasoning = split_tags(text_of(content), own or thoughts_of(content))
        found.refusal = words(message.get("refusal")) or refused_in(content)
        found.calls_tools = bool(message.get("tool_calls") or message.get("function_call")) or finish == TOOLS
        found.tool_calls = chat_calls(message)
    elif isinstance(choice, Mapping) and isinstance(choice.get("text"), str):
        found.has_message, found.text = True, choice["text"]
    return found


def chat_calls(message: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """Return the tools that a message calls, also in the one form that went before: a single function."""
    listed = message.get("tool_calls")
    listed = listed if isinstance(listed, list) else []
    calls = [
        tool_call(number, at(each, "function", "name"), at(each, "function", "arguments"), at(each, "id"))
        for number, each in enumerate(listed)
    ]
    if not calls and (one := message.get("function_call")):
        calls = [tool_call(0, at(one, "name"), at(one, "arguments"))]
    return called(calls)


def chat_counts(usage: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of a report in OpenAI's words and in those of its imitators."""
    return {
        "prompt": first(usage, ("prompt_tokens",), ("input_tokens",)),
        "completion": first(usage, ("completion_tokens",), ("output_tokens",)),
        "total": usage.get("total_tokens"),
        "cache_read": first(
            usage,
            ("prompt_tokens_details", "cached_tokens"),
            ("input_tokens_details", "cached_tokens"),
            # Together and Moonshot, DeepSeek, Anthropic behind a proxy.
            ("cached_tokens",),
            ("num_cached_tokens",),
            ("prompt_cache_hit_tokens",),
            ("cache_read_input_tokens",),
        ),
        "cache_write": first(
            usage,
            ("prompt_tokens_details", "cache_write_tokens"),
            ("prompt_tokens_details", "cache_creation_input_tokens"),
            ("prompt_tokens_details", "cache_creation_tokens"),
            ("input_tokens_details", "cache_write_tokens"),
            ("cache_creation_input_tokens",),
        ),
        "cache_write_1h": first(
            usage,
            ("prompt_tokens_details", "cache_creation_token_details", "ephemeral_1h_input_tokens"),
            ("cache_creation", "ephemeral_1h_input_tokens"),
        ),
        "reasoning": first(
            usage,
            ("completion_tokens_details", "reasoning_tokens"),
            ("output_tokens_details", "reasoning_tokens"),
            ("reasoning_tokens",),
        ),
        "audio": first(
            usage, ("prompt_tokens_details", "audio_tokens"), ("input_tokens_details", "audio_tokens")
        ),
        "image": first(
            usage, ("prompt_tokens_details", "image_tokens"), ("input_tokens_details", "image_tokens")
        ),
        "searches": first(
            usage,
            ("server_tool_use", "web_search_requests"),
        ),
        "service": body.get("service_tier") or usage.get("service_tier"),
    }
