"""SQL of the jobs room that is not worth saying through the ORM."""

from pathlib import Path


def read(name: str) -> str:
    """Return the text of one SQL file of this folder."""
    return (Path(__file__).parent / name).read_text()
