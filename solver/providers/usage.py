"""What providers report of a call, made fit to be believed and to be stored."""

from typing import Any
from urllib.parse import urlsplit

from solver.core.models import ModelCard
from solver.core.pricing import Usage
from solver.text.extract import clean_text

# No model reads or writes as many in a call: a higher count is none.
_MOST_TOKENS = 2**30
STANDARD_SERVICE = "default"
"""The service tier that OpenAI is asked for."""
_STANDARD = frozenset({"", "auto", STANDARD_SERVICE, "on_demand", "standard"})
_LONGEST_SERVICE = 20


def parse_usage(
    *,
    prompt: Any,
    completion: Any,
    cache_read: Any,
    cache_write: Any,
    reasoning: Any,
    has_text: bool,
    cache_write_1h: Any = None,
    service: Any = None,
) -> Usage | None:
    """Return the tokens of a call, or None where they cannot be true.

    That is: nothing, zeros for a text, negative or absurd numbers, more tokens cached than the prompt has, or more
    written for an hour than written. `service` is the tier that the reply names.
    """
    if not prompt or completion is None or (has_text and not completion):
        return None
    counts = (prompt, completion, cache_read or 0, cache_write or 0, reasoning or 0, cache_write_1h or 0)
    if any(type(count) is not int or count < 0 or count > _MOST_TOKENS for count in counts):
        return None
    if (cache_read or 0) + (cache_write or 0) > prompt or (cache_write_1h or 0) > (cache_write or 0):
        return None
    return Usage(*counts, service=service_tier(service))


def service_tier(named: Any) -> str:
    """Return the service tier that a reply names; nothing for the standard one, whatever a provider calls it."""
    said = clean_text(named).lower()[:_LONGEST_SERVICE] if isinstance(named, str) else ""
    return "" if said in _STANDARD else said


def is_openai_itself(card: ModelCard) -> bool:
    """Tell whether a model is called at OpenAI, not at a server that speaks like it."""
    host = urlsplit(card.api_base).hostname or ""
    return card.family == "openai" and (not card.api_base or host.endswith("api.openai.com"))


def json_safe(value: Any) -> Any:
    """Return JSON that a database takes: no NaN, no infinite or huge number, no NUL, nothing but plain types."""
    if isinstance(value, dict):
        return {clean_text(str(key)): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, str):
        return clean_text(value)[:1_000]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < 2**60:  # false for NaN, too
        return value
    return clean_text(str(value))[:100]
