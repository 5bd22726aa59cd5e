"""Reads the head of a GGUF file: how many tokens of context its model was made for. Nothing else is loaded.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Figures of the model stand before the long
lists of its vocabulary, so that a few kilobytes are read.
"""

import struct
from pathlib import Path
from typing import BinaryIO

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_MOST_ENTRIES = 100_000
_MOST_BYTES = 1_000_000


class GGUFError(Exception):
    """The file cannot be used; the message says why, in words that follow its path."""


def context_length(path: Path) -> int:
    """Return how many tokens of context the model of a GGUF file was made for. Raises GGUFError."""
    try:
        with path.open("rb") as file:
            return _context_length(file)
    except OSError as error:
        raise GGUFError(f"cannot be read ({(error.strerror or 'unreadable').lower()})") from None
    except (struct.error, UnicodeDecodeError, KeyError):
        raise GGUFError("is damaged: its head cannot be read") from None


def _context_length(file: BinaryIO) -> int:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise GGUFError(f"is not a GGUF file: it does not start with {_MAGIC.decode()}")
    version, _tensors, entries = struct.unpack("<IQQ", file.read(20))
    if version not in _VERSIONS or entries > _MOST_ENTRIES:
        raise GGUFError(f"is a GGUF file of version {version}, and versions 2 and 3 can be read")
    for _ in range(entries):
        name = _string(file)
        value = _value(file, _number(file, "I"))
        if name.endswith(".context_length") and isinstance(value, int) and value > 0:
            return value
    raise GGUFError("does not say how long its model's context is")


def _value(file: BinaryIO, kind: int) -> int | str | None:
    """Read a value and return it; lists are skipped."""
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        return _number(file, _FORMATS[kind])
    inner, count = _number(file, "I"), _number(file, "Q")
    if inner in {_STRING, _ARRAY}:
        for _ in range(count):
            _value(file, inner)
    else:
        file.seek(count * struct.calcsize(_FORMATS[inner]), 1)
    return None


def _string(file: BinaryIO) -> str:
    size = _number(file, "Q")
    if size > _MOST_BYTES:
        raise GGUFError("is damaged: its head cannot be read")
    return file.read(size).decode()


def _number(file: BinaryIO, form: str) -> int:
    found: int = struct.unpack(f"<{form}", file.read(struct.calcsize(form)))[0]
    return found
