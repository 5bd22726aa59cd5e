"""Which numbers of a row of steps are still to be told, however long one of them takes."""

import itertools
from collections.abc import Iterator


class MissingIndices:
    """The numbers not told yet; those below the highest told one are few, being in flight or lost with an execution."""

    def __init__(self) -> None:
        self._beyond = 0
        self._gaps: set[int] = set()

    def tell(self, number: int) -> None:
        """Note that a number was told."""
        self._gaps.update(range(self._beyond, number))
        self._beyond = max(self._beyond, number + 1)
        self._gaps.discard(number)

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers not told, lowest first, without end."""
        return itertools.chain(sorted(self._gaps), itertools.count(self._beyond))
