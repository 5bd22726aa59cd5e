"""Visitors of a web server: keep-alive connections that ask as browsers do, at a rate, however slow it answers."""

import gzip
import http.client
import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

_CLIENTS = 24


class Ask(NamedTuple):
    """One request; with a form it is a POST."""

    name: str
    address: str
    form: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    expected: tuple[int, ...] = (200,)


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as people read it."""
        is_short = self.headers.get("content-encoding") == "gzip"
        return (gzip.decompress(self.body) if is_short else self.body).decode()


class Visitor:
    """One connection of a signed-in person, or of nobody where there are no cookies."""

    def __init__(self, port: int, cookies: Mapping[str, str]) -> None:
        self._port = port
        self._cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._token = cookies.get("csrftoken", "")
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, ask: Ask) -> Reply:
        """Ask, once more where the server had closed the connection. Raises RuntimeError for another status."""
        headers = {"Accept-Encoding": "gzip, deflate, br", "Cookie": self._cookie, **ask.headers}
        body = None
        if ask.form:
            body = urlencode(ask.form)
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-CSRFToken": self._token,
                "Referer": f"http://127.0.0.1:{self._port}/",
            }
        try:
            reply, content = self._send(ask, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection.close()
            reply, content = self._send(ask, body, headers)
        if reply.status not in ask.expected:
            raise RuntimeError(f"{ask.address} answers {reply.status}: {content[:300]!r}")
        return Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, content)

    def _send(
        self, ask: Ask, body: str | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request("POST" if ask.form else "GET", ask.address, body, dict(headers))
        reply = self._connection.getresponse()
        return reply, reply.read()


class Load(NamedTuple):
    """What a while of visits came to; times in milliseconds from the moment at which a request was due."""

    took_ms: Sequence[tuple[str, float]]
    rate_per_s: float


def visit(visitor: Callable[[], Visitor], asks: Sequence[Ask], *, rate_per_s: float, for_s: float) -> Load:
    """Ask for `asks` in turn at a rate. A request that is due waits for nobody but a free connection."""
    took_ms: list[tuple[str, float]] = []
    faults: list[BaseException] = []
    began_s = time.monotonic() + 0.2
    numbers = itertools.count()

    def work() -> None:
        mine = visitor()
        try:
            while (
                due_s := began_s + (number := next(numbers)) / rate_per_s
            ) < began_s + for_s and not faults:
                time.sleep(max(0.0, due_s - time.monotonic()))
                ask = asks[number % len(asks)]
                mine.ask(ask)
                took_ms.append((ask.name, (time.monotonic() - due_s) * 1000))
        except BaseException as error:  # noqa: BLE001  (raised below)
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return Load(took_ms, len(took_ms) / (time.monotonic() - began_s))
