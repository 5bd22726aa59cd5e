"""How a running job is told to stop: set on its event loop, looked at before every call."""

from collections.abc import Callable
from enum import StrEnum


class Stop(StrEnum):
    """Why no new call may be made. Finish and cancel end the job; the others end only this life of it."""

    FINISH = "finish"
    CANCEL = "cancel"
    PAUSE = "pause"
    DRAIN = "drain"
    FENCED = "fenced"


_STRENGTH = {Stop.DRAIN: 0, Stop.PAUSE: 1, Stop.FINISH: 2, Stop.CANCEL: 3, Stop.FENCED: 4}


class Control:
    """The stop flag of one job; a stronger wish replaces a weaker one. Belongs to one event loop."""

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the wish changes."""
        self._listeners.append(listener)

    def request(self, stop: Stop) -> None:
        """Ask the job to stop."""
        if self.stop is None or _STRENGTH[stop] > _STRENGTH[self.stop]:
            self.stop = stop
            for listener in self._listeners:
                listener()
