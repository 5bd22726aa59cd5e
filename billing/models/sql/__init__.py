"""The database's own part of the books: triggers and the functions of the hot path, loaded by migrations."""

from pathlib import Path


def read(name: str) -> str:
    """Return the text of one SQL file of this folder."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
