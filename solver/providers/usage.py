"""What providers report of a call, made fit to be believed and to be stored."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from solver.core.models import ModelCard
from solver.core.pricing import Usage
from solver.core.request import Reply
from solver.text.extract import clean_text

# No model reads or writes as many in a call: a higher count is none.
_MOST_TOKENS = 2**30
_DIGITS = re.compile(r"[0-9]{1,10}(\.0+)?")
STANDARD_SERVICE = "default"
"""The service tier that OpenAI is asked for."""
_STANDARD = frozenset({"", "auto", STANDARD_SERVICE, "on_demand", "standard"})
_LONGEST_SERVICE = 20


def parse_usage(
    *,
    prompt: Any,
    completion: Any,
    cache_read: Any = None,
    cache_write: Any = None,
    reasoning: Any = None,
    has_text: bool,
    cache_write_1h: Any = None,
    service: Any = None,
    total: Any = None,
    audio: Any = None,
    searches: Any = None,
    image: Any = None,
    is_cut: bool = False,
    thinks_beside: bool = False,
    most_output: int | None = None,
) -> Usage | None:
    """Return the tokens of a call, or None where they cannot be true.

    That is: nothing, zeros for a text or for a reply that was cut, negative or absurd numbers, more tokens cached than
    the prompt has, more written for an hour than written, more audio and images than prompt, or more reasoning than was
    written. Where the `total` says so, or the provider is known to (`thinks_beside`: xAI), the reasoning is counted
    beside what was written; what the total has beyond all that is named is reasoning, too, where it could be: a call may
    write `most_output`. `service` is the tier that the reply names.
    """
    if prompt is None or completion is None:
        return None
    counts = [whole(count) for count in (prompt, completion, cache_read or 0, cache_write or 0)]
    thought, written_1h, sum_of_all = whole(reasoning or 0), whole(cache_write_1h or 0), whole(total or 0)
    heard, searched, seen = whole(audio or 0), whole(searches or 0), whole(image or 0)
    if any(count is None for count in (*counts, thought, written_1h, heard, searched, seen)):
        return None
    asked, said, read, written = (count or 0 for count in counts)
    thought, written_1h = thought or 0, written_1h or 0
    beyond = (sum_of_all or 0) - asked - said
    if thought and (beyond == thought or (thinks_beside and thought > said)):
        said += thought
    elif (
        beyond > 0 and 0 < said <= (most_output or _MOST_TOKENS) - beyond and not (thought or read or written)
    ):
        # Thought out of sight and named nowhere, as by Gemini where it speaks as OpenAI does.
        thought, said = beyond, said + beyond
    if not asked or ((has_text or is_cut) and not said):
        return None
    if read + written > asked or written_1h > written or thought > said or (heard or 0) + (seen or 0) > asked:
        return None
    return Usage(
        *(asked, said, read, written, thought, written_1h),
        service=service_tier(service),
        audio_tokens=heard or 0,
        searches=searched or 0,
        image_tokens=seen or 0,
    )


def whole(count: Any) -> int | None:
    """Return a count of tokens, also one that was written as text or with a fraction of 0; None for anything else."""
    found: Any = count
    if isinstance(count, str):
        found = int(count.partition(".")[0]) if _DIGITS.fullmatch(count.strip()) else None
    # False for NaN and infinities, too.
    elif isinstance(count, float | Decimal) and -1 <= count <= _MOST_TOKENS and count % 1 == 0:
        found = int(count)
    return found if type(found) is int and 0 <= found <= _MOST_TOKENS else None


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
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**60 else str(value)[:100]
    if isinstance(value, int | float) and abs(value) < 2**60:  # false for NaN, too
        return value
    return clean_text(str(value))[:100]


def with_tier_of(headers: Mapping[str, str], reply: Reply) -> Reply:
    """Return a reply with the service tier that its headers name, as Gemini's do, where its body names none."""
    named = service_tier(headers.get("x-gemini-service-tier"))
    if reply.usage is None or reply.usage.service or not named:
        return reply
    return replace(reply, usage=replace(reply.usage, service=named))
