"""What really happened on the wire: the one HTTP request of a call, as it was sent and answered.

litellm words errors anew, gives them statuses of its own, repeats some requests and makes replies of some errors. What is
owed is decided by what was sent and what came back, so both are noted where every request passes: in httpx. A second
request within one call is refused there, whoever wants to make it, and no redirect is followed: it would send the call
again. A reply that could be read there ends the call at once: what litellm would still do with it (its own reading, cost
and log) takes a third of a call's CPU time and is not used.
"""

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import httpcore
import httpx
from aiohttp.client_proto import ResponseHandler

from solver.core.request import Reply

MOST_BODY_BYTES = 32 * 2**20
_MOST_ASKED_ELSEWHERE = 20


class SecondRequest(Exception):
    """A library wanted to send a call again. One hold pays for one request."""


class NotSent(Exception):
    """A request that was only to be drafted is held back."""


class TooLong(Exception):
    """A reply is longer than any model writes."""


class ReplyRead(BaseException):
    """The reply is in the exchange. No Exception, or the libraries above would take it for a fault of the request."""


@dataclass(slots=True)
class Exchange:
    """The one request of a call. `status` is the server's own; `body` is whole, or None where it did not arrive whole.

    `reply` is what `read` made of the body of a success; None where that is nothing, or nobody read it. Where the call
    `is_draft`, nothing is sent: `request` is what would have been.
    """

    is_draft: bool = False
    read: Callable[[bytes], Reply | None] | None = None
    request: httpx.Request | None = None
    was_sent: bool = False
    never_connected: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    reply: Reply | None = None

    @property
    def has_answer(self) -> bool:
        """Whether a server answered with success, and all of it arrived."""
        return self.status is not None and 200 <= self.status < 300 and self.body is not None


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextlib.contextmanager
def one_request(
    *, is_draft: bool = False, read: Callable[[bytes], Reply | None] | None = None
) -> Iterator[Exchange]:
    """Let the block send one request and yield what becomes of it. `watch_httpx` must have been called.

    Of a draft the request is kept and not sent. Where `read` makes a reply of the body of a success, the block ends.
    """
    exchange = Exchange(is_draft=is_draft, read=read)
    token = _current.set(exchange)
    try:
        with contextlib.suppress(ReplyRead):
            yield exchange
    finally:
        _current.reset(token)


def watch_httpx() -> None:
    """Note every request of `one_request` blocks; of all others nothing. Repeating it changes nothing."""
    original = httpx.AsyncClient.send
    if getattr(original, "is_watched", False):
        return

    async def send(
        self: httpx.AsyncClient, request: httpx.Request, *, stream: bool = False, **options: Any
    ) -> httpx.Response:
        exchange = _current.get()
        if exchange is None or _fetches_a_token(request):
            return await original(self, request, stream=stream, **options)
        if exchange.is_draft:
            exchange.request = request
            raise NotSent("This is a draft.")
        if exchange.was_sent:
            raise SecondRequest("A call is sent once.")
        exchange.was_sent = True
        try:
            response = await _answer(
                partial(original, self, **{**options, "stream": True}), request, exchange
            )
        except Exception as error:
            exchange.never_connected = exchange.status is None and was_never_connected(error)
            raise
        try:
            exchange.body = await _body_of(response)
        except BaseException:
            await response.aclose()
            raise
        if exchange.read is not None and exchange.has_answer:
            exchange.reply = exchange.read(exchange.body)
            if exchange.reply is not None:
                raise ReplyRead
        return response

    send.is_watched = True  # type: ignore[attr-defined]
    httpx.AsyncClient.send = send  # type: ignore[method-assign]


def drop_connections_with_strays() -> None:
    """Let aiohttp use no connection again on which something came that nobody asked for. Repeating it changes nothing.

    It would be taken for the reply to the next request, which may be another job's.
    """
    original = ResponseHandler.is_connected
    if getattr(original, "is_strict", False):
        return

    def is_connected(self: ResponseHandler) -> bool:
        return original(self) and not self.should_close

    is_connected.is_strict = True  # type: ignore[attr-defined]
    ResponseHandler.is_connected = is_connected  # type: ignore[method-assign]


async def _body_of(response: httpx.Response) -> bytes:
    """Return a body, and keep it in its response. Raises TooLong."""
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MOST_BODY_BYTES:
            raise TooLong(f"The reply has more than {MOST_BODY_BYTES} bytes.")
    # Where `aread`, which knows no limit, keeps it.
    response._content = bytes(body)  # noqa: SLF001
    return bytes(body)


async def _answer(
    send: Callable[..., Awaitable[httpx.Response]], request: httpx.Request, exchange: Exchange
) -> httpx.Response:
    """Send a request once; where its result lies elsewhere at the same server (303), as of long calls, ask for that.

    The status is noted before the body, which may break off.
    """
    response = await send(request, follow_redirects=False)
    exchange.status, exchange.headers = response.status_code, response.headers
    for _ in range(_MOST_ASKED_ELSEWHERE):
        elsewhere = response.next_request if response.status_code == httpx.codes.SEE_OTHER else None
        if elsewhere is None or _origin(elsewhere.url) != _origin(request.url):
            break  # httpx would take `Authorization` alone from what it sends to another origin
        await response.aclose()
        response = await send(elsewhere, follow_redirects=False)
        if response.is_success:
            exchange.status, exchange.headers = response.status_code, response.headers
    return response


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def was_never_connected(error: BaseException) -> bool:
    """Tell whether an error, or what it was explicitly raised from, says that no connection came about.

    What merely happened before it (`__context__`) says nothing of this request.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        if isinstance(link, _NOT_CONNECTED) or (link.__cause__ is None and isinstance(link, _REFUSED)):
            return True
        if isinstance(link, _UNDER_WAY):
            return False
        link = link.__cause__
    return False


_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.ProxyError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
)
_REFUSED = (ConnectionRefusedError,)
_UNDER_WAY = (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError, httpx.ReadTimeout)


def _fetches_a_token(request: httpx.Request) -> bool:
    """Tell whether a request only gets the key for the call, as some clouds want it."""
    return request.method == "GET" or request.url.path.rstrip("/").endswith("/token")
