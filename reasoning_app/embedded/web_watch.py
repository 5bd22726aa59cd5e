"""Watches whether the web server answers: it may live and yet never answer again."""

import http.client
import threading
import time

_ENOUGH_MISSES = 3


def answers(host: str, port: int, *, timeout_s: float = 5.0) -> int | None:
    """Return the status with which /healthz answers, or None where it does not."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class WebWatch:
    """Asks for /healthz in a thread of its own, for the supervisor must not wait.

    Any answer is a sign of life: where the database is away, another web server would not bring it back.
    """

    def __init__(self, host: str, port: int, *, every_s: float = 15.0, timeout_s: float = 6.0) -> None:
        self._address = (host, port)
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._has_answered = False
        self._misses = 0

    def start(self) -> None:
        """Begin to ask."""
        threading.Thread(target=self._ask_for_ever, name="web-watch", daemon=True).start()

    @property
    def is_stuck(self) -> bool:
        """Whether a server that has answered before missed three times in a row."""
        return self._misses >= _ENOUGH_MISSES

    def forget(self) -> None:
        """Begin anew, for a server that is started again."""
        self._has_answered = False
        self._misses = 0

    def _ask_for_ever(self) -> None:
        while True:
            if answers(*self._address, timeout_s=self._timeout_s) is not None:
                self._has_answered, self._misses = True, 0
            elif self._has_answered:
                self._misses += 1
            time.sleep(self._every_s)
