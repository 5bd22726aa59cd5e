"""What surrounds the value of an answer and is no part of it: footnotes, struck out words, emphasis of HTML, JSON.

Time linear in the text's length; nothing is raised.
"""

import json
import re

_MAX_JSON_CHARS = 20_000
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~\s*")
_FOOTNOTE = re.compile(
    r"(?<=[^\s\[\]^])(?:\[\^[^\]\s]{1,20}\]){1,4}$|(?<=[\w.)%$])(?: \[[0-9]{1,3}\]){1,6}(?=\.?$)"
)
# Around a number it is emphasis, around words it may be what was asked for.
_ELEMENT = re.compile(r"<(b|strong|em|i|u|mark|ins)>([^<>A-Za-z\n]{1,60})</\1>[.]?", re.IGNORECASE)
# `option **B) Rome**`; `2**3` is a power.
_BOLD_PART = re.compile(r"(?<=[a-z] )\*\*(\(?[A-Ha-h][).:][^*\n]{0,100})\*\*(?=$|[\s.,])")
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\u200e\u200f]")
_CLOSED = re.compile(r"\s*</([a-zA-Z_]{1,20})>$")
_DECODER = json.JSONDecoder()


def without_invisible(text: str) -> str:
    """Return a text without the characters that nobody sees and that part no words."""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def without_closing_tag(value: str) -> str:
    """Return a value without the tag that closes what was opened before it: `7</output>`."""
    found = _CLOSED.search(value[-60:])
    return value if found is None or f"<{found[1]}" in value else value[: len(value) - len(found[0])]


def without_marks(value: str, *, is_literal: bool) -> str:
    """Return the value of one line without footnotes and what was struck out; literal text keeps its elements."""
    if "\n" in value:
        return value
    value = _STRUCK.sub("", value).strip() or value
    value = value if is_literal else _BOLD_PART.sub(r"\1", value)
    value = _FOOTNOTE.sub("", value).rstrip() or value
    element = None if is_literal else _ELEMENT.fullmatch(value)
    return element[2].strip() or value if element else value


def json_value(text: str, at: int) -> str | None:
    """Return the JSON value that begins at a place: of a string what it says, of all else its source; None: no JSON."""
    window = text[at : at + _MAX_JSON_CHARS].lstrip()
    try:
        value, end = _DECODER.raw_decode(window)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None else window[:end]
