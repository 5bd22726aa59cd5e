"""Reads the ids that forms and addresses name."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID


def ids_in(texts: Iterable[str]) -> list[UUID]:
    """Return the ids among the texts, without what is none."""
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found
