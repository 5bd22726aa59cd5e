"""Responses as OpenAI's newer API shapes them."""

from collections.abc import Mapping
from typing import Any

from solver.providers.replies.openai_chat import chat_counts
from solver.providers.replies.said import (
    CUT,
    FINISHED,
    Said,
    at,
    called,
    error_in,
    finish_of,
    refused_in,
    tool_call,
    words,
)

_ENDS = {"completed": FINISHED, "failed": "error", "cancelled": "error"}


def is_response(body: Mapping[str, Any]) -> bool:
    """Tell whether a body is a response."""
    return body.get("object") == "response" or isinstance(body.get("output"), list)


def read_response(body: Mapping[str, Any]) -> Said:
    """Return what a response says."""
    output = [item for item in body.get("output") or [] if isinstance(item, Mapping)]
    usage = body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    parts = [part for item in output if item.get("type") == "message" for part in item.get("content") or []]
    thoughts = [
        "\n\n".join(words(part) for part in item.get("summary") or []) or words(item.get("content"))
        for item in output
        if item.get("type") == "reasoning"
    ]
    status = str(body.get("status") or "completed")
    why = finish_of(at(body, "incomplete_details", "reason") or CUT)
    return Said(
        text="".join(words(part) for part in parts if at(part, "type") in {"output_text", "text"}),
        reasoning="\n\n".join(thought for thought in thoughts if thought),
        refusal=refused_in(parts),
        finish=why if status == "incomplete" else _ENDS.get(status, status),
        calls_tools=any(str(item.get("type", "")).endswith("_call") for item in output),
        tool_calls=called(
            tool_call(number, item.get("name"), item.get("arguments"), item.get("call_id"))
            for number, item in enumerate(output)
            if item.get("type") == "function_call"
        ),
        has_message=bool(output),
        error=error_in(body),
        counts=chat_counts(usage, body),
        usage=usage,
        reference=str(body.get("id") or ""),
        model=str(body.get("model") or ""),
    )
