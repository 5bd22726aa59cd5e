"""What batches of all providers have in common: where they are, one request at a time, and what a look at one shows.

What each call sends is what litellm would send; the address and the key come from there, too.
"""

import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import aiohttp
import httpx

from solver.core.errors import ErrorCategory, ProviderError
from solver.core.models import ModelCard
from solver.core.pricing import BATCH
from solver.core.request import Message, Reply, Request
from solver.providers.error_sorting import is_refusal, not_executed, sorted_exchange
from solver.providers.exchange import Exchange, was_never_connected
from solver.text.extract import clean_text

logger = logging.getLogger(__name__)

HTTP_S = 60.0
SETTLES_S = 60.0
"""So long a start whose answer did not arrive may still be under way at the provider."""
UNKNOWN = frozenset({400, 404, 410})
"""The statuses of what a provider does not know, or not any more."""
UNREADABLE = (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError, KeyError, ProviderError)
"""What may go wrong with a request that another one can make up for."""
_LONGEST_REFERENCE = 200
_KEYS = frozenset(
    {"authorization", "openai-organization", "openai-project", "x-api-key", "anthropic-version"}
)
_STANDARD = frozenset({"", BATCH})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3

Draft = Callable[[Request], Awaitable[httpx.Request]]
"""Returns what litellm would send for a call. Raises NotExecuted where it would send nothing."""


@dataclass(frozen=True, slots=True)
class BatchLook:
    """What a look at a batch showed. `fates` are the replies and errors by call, `reference` finds the batch from now on.

    Once it `is_over`, `rest` says what is known of calls that have no fate.
    """

    reference: str
    is_over: bool = False
    fates: Mapping[str, Reply | ProviderError] = field(default_factory=dict)
    rest: ProviderError | None = None


class BatchProvider(Protocol):
    """Prepares, starts, reads and cancels batches. `calls` are requests to one model, by the ids of their calls."""

    async def prepare(self, calls: Mapping[str, Request]) -> str:
        """Return a reference by which whoever comes later learns whether the batch was started. Raises NotExecuted."""
        ...

    async def start(self, calls: Mapping[str, Request], reference: str) -> str:
        """Start a prepared batch, once, and return the reference that finds it. Raises NotExecuted.

        It stays the one before where nobody knows whether the batch was started.
        """
        ...

    async def look(self, request: Request, reference: str) -> BatchLook | None:
        """Return what is known of a batch now; None: it cannot be had now, which says nothing about its calls."""
        ...

    async def cancel(self, request: Request, reference: str) -> None:
        """Ask the provider to begin no further call of a batch; best effort."""
        ...


@dataclass(frozen=True, slots=True)
class Server:
    """Where a model's batches are: the address that its calls go to, without their own path."""

    base: str
    path: str
    headers: Mapping[str, str]


