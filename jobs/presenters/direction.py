"""The direction of a text where no element can say it: in titles of pages, options, tips and subjects."""

import unicodedata

_FIRST_STRONG, _END = "\u2068", "\u2069"
_FROM_RIGHT = {"R", "AL"}


def isolated(text: str) -> str:
    """Return `text` so that it runs in its own direction within a line of ours; as it is where nothing runs from right.

    Without this the amount behind an Arabic title would stand before it.
    """
    if any(unicodedata.bidirectional(character) in _FROM_RIGHT for character in text):
        return f"{_FIRST_STRONG}{text}{_END}"
    return text
