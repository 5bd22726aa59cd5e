"""What a provider itself says went wrong, apart from what it repeats of the request, and what its words mean."""

import json
import re
from collections.abc import Iterator
from typing import Any

from solver.core.errors import ErrorCategory

_MAX_CHARS = 300
_MAX_PLAIN_CHARS = 4_000
_MAX_DEPTH = 6
# Where errors of any provider say what is wrong. Elsewhere, as under FastAPI's `input`, servers repeat what was sent.
_SAYING = frozenset(
    {
        *("code", "detail", "details", "error", "errors", "message", "metadata", "msg"),
        *("raw", "reason", "status", "title", "type"),
    }
)
_USED_ITS_CAP = "Could not finish the message because max_tokens"


def _any_of(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE)


_MEANINGS = (
    # What providers say under a status that others use for what passes, or for a fault in the request.
    (
        _any_of(
            "insufficient_quota", "exceeded_current_quota", "credit balance is too low", "insufficient balance",
            "billing_hard_limit", "billing hard limit", "available credits", "have any credits", "Arrearage",
            "spending limit", "please recharge", "credits are depleted", "specified API usage limits",
            "Key limit exceeded", "FreeTierOnly",
        ),
        ErrorCategory.NO_CREDIT,
    ),
    (
        _any_of(
            "API_KEY_INVALID", "invalid_api_key", "API key not valid", "Incorrect API key", "security token included",
            "reported as leaked",
        ),
        ErrorCategory.KEY_REFUSED,
    ),
    (
        _any_of("location is not supported", "unsupported_country", "organization_restricted"),
        ErrorCategory.FORBIDDEN,
    ),
    (
        _any_of(
            "model_not_found", "model_not_available", "model_decommissioned", "invalid_model", "Model Not Exist",
            "Unknown Model", "model identifier is invalid",
        ),
        ErrorCategory.NOT_FOUND,
    ),
    # A filter of what is asked, under the status of a key that may not ask.
    (_any_of("flagged_input"), ErrorCategory.REQUEST_REFUSED),
)  # fmt: skip


def meaning_of(words: str) -> ErrorCategory | None:
    """Return what is wrong by a provider's own words (`words_of`); None: they do not say more than its status."""
    return next((category for pattern, category in _MEANINGS if pattern.search(words)), None)


def says_cap_was_used(words: str) -> bool:
    """Tell whether a model thought until its cap and said nothing, as OpenAI and Azure word it."""
    return _USED_ITS_CAP in words


def words_of(body: bytes) -> str:
    """Return the codes and messages of an error's body, each cut; of one that is no JSON, how it begins.

    A prompt that the body repeats is no word of the provider's: nobody may steer by it what is told of an error.
    """
    text = body.decode("utf-8", "replace")
    return (
        "\n".join(_words(found)) if isinstance(found := _json(text), dict | list) else text[:_MAX_PLAIN_CHARS]
    )


def _words(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the names of fields and the texts in those that say something."""
    if isinstance(value, dict) and depth < _MAX_DEPTH:
        yield from map(str, value)
        for name, inner in value.items():
            if name in _SAYING:
                yield from _words(inner, depth + 1)
    elif isinstance(value, list) and depth < _MAX_DEPTH:
        for inner in value:
            yield from _words(inner, depth + 1)
    elif isinstance(value, str):
        # A router hands on the error of the provider behind it as a text of its own.
        nested = _json(value) if value.lstrip().startswith("{") else None
        yield from _words(nested, depth + 1) if isinstance(nested, dict) else [value[:_MAX_CHARS]]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
