"""Replies of Gemini (and Vertex), of Bedrock's Converse, of Cohere and of Ollama."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from solver.core.request import ToolCall
from solver.providers.replies.anthropic import in_openais_words
from solver.providers.replies.openai_chat import chat_calls
from solver.providers.replies.said import (
    FILTERED,
    Said,
    at,
    called,
    error_in,
    finish_of,
    first,
    split_tags,
    text_of,
    thoughts_of,
    tool_call,
    words,
)
from solver.providers.usage import whole

_SIGNATURE = "__thought__"
_TRAFFIC = {"ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex"}


def is_gemini(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is one of Gemini's."""
    return isinstance(body.get("candidates"), list) or "usageMetadata" in body or "promptFeedback" in body


def read_gemini(body: Mapping[str, Any]) -> Said:
    """Return what Gemini says; thoughts are counted beside what is said aloud."""
    candidate = at(body, "candidates", 0)
    usage = body.get("usageMetadata")
    usage = usage if isinstance(usage, Mapping) else {}
    parts = at(candidate, "content", "parts")
    said, thought = whole(usage.get("candidatesTokenCount", 0)), whole(usage.get("thoughtsTokenCount", 0))
    prompt, tools = whole(usage.get("promptTokenCount")), whole(usage.get("toolUsePromptTokenCount", 0))
    is_counted = "promptTokenCount" in usage and said is not None and thought is not None
    counts = {
        "prompt": None if prompt is None or tools is None else prompt + tools,
        "completion": (said or 0) + (thought or 0) if is_counted else None,
        "cache_read": usage.get("cachedContentTokenCount"),
        "reasoning": thought,
        "audio": _of_modality("AUDIO", usage.get("promptTokensDetails")),
        "image": _of_modality("IMAGE", usage.get("promptTokensDetails")),
        "service": usage.get("serviceTier") or _TRAFFIC.get(str(usage.get("trafficType"))),
    }
    blocked = at(body, "promptFeedback", "blockReason")
    return Said(
        text=text_of(parts),
        reasoning=thoughts_of(parts),
        finish=FILTERED if blocked and not candidate else finish_of(at(candidate, "finishReason")),
        calls_tools=any(at(part, "functionCall") is not None for part in parts or []),
        tool_calls=called(_gemini_call(number, part) for number, part in enumerate(parts or [])),
        has_message=bool(candidate or blocked),
        error=error_in(body),
        counts=counts,
        usage={**usage, **in_openais_words(counts)} if usage else {},
        reference=str(body.get("responseId") or ""),
        model=str(body.get("modelVersion") or ""),
    )


def _gemini_call(number: int, part: Any) -> ToolCall | None:
    """Return a call; the signature of the thought behind it goes into its id, where litellm looks for it."""
    call = tool_call(number, at(part, "functionCall", "name"), at(part, "functionCall", "args"))
    signature = at(part, "thoughtSignature")
    return replace(call, id=f"{call.id}{_SIGNATURE}{signature}") if call and signature else call


def _of_modality(name: str, details: object) -> object:
    """Return the tokens of a prompt's audio or images."""
    parts = details if isinstance(details, list) else []
    return next((at(part, "tokenCount") for part in parts if at(part, "modality") == name), None)


def is_converse(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is one of Bedrock's Converse."""
    return isinstance(at(body, "output", "message"), Mapping)


def read_converse(body: Mapping[str, Any]) -> Said:
    """Return what a model on Bedrock says; cached tokens are counted beside the others."""
    content = at(body, "output", "message", "content") or []
    usage = body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    read, written = usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens")
    parts = [whole(part) for part in (usage.get("inputTokens"), read or 0, written or 0)]
    counts = {
        "prompt": None if any(part is None for part in parts) else sum(part or 0 for part in parts),
        "completion": usage.get("outputTokens"),
        "cache_read": read,
        "cache_write": written,
        "service": at(body, "serviceTier", "type"),
    }
    return Said(
        text="".join(words(at(part, "text")) for part in content),
        reasoning="".join(words(at(part, "reasoningContent", "reasoningText")) for part in content),
        finish=finish_of(body.get("stopReason")),
        calls_tools=any(at(part, "toolUse") is not None for part in content),
        tool_calls=called(
            tool_call(
                number,
                at(part, "toolUse", "name"),
                at(part, "toolUse", "input"),
                at(part, "toolUse", "toolUseId"),
            )
            for number, part in enumerate(content)
        ),
        has_message=True,
        error=error_in(body),
        counts=counts,
        usage={**usage, **in_openais_words(counts)} if usage else {},
    )


def is_cohere(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is one of Cohere's."""
    return "finish_reason" in body and isinstance(body.get("message"), Mapping)


def read_cohere(body: Mapping[str, Any]) -> Said:
    """Return what Cohere says; it bills fewer tokens than its models read and write."""
    message, usage = body["message"], body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    counts = {
        "prompt": first(usage, ("billed_units", "input_tokens"), ("tokens", "input_tokens")),
        "completion": first(usage, ("billed_units", "output_tokens"), ("tokens", "output_tokens")),
    }
    content = message.get("content")
    return Said(
        text=text_of(content),
        reasoning=thoughts_of(content) or words(message.get("tool_plan")),
        finish=finish_of(body["finish_reason"]),
        calls_tools=bool(message.get("tool_calls")),
        tool_calls=chat_calls(message),
        has_message=True,
        error=error_in(body),
        counts=counts,
        usage={**usage, **in_openais_words(counts)} if usage else {},
        reference=str(body.get("id") or ""),
    )


def is_ollama(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is one of Ollama's own."""
    return "done" in body and ("message" in body or "response" in body)


def read_ollama(body: Mapping[str, Any]) -> Said:
    """Return what Ollama says; it leaves the prompt's count out where the prompt was in its cache."""
    message = body.get("message")
    own = words(at(message, "thinking") or body.get("thinking"))
    said = words(at(message, "content") or body.get("response"))
    text, reasoning = split_tags(said, own)
    counts = {"prompt": body.get("prompt_eval_count"), "completion": body.get("eval_count")}
    return Said(
        text=text,
        reasoning=reasoning,
        finish=finish_of(body.get("done_reason")) if body.get("done") else "error",
        calls_tools=bool(at(message, "tool_calls")),
        tool_calls=chat_calls(message) if isinstance(message, Mapping) else (),
        has_message=True,
        error=error_in(body),
        counts=counts,
        usage=in_openais_words(counts),
        model=str(body.get("model") or ""),
    )
