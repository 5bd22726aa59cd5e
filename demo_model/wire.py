"""What a chat request may look like: read strictly, so that nothing odd reaches llama.cpp."""

from __future__ import annotations

import json
from typing import Any, Final

MAX_BODY: Final = 1_000_000  # bytes
MAX_MESSAGES: Final = 500
MAX_STOPS: Final = 8
MAX_STOP_LENGTH: Final = 200  # characters
ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})
EFFORTS: Final = frozenset({"none", "minimal", "low", "medium", "high", "xhigh"})
SEEDS: Final = 2**32 - 1  # llama.cpp keeps the last 32-bit value for "random"

Json = dict[str, Any]


class BadRequestError(Exception):
    """A request that is refused; the message says what was expected."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def error_body(message: str, status: int) -> Json:
    """Return an error the way OpenAI's clients expect it."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "code": status, "param": None}}


def read_chat(body: bytes, *, model: str) -> Json:
    """Turn a request's bytes into a clean request for llama.cpp, or raise `BadRequestError`."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequestError("The body is not valid JSON in UTF-8.") from None
    if not isinstance(asked, dict):
        raise BadRequestError("The body must be a JSON object with 'messages'.")
    if asked.get("model") not in (None, model):
        raise BadRequestError(
            f"This server serves only the model '{model}'. Ask for it by that name.", status=404
        )
    clean: Json = {
        "messages": _messages(asked.get("messages")),
        "temperature": _number(asked, "temperature", 0, 2, default=1.0),
        "top_p": _number(asked, "top_p", 0, 1, default=1.0),
        "stream": _flag(asked, "stream"),
    }
    if _integer(asked, "n", 1) not in (None, 1):
        raise BadRequestError("'n' must be 1: send one request for each reply.")
    if _effort(asked.get("reasoning_effort")) == "none":
        clean["chat_template_kwargs"] = {"at_once": True}
    limit = _limit(asked)
    if limit is not None:
        clean["max_tokens"] = min(limit, 2**30)
    seed = _integer(asked, "seed", None)
    if seed is not None:
        clean["seed"] = seed % SEEDS
    stops = _stops(asked.get("stop"))
    if stops:
        clean["stop"] = stops
    if clean["stream"] and asked.get("stream_options") is not None:
        clean["stream_options"] = {"include_usage": _wants_usage(asked["stream_options"])}
    return clean


def _limit(asked: Json) -> int | None:
    limit = _integer(asked, "max_completion_tokens", 1)
    return _integer(asked, "max_tokens", 1) if limit is None else limit


def _messages(value: object) -> list[Json]:
    if not isinstance(value, list) or not value:
        raise BadRequestError("'messages' must be a list with at least one message.")
    if len(value) > MAX_MESSAGES:
        raise BadRequestError(f"'messages' may hold at most {MAX_MESSAGES} messages.")
    messages = [_message(item) for item in value]
    if not any(message["role"] == "user" for message in messages):
        raise BadRequestError("'messages' must hold at least one message with the role 'user'.")
    return messages


def _message(value: object) -> Json:
    if not isinstance(value, dict):
        raise BadRequestError("Each message must be an object with 'role' and 'content'.")
    role = value.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise BadRequestError(f"'role' must be one of: {', '.join(sorted(ROLES))}.")
    content = value.get("content")
    if content is None and role == "assistant":
        content = ""
    if isinstance(content, list):
        content = "".join(_part(part) for part in content)
    if not isinstance(content, str):
        raise BadRequestError("'content' must be a text, or a list of text parts.")
    return {"role": "system" if role == "developer" else role, "content": _text(content)}


def _part(value: object) -> str:
    if isinstance(value, dict) and value.get("type") == "text":
        text = value.get("text")
        if isinstance(text, str):
            return text
    raise BadRequestError("'content' parts must be of type 'text': this model reads only text.")


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRequestError("A text holds half a character (a lone surrogate).") from None
    return value


def _number(asked: Json, name: str, low: float, high: float, *, default: float) -> float:
    value = asked.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadRequestError(f"'{name}' must be a number from {low} to {high}.")
    return float(value)


def _integer(asked: Json, name: str, low: int | None) -> int | None:
    value = asked.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRequestError(f"'{name}' must be a whole number.")
    if low is not None and value < low:
        raise BadRequestError(f"'{name}' must be at least {low}.")
    return value


def _flag(asked: Json, name: str) -> bool:
    value = asked.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise BadRequestError(f"'{name}' must be true or false.")
    return value


def _effort(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or value not in EFFORTS):
        raise BadRequestError(f"'reasoning_effort' must be one of: {', '.join(sorted(EFFORTS))}.")
    return value


def _wants_usage(value: object) -> bool:
    if not isinstance(value, dict):
        raise BadRequestError("'stream_options' must be an object.")
    return _flag(value, "include_usage")


def _stops(value: object) -> list[str]:
    if value is None:
        return []
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or len(stops) > MAX_STOPS:
        raise BadRequestError(f"'stop' must be a text or a list of at most {MAX_STOPS} texts.")
    for stop in stops:
        if not isinstance(stop, str) or not 0 < len(stop) <= MAX_STOP_LENGTH:
            raise BadRequestError(f"Each 'stop' must have 1 to {MAX_STOP_LENGTH} characters.")
        _text(stop)
    return stops
