"""A memory of what is costly to make and may be needed again, of a size that does not grow."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Kept[K: Hashable, V]:
    """What was used last, up to `most` in weight; threads may share it.

    A key must hold all that its value depends on: what is kept is never looked at again.
    """

    def __init__(self, *, most: int, weight: Callable[[V], int] = lambda _: 1) -> None:
        self._most = most
        self._weight = weight
        self._lock = threading.Lock()
        self._values = OrderedDict[K, V]()
        self._total = 0

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return what is kept of a key, or make it; two threads may both make it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._total += self._weight(value)
            while self._total > self._most and len(self._values) > 1:
                self._total -= self._weight(self._values.popitem(last=False)[1])
        return value
