"""What no page and no email can carry, taken out of a text."""

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean_text(text: str) -> str:
    """Return `text` without NUL and other controls; an unpaired surrogate becomes a question mark."""
    return _CONTROLS.sub("", text.encode("utf-8", "replace").decode("utf-8"))
