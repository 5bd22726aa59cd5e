"""What a file is called: never believed, shown to people and models."""

import unicodedata
from pathlib import PurePosixPath

from files.models import MAX_NAME_CHARS

_MOST_SUFFIX_CHARS = 16


def clean_name(raw: str) -> str:
    """Return the last part of a name on one line, without what cannot be seen, at most MAX_NAME_CHARS long."""
    last = unicodedata.normalize("NFC", raw).replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in last)
    name = " ".join(seen.split()).strip(". ") or "file"
    if len(name) <= MAX_NAME_CHARS:
        return name
    suffix = PurePosixPath(name).suffix
    suffix = suffix if len(suffix) <= _MOST_SUFFIX_CHARS else ""
    return f"{name[: MAX_NAME_CHARS - len(suffix) - 1]}…{suffix}"
