"""Replies that come as server-sent events or as JSON lines although a plain one was asked for: put together again."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from solver.providers.replies.said import at, words

_FIELDS = ("content", "reasoning_content", "reasoning", "refusal")


def loads(text: str) -> Any:
    """Return JSON whose fractions are exact. Raises ValueError."""
    return json.loads(text, parse_float=Decimal)


def body_of(raw: bytes) -> Mapping[str, Any] | None:
    """Return the object that a body holds, be it plain JSON, events or lines; None where it holds none."""
    text = raw.decode(json.detect_encoding(raw), "replace").lstrip("\ufeff \t\r\n")
    try:
        found = loads(text)
    except (ValueError, RecursionError):
        return _put_together(_events(text))
    if isinstance(found, list) and found and all(isinstance(each, Mapping) for each in found):
        return _put_together(found)
    return found if isinstance(found, Mapping) else None


def _events(text: str) -> list[Any]:
    """Return the objects of events or lines; none where anything else stands between them."""
    found = []
    for line in text.splitlines():
        if line.startswith((":", "event:", "id:", "retry:")):
            continue
        data = line.strip().removeprefix("data:").strip()
        if data in {"", "[DONE]"}:
            continue
        try:
            found.append(loads(data))
        except (ValueError, RecursionError):
            return []
    return [each for each in found if isinstance(each, Mapping)]


def _put_together(events: list[Any]) -> Mapping[str, Any] | None:
    if not events:
        return None
    kinds = {str(event.get("type", "")) for event in events}
    if any(kind.startswith("response.") for kind in kinds):
        ends = [event["response"] for event in events if isinstance(event.get("response"), Mapping)]
        return ends[-1] if ends else None
    if "message_start" in kinds:
        return _message(events)
    if any(isinstance(event.get("candidates"), list) for event in events):
        return _gemini(events)
    if any("done" in event for event in events):
        return _ollama(events)
    return _chat(events)


def _chat(events: list[Any]) -> Mapping[str, Any] | None:
    """Return the chat completion of its chunks. One that ends without a reason was cut off."""
    said: dict[str, Any] = dict.fromkeys(_FIELDS, "")
    body: dict[str, Any] = {}
    calls: dict[Any, dict[str, Any]] = {}
    finish: Any = None
    seen = False
    for event in events:
        for key in ("id", "model", "usage", "service_tier", "error", "x_groq"):
            if event.get(key):
                body[key] = event[key]
        # Moonshot counts in the last choice.
        if counted := at(event, "choices", 0, "usage"):
            body.setdefault("usage", counted)
        delta = at(event, "choices", 0, "delta") or at(event, "choices", 0, "message")
        seen = seen or isinstance(event.get("choices"), list)
        finish = at(event, "choices", 0, "finish_reason") or finish
        for field in _FIELDS:
            said[field] += words(at(delta, field))
        for piece in at(delta, "tool_calls") or []:
            _add_call(calls, piece)
    if calls:
        said["tool_calls"] = list(calls.values())
    if not seen and not body:
        return None
    if not finish and "error" not in body:
        body["error"] = "The stream broke off."
    return {**body, "choices": [{"message": said, "finish_reason": finish}] if seen else []}


def _add_call(calls: dict[Any, dict[str, Any]], piece: Any) -> None:
    """Add a piece of a call of a tool: its name comes first, its arguments bit by bit, under the same index."""
    place = at(piece, "index")
    if place is None:
        place = len(calls)
    call = calls.setdefault(place, {"id": "", "function": {"name": "", "arguments": ""}})
    call["id"] = call["id"] or at(piece, "id") or ""
    call["function"]["name"] += str(at(piece, "function", "name") or "")
    arguments = at(piece, "function", "arguments")
    if isinstance(arguments, str):
        call["function"]["arguments"] += arguments
    elif arguments is not None:
        call["function"]["arguments"] = arguments


def _message(events: list[Any]) -> Mapping[str, Any]:
    start = next(
        (dict(event.get("message") or {}) for event in events if event.get("type") == "message_start"), {}
    )
    usage, blocks = dict(start.get("usage") or {}), {}
    stop, error = None, None
    for event in events:
        index = event.get("index", 0)
        if event.get("type") == "content_block_start":
            blocks[index] = dict(event.get("content_block") or {})
        elif event.get("type") == "content_block_delta":
            for field, block_field in (("text", "text"), ("thinking", "thinking"), ("partial_json", "input")):
                if piece := at(event, "delta", field):
                    block = blocks.setdefault(index, {"type": field})
                    # A call begins with the empty object in place of its arguments.
                    block[block_field] = str(block.get(block_field) or "") + str(piece)
        elif event.get("type") == "message_delta":
            stop = at(event, "delta", "stop_reason") or stop
            usage |= event.get("usage") or {}
        error = event.get("error") or error
    if not stop:
        error = error or "The stream broke off."
    found = {**start, "content": list(blocks.values()), "stop_reason": stop, "usage": usage}
    return {**found, "error": error} if error else found


def _gemini(events: list[Any]) -> Mapping[str, Any]:
    parts = [part for event in events for part in at(event, "candidates", 0, "content", "parts") or []]
    finish = next(
        (f for event in reversed(events) if (f := at(event, "candidates", 0, "finishReason"))), None
    )
    merged = {key: value for event in events for key, value in event.items()}
    candidate = {"content": {"parts": parts}, "finishReason": finish}
    return {**merged, "candidates": [candidate], **({} if finish else {"error": "The stream broke off."})}


def _ollama(events: list[Any]) -> Mapping[str, Any]:
    message: dict[str, Any] = {
        field: "".join(words(at(event, "message", field)) for event in events)
        for field in ("content", "thinking")
    }
    message["content"] += "".join(words(event.get("response")) for event in events)
    message |= {"tool_calls": [call for event in events for call in at(event, "message", "tool_calls") or []]}
    end = events[-1]
    found = {**end, "message": message}
    return found if end.get("done") else {**found, "error": end.get("error") or "The stream broke off."}
