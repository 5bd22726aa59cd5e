"""How a running job is told to stop or hears news: set on its event loop, looked at before every call."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from solver.core.problem.hints import Hint


class Stop(StrEnum):
    """Why no new call may be made. Finish and cancel end the job; the others end only this execution of it."""

    FINISH = "finish"
    CANCEL = "cancel"
    PAUSE = "pause"
    DRAIN = "drain"
    FENCED = "fenced"


_STRENGTH = {Stop.DRAIN: 0, Stop.PAUSE: 1, Stop.FINISH: 2, Stop.CANCEL: 3, Stop.FENCED: 4}


class Control:
    """The stop flag of one job; a stronger wish replaces a weaker one. Belongs to one event loop.

    News change no call that is under way: `give_way` asks for an end of this execution once nothing is in flight,
    `limit_nano` is the budget that the job was last heard to have (0: no news), `hints` all that its user added so far.
    """

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self.give_way = False
        self.limit_nano = 0
        self.hints: Sequence[Hint] = ()
        self._listeners: list[Callable[[], None]] = []
        self._readers: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the wish changes."""
        self._listeners.append(listener)

    def read_news(self, reader: Callable[[], None]) -> None:
        """Call `reader` now and whenever there is news."""
        self._readers.append(reader)
        reader()

    def request(self, stop: Stop) -> None:
        """Ask the job to stop."""
        if self.stop is None or _STRENGTH[stop] > _STRENGTH[self.stop]:
            self.stop = stop
            for listener in self._listeners:
                listener()

    def ask_to_give_way(self) -> None:
        """Ask the job to end this execution at a quiet point, because others wait."""
        self.give_way = True
        self._tell()

    def raise_limit(self, limit_nano: int) -> None:
        """Tell the job its budget, which never shrinks."""
        if limit_nano > self.limit_nano:
            self.limit_nano = limit_nano
            self._tell()

    def hear_hints(self, hints: Sequence[Hint]) -> None:
        """Tell the job all hints of its user; those that it knows it heeds already."""
        if len(hints) > len(self.hints):
            self.hints = hints
            self._tell()

    def _tell(self) -> None:
        for reader in self._readers:
            reader()
