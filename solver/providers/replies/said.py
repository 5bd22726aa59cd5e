"""What a reply says, whatever its shape: texts out of strings and parts, reasons for its end, thoughts in tags."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from solver.core.request import ToolCall

FINISHED = "stop"
CUT = "length"
FILTERED = "content_filter"
REFUSED = "refusal"
BROKEN = "error"
TOOLS = "tool_calls"
_FINISHES = {
    FINISHED: {"stop", "end_turn", "stop_sequence", "eos", "eos_token", "complete", "completed", "done", "finish"},
    CUT: {
        "length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded",
        "context_length_exceeded", "limit", "load",
    },
    FILTERED: {
        "content_filter", "content_filtered", "guardrail_intervened", "guardrails", "safety", "recitation", "blocklist",
        "prohibited_content", "spii", "image_safety", "sensitive", "content-filter", "model_armor", "language",
        "error_toxic",
    },
    REFUSED: {"refusal"},
    BROKEN: {
        "error", "network_error", "insufficient_system_resource", "malformed_model_output", "abort", "other",
        "timeout",
    },
    TOOLS: {
        "tool_calls", "tool_call", "tool_use", "function_call", "malformed_function_call", "malformed_tool_use",
        "unexpected_tool_call", "too_many_tool_calls",
    },
}  # fmt: skip
_NAMED = {name: kind for kind, names in _FINISHES.items() for name in names}
_TAGGED = re.compile(r"\s*<(think|thinking|reasoning)>(.*?)</\1>(.*)", re.DOTALL | re.IGNORECASE)
_THOUGHTS = frozenset(
    {"thinking", "reasoning", "reasoning.text", "reasoning.summary", "summary_text", "reasoning_text"}
)

_MOST_NAME_CHARS = 100
_TEXT_KEYS = ("text", "thinking", "summary", "content", "reasoning")


@dataclass(slots=True)
class Said:
    """A reply as far as it was read. `counts` are the arguments of `parse_usage` that say something."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    finish: str = ""
    calls_tools: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    """The calls that could be read; a reply that calls a tool unreadably has none."""
    has_message: bool = False
    """Whether there is a message at all, be it empty."""
    error: str = ""
    """What the provider says went wrong."""
    counts: dict[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)
    """The provider's own report of it, to be stored."""
    reference: str = ""
    model: str = ""


def text_of(content: Any) -> str:
    """Return the text of a message's content: a string, or the parts of it that are said aloud."""
    return "".join(part for part, is_thought in _parts(content) if not is_thought)


def thoughts_of(content: Any) -> str:
    """Return the parts of a message's content that are thoughts."""
    return "".join(part for part, is_thought in _parts(content) if is_thought)


def refused_in(content: Any) -> str:
    """Return what the parts of a message's content say instead of an answer."""
    parts = content if isinstance(content, list) else []
    return "".join(words(at(part, "refusal")) for part in parts if at(part, "type") == "refusal")


def words(value: Any) -> str:
    """Return all text in a field: a string, or parts of any kind."""
    return "".join(part for part, _ in _parts(value))


def split_tags(text: str, reasoning: str) -> tuple[str, str]:
    """Return text and reasoning, where a text begins with its thoughts in tags and there are no others."""
    found = None if reasoning else _TAGGED.match(text)
    return (found[3].lstrip(), found[2].strip()) if found else (text, reasoning)


def tool_call(number: int, name: Any, arguments: Any, reference: Any = None) -> ToolCall | None:
    """Return a call of a tool, its arguments as text; None where it names none. Without a reference it gets a number."""
    if not isinstance(name, str) or not name.strip():
        return None
    if not isinstance(arguments, str):
        arguments = json.dumps({} if arguments is None else arguments, default=float)
    return ToolCall(str(reference or f"call_{number}"), name.strip()[:_MOST_NAME_CHARS], arguments)


def called(found: Iterable[ToolCall | None]) -> tuple[ToolCall, ...]:
    """Return the calls that could be read, each under an id of its own: an answer names the call that it is for."""
    calls: dict[str, ToolCall] = {}
    for call in found:
        if call is not None:
            name = call.id if call.id not in calls else f"{call.id}_{len(calls)}"
            calls[name] = ToolCall(name, call.name, call.arguments)
    return tuple(calls.values())


def finish_of(named: Any) -> str:
    """Return why a reply ended in OpenAI's words; what is unknown stays as it is."""
    said = str(named or "")
    return _NAMED.get(said.lower(), said)


def at(value: Any, *path: str | int) -> Any:
    """Return what lies at a path in JSON, or None."""
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and len(value) > key:
            value = value[key]
        else:
            return None
    return value


def first(value: Any, *paths: tuple[str, ...]) -> Any:
    """Return what lies at the first of the paths that has anything."""
    return next((found for path in paths if (found := at(value, *path)) is not None), None)


def error_in(body: Mapping[str, Any]) -> str:
    """Return what a body says went wrong; nothing where it says nothing."""
    error = body.get("error")
    if not error:
        return ""
    return str(at(error, "message") or error)[:1_000]


def _parts(content: Any) -> list[tuple[str, bool]]:
    """Return the texts of a content with whether each is a thought."""
    if isinstance(content, str):
        return [(content, False)]
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list):
        return []
    found: list[tuple[str, bool]] = []
    for part in content:
        if isinstance(part, str):
            found.append((part, False))
        elif isinstance(part, Mapping):
            kind = str(part.get("type", ""))
            is_thought = kind in _THOUGHTS or part.get("thought") is True
            inner = next((part[key] for key in _TEXT_KEYS if part.get(key)), "")
            found.append((words(inner), is_thought))
    return found
