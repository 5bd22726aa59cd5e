"""Calls that a provider answers together, within hours and at half price: OpenAI's files and batches.

A batch is a file of requests, each with an id of ours, that is uploaded and then started by a second request. Uploading
costs nothing, so the file is the first reference of its calls: whether a batch was started from it can be asked by
whoever comes later. What each call sends is what litellm would send; the address and the key come from there, too.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import httpx

from solver.core.errors import ErrorCategory, ProviderError
from solver.core.models import BATCH, ModelCard
from solver.core.request import Message, Reply, Request
from solver.providers.error_sorting import in_doubt, not_executed, sorted_exchange, used_its_cap
from solver.providers.exchange import Exchange, was_never_connected
from solver.providers.replies.reading import read_reply
from solver.text.extract import clean_text

logger = logging.getLogger(__name__)

_FILE, _BATCH = "file:", "batch:"
"""What a reference begins with: of calls whose batch may not have been started yet, and of others."""
_LONGEST_REFERENCE = 200
_HTTP_S = 60.0
_PATHS = ("/chat/completions", "/responses")
_KEYS = frozenset({"authorization", "openai-organization", "openai-project"})
_WORKING = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
_UNKNOWN = frozenset({400, 404, 410})
_NOT_BEGUN = frozenset({"batch_expired", "batch_cancelled"})
"""The errors of requests that the provider did not come to."""
_STANDARD = frozenset({"", BATCH})
_MOST_PAGES = 20
SETTLES_S = 60.0
"""So long a start whose answer did not arrive may still be under way at the provider."""

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


@dataclass(frozen=True, slots=True)
class _Server:
    """Where a model's batches are: the address that its calls go to, without their own path."""

    base: str
    path: str
    headers: Mapping[str, str]


