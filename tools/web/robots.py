"""What sites ask of robots, as RFC 9309 reads it: kept for an hour, at most 500 kB of it, from the same guarded door."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from protego import Protego

from tools.web.http import BadReply, Reply

MOST_BYTES = 500_000
_KEPT_S = 3_600.0
_FAILURE_KEPT_S = 60.0
_MOST_SITES = 500


class Robots:
    """Remembers what sites allow; may be used by several threads."""

    def __init__(self, name: str) -> None:
        """Obey what is written for the robot of this name, or for all."""
        self._name = name
        self._rules: OrderedDict[str, tuple[float, Protego | None]] = OrderedDict()
        self._lock = threading.Lock()  # guards _rules: reading moves entries

    def refusal(self, address: str, origin: str, read: Callable[[str], Reply]) -> str:
        """Return why a page may not be read, nothing where it may; `read` gets a page by the guarded door, and blocks."""
        with self._lock:
            kept = self._rules.get(origin)
        if kept is None or kept[0] < time.monotonic():
            rules = _rules(origin, read)
            kept = (time.monotonic() + (_KEPT_S if rules else _FAILURE_KEPT_S), rules)
            with self._lock:
                self._rules[origin] = kept
                if len(self._rules) > _MOST_SITES:
                    self._rules.popitem(last=False)
        if kept[1] is None:
            return "does not say whether robots may read it: its robots.txt cannot be had."
        allows = kept[1].can_fetch(address, self._name)
        return "" if allows else "asks robots not to read this page (robots.txt)."


def _rules(origin: str, read: Callable[[str], Reply]) -> Protego | None:
    """Return a site's rules; a missing file allows everything. None: they cannot be had, so nothing is allowed."""
    try:
        reply = read(f"{origin}/robots.txt")
    except (OSError, BadReply):
        return None
    if reply.status >= 500 or reply.status == 429:
        return None
    try:
        return Protego.parse("" if reply.status >= 400 else reply.body.decode("utf-8", "replace"))
    except Exception:  # noqa: BLE001  a stranger's text, another's parser: what it cannot read forbids
        return None
