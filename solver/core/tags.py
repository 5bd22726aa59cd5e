"""Tags of prompts, taken out of what others wrote, so that no material can end where it stands or seem to begin anew."""

import re

_NAMES = "tool_result|source|problem|candidate|part|hint|files?|passage|picture|earlier_(?:problem|answer)"
_TAG = re.compile(rf"<([\s/]*(?:{_NAMES})\b[^<>]*)(>?)", re.IGNORECASE)


def as_plain_text(material: str) -> str:
    """Return a material in which whatever looks like one of a prompt's tags stands in other brackets, closed or not."""
    return _TAG.sub(lambda tag: f"‹{tag[1]}{'›' if tag[2] else ''}", material)