class _Answered(Exception):
    """A status other than success."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(f"status {status}")
        self.exchange = Exchange(was_sent=True, status=status, body=body, headers=headers)


class OpenAIBatches:
    """Uploads, starts, reads and cancels batches. Its connections belong to one event loop."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._missed_since_s: dict[str, float] = {}
        self._session: aiohttp.ClientSession | None = None

    async def upload(self, calls: Mapping[str, Request]) -> str:
        """Upload the requests of calls, by their ids, and return the reference. Raises NotExecuted."""
        card = next(iter(calls.values())).card
        lines, path = [], ""
        for call_id, request in calls.items():
            drafted = await self._draft(request)
            path = path or _path_of(drafted, card)
            line = {"custom_id": call_id, "method": "POST", "url": f"/v1{path}"}
            lines.append(json.dumps(line | {"body": json.loads(drafted.content)}))
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        form.add_field(
            "file", "\n".join(lines).encode(), filename="calls.jsonl", content_type="application/jsonl"
        )
        server = await self._server(next(iter(calls.values())))
        try:
            made = await self._ask("POST", server, "/files", data=form)
        except _Answered as error:
            raise _not_begun(card, error.exchange) from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            detail = f"{card.name}: the file of a batch was not uploaded. {error}"
            raise not_executed(card, ErrorCategory.UNREACHABLE, detail) from error
        return _reference(_FILE, made, card)

    async def start(self, request: Request, reference: str) -> str:
        """Start the batch of an uploaded file, once, and return the reference that finds it.

        It stays that of the file where nobody knows whether the batch was started. Raises NotExecuted.
        """
        card, server = request.card, await self._server(request)
        body = {
            "input_file_id": reference.removeprefix(_FILE),
            "endpoint": f"/v1{server.path}",
            "completion_window": "24h",
        }
        try:
            return _reference(_BATCH, await self._ask("POST", server, "/batches", json=body), card)
        except _Answered as error:
            status = error.exchange.status or 500
            if 400 <= status < 500 and status not in {408, 409, 424, 499}:
                raise _not_begun(card, error.exchange) from error
            return reference
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, ProviderError) as error:
            if was_never_connected(error):
                raise not_executed(card, ErrorCategory.UNREACHABLE, f"{card.name}: {error}") from error
            return reference

    async def look(self, request: Request, reference: str) -> BatchLook | None:
        """Return what is known of a batch now; None: it cannot be had now, which says nothing about its calls."""
        card = request.card
        try:
            server = await self._server(request)
            if reference.startswith(_FILE):
                return await self._find(server, card, reference)
            batch = await self._ask("GET", server, f"/batches/{reference.removeprefix(_BATCH)}")
            return await self._read(server, card, batch, reference)
        except _Answered as error:
            if error.exchange.status in _UNKNOWN:
                detail = f"{card.name}: it no longer knows {reference}. {error.exchange.body!r}"
                return BatchLook(
                    reference, is_over=True, rest=in_doubt(card, ErrorCategory.UNCOLLECTABLE, detail)
                )
            logger.info("%s: %s cannot be read now (%s).", card.name, reference, error)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError, ProviderError) as error:
            logger.info("%s: %s cannot be read now (%s).", card.name, reference, error)
        return None

    async def cancel(self, request: Request, reference: str) -> None:
        """Ask the provider to begin no further call of a batch; best effort."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_HTTP_S / 6):
                server = await self._server(request)
                if reference.startswith(_FILE):
                    found = await self._started_from(server, reference)
                    reference = f"{_BATCH}{found['id']}" if found else ""
                if reference:
                    await self._ask("POST", server, f"/batches/{reference.removeprefix(_BATCH)}/cancel")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _find(self, server: _Server, card: ModelCard, reference: str) -> BatchLook | None:
        """Return what is known of a batch of which only the file is known; None: it may still appear.

        Where there is none for a while, the file is deleted first, so that none can be started from it any more.
        """
        batch = await self._started_from(server, reference)
        if batch is None:
            now_s = time.monotonic()
            if now_s - self._missed_since_s.setdefault(reference, now_s) < SETTLES_S:
                return None
            await self._ask("DELETE", server, f"/files/{reference.removeprefix(_FILE)}")
            batch = await self._started_from(server, reference)
        if batch is None:
            detail = f"{card.name}: no batch was started from {reference}."
            rest = not_executed(card, ErrorCategory.PROVIDER_FAILED, detail)
            return BatchLook(reference, is_over=True, rest=rest)
        return await self._read(server, card, batch, _reference(_BATCH, batch, card))

    async def _started_from(self, server: _Server, reference: str) -> dict[str, Any] | None:
        """Return the batch of an uploaded file; None where there is none. The latest come first."""
        file, after = reference.removeprefix(_FILE), ""
        for _ in range(_MOST_PAGES):
            page = await self._ask("GET", server, f"/batches?limit=100{after}")
            batches = page["data"]
            if found := next((each for each in batches if each.get("input_file_id") == file), None):
                return dict(found)
            if not page.get("has_more") or not batches:
                return None
            after = f"&after={batches[-1]['id']}"
        raise TypeError("too many batches to find one among them")

    async def _read(
        self, server: _Server, card: ModelCard, batch: Mapping[str, Any], reference: str
    ) -> BatchLook:
        status, fates = str(batch.get("status")), dict[str, Reply | ProviderError]()
        for name in ("output_file_id", "error_file_id"):
            if file := batch.get(name):
                text = await self._text(server, f"/files/{file}/content")
                # The first line of a call counts.
                fates = dict(_fates(text, card, reference)) | fates
        if status in _WORKING:
            return BatchLook(reference, fates=fates)
        return BatchLook(reference, is_over=True, fates=fates, rest=_rest(batch, card, fates))

    async def _server(self, request: Request) -> _Server:
        """Return where batches of a model are. Raises NotExecuted where its calls go to no such server."""
        bare = replace(request, messages=(Message("user", "."),), functions=())
        drafted = await self._draft(bare)
        path = _path_of(drafted, request.card)
        headers = {name: value for name, value in drafted.headers.items() if name.lower() in _KEYS}
        return _Server(str(drafted.url).partition("?")[0].removesuffix(path), path, headers)

    async def _ask(self, method: str, server: _Server, path: str, **sent: Any) -> dict[str, Any]:
        found = json.loads(await self._text(server, path, method, **sent))
        if not isinstance(found, dict):
            raise TypeError(f"expected an object, got {type(found).__name__}")
        return found

    async def _text(self, server: _Server, path: str, method: str = "GET", **sent: Any) -> bytes:
        """Make one request, once. aiohttp sends no POST again."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_HTTP_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=True)
        url = f"{server.base}{path}"
        async with self._session.request(method, url, headers=dict(server.headers), **sent) as response:
            body = await response.read()
            if response.status >= 300:
                raise _Answered(response.status, body, response.headers)
        return body