class Answered(Exception):
    """A status other than success."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(f"status {status}")
        self.exchange = Exchange(was_sent=True, status=status, body=body, headers=headers)


class BatchLine:
    """Makes the requests about batches. Its connections belong to one event loop."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._session: aiohttp.ClientSession | None = None

    async def server(self, request: Request, paths: Collection[str]) -> Server:
        """Return where batches of a model are whose calls go to one of `paths`. Raises NotExecuted where they do not."""
        drafted = await self.draft(replace(request, messages=(Message("user", "."),), functions=()))
        path = path_of(drafted, request.card, paths)
        headers = {name: value for name, value in drafted.headers.items() if name.lower() in _KEYS}
        return Server(str(drafted.url).partition("?")[0].removesuffix(path), path, headers)

    async def ask(self, method: str, server: Server, path: str, **sent: Any) -> dict[str, Any]:
        """Make one request, once, and return the object that came. Raises Answered and what is `UNREADABLE`."""
        found = json.loads(await self.text(server, path, method, **sent))
        if not isinstance(found, dict):
            raise TypeError(f"expected an object, got {type(found).__name__}")
        return found

    async def text(self, server: Server, path: str, method: str = "GET", **sent: Any) -> bytes:
        """Make one request, once, and return its body; no redirect is followed but of a GET, to others without the key.

        Raises Answered and what is `UNREADABLE`.
        """
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=HTTP_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=True)
        url, headers = f"{server.base}{path}", dict(server.headers)
        redirects = _MOST_REDIRECTS if method == "GET" else 0
        while True:
            async with self._session.request(
                method, url, headers=headers, allow_redirects=False, **sent
            ) as response:
                body = await response.read()
            if response.status < 300:
                return body
            elsewhere = response.headers.get("Location", "") if response.status in _REDIRECTS else ""
            if not elsewhere or not redirects:
                raise Answered(response.status, body, response.headers)
            # aiohttp would take `Authorization` alone from what it sends to another origin.
            asked, url, sent = url, urljoin(url, elsewhere), {}
            headers = headers if urlsplit(url)[:2] == urlsplit(asked)[:2] else {}
            redirects -= 1

    async def started(self, asked: Awaitable[str], card: ModelCard, reference: str) -> str:
        """Return what a request that starts a batch returns; `reference` where nobody knows what became of it.

        Raises NotExecuted where it was refused, or no connection came about.
        """
        try:
            return await asked
        except Answered as error:
            if is_refusal(error.exchange.status or 500):
                raise not_begun(card, error.exchange) from error
        except UNREADABLE as error:
            if was_never_connected(error):
                raise not_executed(card, ErrorCategory.UNREACHABLE, f"{card.name}: {error}") from error
        return reference

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


@contextlib.contextmanager
def nothing_begun(card: ModelCard) -> Iterator[None]:
    """Let the block make requests by which no call is begun. Raises NotExecuted for whatever goes wrong with them."""
    try:
        yield
    except Answered as error:
        raise not_begun(card, error.exchange) from error
    except ProviderError:
        raise
    except UNREADABLE as error:
        detail = f"{card.name}: a batch was not prepared. {error}"
        raise not_executed(card, ErrorCategory.UNREACHABLE, detail) from error


def path_of(drafted: httpx.Request, card: ModelCard, paths: Collection[str]) -> str:
    """Return the path of a call below the server's address. Raises NotExecuted for one that batches do not take."""
    path = next((path for path in paths if drafted.url.path.endswith(path)), None)
    if path is None:
        detail = f"{card.name}: calls to {drafted.url.path} are not for batches."
        raise not_executed(card, ErrorCategory.REQUEST_REFUSED, detail, retryable=False)
    return path


def reference_of(kind: str, made: Mapping[str, Any], card: ModelCard) -> str:
    """Return our reference of what a server made. Raises NotExecuted where it gave none."""
    reference = kind + clean_text(str(made.get("id") or ""))
    if not kind < reference or len(reference) > _LONGEST_REFERENCE:
        raise not_executed(card, ErrorCategory.UNCOLLECTABLE, f"{card.name}: no usable reference: {made}")
    return reference


def not_begun(card: ModelCard, exchange: Exchange) -> ProviderError:
    """Return the error of calls that were refused, whatever the status: none of them was begun."""
    error = sorted_exchange(exchange, card, None)
    return not_executed(card, error.category, error.detail, retryable=error.retryable)


def at_its_tier(reply: Reply) -> Reply:
    """Return a reply at the tier of its batch, unless it names another one than the standard."""
    if reply.usage is None or reply.usage.service not in _STANDARD:
        return reply
    return replace(reply, usage=replace(reply.usage, service=BATCH))


def fates_in(
    text: bytes, fate: Callable[[Mapping[str, Any]], Reply | ProviderError]
) -> dict[str, Reply | ProviderError]:
    """Return what became of the calls of a file of lines, by their ids.

    The first line of a call counts; lines that cannot be read say nothing.
    """
    found = dict[str, Reply | ProviderError]()
    for raw in text.splitlines():
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            line = json.loads(raw)
            call_id = str(line["custom_id"])
            if call_id not in found:
                found[call_id] = fate(line)
    return found
