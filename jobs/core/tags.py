"""Tags: short words by which a person sorts their jobs."""

import re
import unicodedata
from collections.abc import Iterable

from jobs.core.errors import SubmitError

MOST_TAGS = 8
MAX_TAG_CHARS = 30


def tags_in(typed: str) -> tuple[str, ...]:
    """Return the tags of a text that separates them by commas or lines. Raises SubmitError for too many or too long."""
    return checked_tags(re.split(r"[,;\n]", typed))


def checked_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags in lower case, each once, without a leading #. Raises SubmitError for too many or too long."""
    found = tuple(dict.fromkeys(filter(None, map(_tag, tags))))
    if len(found) > MOST_TAGS:
        raise SubmitError(
            f"There are {len(found)} tags; a job has at most {MOST_TAGS}. Remove some.",
            field="tags",
            code="too_many",
        )
    if long := next((tag for tag in found if len(tag) > MAX_TAG_CHARS), None):
        raise SubmitError(
            f"The tag “{long[:MAX_TAG_CHARS]}…” has {len(long)} characters; the limit is {MAX_TAG_CHARS}. Separate tags "
            "by commas.",
            field="tags",
            code="too_long",
        )
    return found


def _tag(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text[:1_000])
    return unicodedata.normalize("NFC", " ".join(shown.lower().split()).lstrip("#").strip())