def _path_of(drafted: httpx.Request, card: ModelCard) -> str:
    """Return the path of a call below the server's address. Raises NotExecuted for one that batches do not take."""
    path = next((path for path in _PATHS if drafted.url.path.endswith(path)), None)
    if path is None:
        detail = f"{card.name}: calls to {drafted.url.path} are not for batches."
        raise not_executed(card, ErrorCategory.REQUEST_REFUSED, detail, retryable=False)
    return path


def _reference(kind: str, made: Mapping[str, Any], card: ModelCard) -> str:
    """Return our reference of what a server made. Raises NotExecuted where it gave none."""
    reference = kind + clean_text(str(made.get("id") or ""))
    if not kind < reference or len(reference) > _LONGEST_REFERENCE:
        raise not_executed(card, ErrorCategory.UNCOLLECTABLE, f"{card.name}: no usable reference: {made}")
    return reference


def _not_begun(card: ModelCard, exchange: Exchange) -> ProviderError:
    """Return the error of calls whose batch was refused, whatever its status: none of them was begun."""
    error = sorted_exchange(exchange, card, None)
    return not_executed(card, error.category, error.detail, retryable=error.retryable)


def _fates(text: bytes, card: ModelCard, reference: str) -> Iterator[tuple[str, Reply | ProviderError]]:
    """Yield what became of the calls of a file, the last line first; lines that cannot be read say nothing."""
    for raw in reversed(text.splitlines()):
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            line = json.loads(raw)
            yield str(line["custom_id"]), _fate(line, card, reference)


def _fate(line: Mapping[str, Any], card: ModelCard, reference: str) -> Reply | ProviderError:
    response, error = line.get("response"), line.get("error") or {}
    if not response:
        detail = f"{card.name}: {error}"
        if error.get("code") in _NOT_BEGUN:
            return not_executed(card, ErrorCategory.BUSY, detail)
        return in_doubt(card, ErrorCategory.PROVIDER_FAILED, detail)
    body = json.dumps(response.get("body")).encode()
    exchange = Exchange(was_sent=True, status=int(response["status_code"]), body=body)
    if exchange.has_answer and (reply := read_reply(body, card.family)):
        return _at_its_tier(replace(reply, provider_ref=reply.provider_ref or reference))
    if used_its_cap(exchange):
        return Reply("", "", "length", usage=None, raw_usage=None, provider_ref=reference)
    return sorted_exchange(exchange, card, None)


def _at_its_tier(reply: Reply) -> Reply:
    """Return a reply at the tier of its batch, unless it names another one than the standard."""
    if reply.usage is None or reply.usage.service not in _STANDARD:
        return reply
    return replace(reply, usage=replace(reply.usage, service=BATCH))


def _rest(batch: Mapping[str, Any], card: ModelCard, fates: Mapping[str, Any]) -> ProviderError:
    """Return what is known of calls of which an ended batch says nothing.

    None of a batch that failed was begun. Of one that expired or was cancelled those are missing that were not, if it
    counts no more calls as begun than it tells of.
    """
    status, counts = batch.get("status"), batch.get("request_counts") or {}
    detail = f"{card.name}: the batch {batch.get('id')} is {status} and has no line of this call. "
    detail += json.dumps(batch.get("errors"))
    told = sum(counts[name] for name in ("completed", "failed")) if counts else len(fates) + 1
    if status == "failed" and not fates:
        return not_executed(card, ErrorCategory.REQUEST_REFUSED, detail)
    if status in {"expired", "cancelled"} and told <= len(fates):
        return not_executed(card, ErrorCategory.BUSY, detail)
    return in_doubt(card, ErrorCategory.UNCOLLECTABLE, detail)
