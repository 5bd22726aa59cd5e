"""What providers report of a call, made fit to be believed and to be stored."""

from typing import Any

from solver.core.pricing import Usage
from solver.text.extract import clean_text

# No model reads or writes as many in a call: a higher count is none.
_MOST_TOKENS = 2**30


def parse_usage(
    *, prompt: Any, completion: Any, cache_read: Any, cache_write: Any, reasoning: Any, has_text: bool
) -> Usage | None:
    """Return the tokens of a call, or None where they cannot be true.

    That is: nothing, zeros for a text, negative or absurd numbers, more tokens cached than the prompt has.
    """
    if not prompt or completion is None or (has_text and not completion):
        return None
    counts = (prompt, completion, cache_read or 0, cache_write or 0, reasoning or 0)
    if any(type(count) is not int or count < 0 or count > _MOST_TOKENS for count in counts):
        return None
    if (cache_read or 0) + (cache_write or 0) > prompt:
        return None
    return Usage(*counts)


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
