"""A job's files as tools find them: read from where they lie when a tool first needs them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from files.passages import ReadFile


@dataclass(frozen=True, slots=True)
class ToolFile:
    """An attached file: what was read of it, and how to get its bytes, which blocks and raises OSError.

    `is_text`: a program can read the bytes as text as they are.
    """

    read: ReadFile
    is_text: bool
    size_bytes: int
    content: Callable[[], bytes]

    @property
    def name(self) -> str:
        """How its user calls it."""
        return self.read.name


class ToolFiles:
    """The files of one job; `names` are known at once, the rest is loaded once, on the thread that first asks."""

    def __init__(self, names: Sequence[str] = (), load: Callable[[], Sequence[ToolFile]] = tuple) -> None:
        """Use `load`, which blocks, when the files are first needed."""
        self.names = tuple(names)
        self._load = load
        self._loaded: tuple[ToolFile, ...] | None = None
        self._loading = threading.Lock()  # guards _loaded: two uses at once would read the same texts twice

    def all(self) -> tuple[ToolFile, ...]:
        """Return the files. Blocks at the first call; raises what `load` raises."""
        with self._loading:
            if self._loaded is None:
                self._loaded = tuple(self._load())
            return self._loaded
