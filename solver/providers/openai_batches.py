"""Calls that a provider answers together, within hours and at half price: OpenAI's files and batches.

A batch is a file of requests, each with an id of ours, that is uploaded and then started by a second request. Uploading
costs nothing, so the file is the first reference of its calls: whether a batch was started from it can be asked by
whoever comes later.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp

from solver.core.errors import ErrorCategory, ProviderError
from solver.core.models import ModelCard
from solver.core.request import Reply, Request
from solver.providers.batch_server import (
    HTTP_S,
    SETTLES_S,
    UNKNOWN,
    UNREADABLE,
    Answered,
    BatchLine,
    BatchLook,
    Server,
    at_its_tier,
    fates_in,
    logger,
    nothing_begun,
    path_of,
    reference_of,
)
from solver.providers.error_sorting import in_doubt, not_executed, sorted_exchange, used_its_cap
from solver.providers.exchange import Exchange
from solver.providers.replies.reading import read_reply

_FILE, _BATCH = "file:", "batch:"
"""What a reference begins with: of calls whose batch may not have been started yet, and of others."""
_PATHS = ("/chat/completions", "/responses")
_WORKING = frozenset({"validating", "in_progress", "finalizing", "cancelling"})
_NOT_BEGUN = frozenset({"batch_expired", "batch_cancelled"})
"""The errors of requests that the provider did not come to."""
_MOST_PAGES = 20


class OpenAIBatches:
    """Uploads, starts, reads and cancels batches (see BatchProvider)."""

    def __init__(self, line: BatchLine) -> None:
        self._line = line
        self._missed_since_s: dict[str, float] = {}

    async def prepare(self, calls: Mapping[str, Request]) -> str:
        """Upload the requests of calls and return the reference of the file. Raises NotExecuted."""
        request = next(iter(calls.values()))
        with nothing_begun(request.card):
            lines = []
            for call_id, each in calls.items():
                drafted = await self._line.draft(each)
                line = {
                    "custom_id": call_id,
                    "method": "POST",
                    "url": f"/v1{path_of(drafted, each.card, _PATHS)}",
                }
                lines.append(json.dumps(line | {"body": json.loads(drafted.content)}))
            form = aiohttp.FormData()
            form.add_field("purpose", "batch")
            form.add_field(
                "file", "\n".join(lines).encode(), filename="calls.jsonl", content_type="application/jsonl"
            )
            server = await self._line.server(request, _PATHS)
            return reference_of(
                _FILE, await self._line.ask("POST", server, "/files", data=form), request.card
            )

    async def start(self, calls: Mapping[str, Request], reference: str) -> str:
        """Start the batch of an uploaded file, once, and return the reference that finds it from now on."""
        request = next(iter(calls.values()))
        server = await self._line.server(request, _PATHS)
        body = {
            "input_file_id": reference.removeprefix(_FILE),
            "endpoint": f"/v1{server.path}",
            "completion_window": "24h",
        }

        async def asked() -> str:
            return reference_of(
                _BATCH, await self._line.ask("POST", server, "/batches", json=body), request.card
            )

        return await self._line.started(asked(), request.card, reference)

    async def look(self, request: Request, reference: str) -> BatchLook | None:
        """Return what is known of a batch now; None: it cannot be had now, which says nothing about its calls."""
        card = request.card
        try:
            server = await self._line.server(request, _PATHS)
            if reference.startswith(_FILE):
                return await self._find(server, card, reference)
            batch = await self._line.ask("GET", server, f"/batches/{reference.removeprefix(_BATCH)}")
            return await self._read(server, card, batch, reference)
        except Answered as error:
            if error.exchange.status in UNKNOWN:
                detail = f"{card.name}: it no longer knows {reference}. {error.exchange.body!r}"
                return BatchLook(
                    reference, is_over=True, rest=in_doubt(card, ErrorCategory.UNCOLLECTABLE, detail)
                )
            logger.info("%s: %s cannot be read now (%s).", card.name, reference, error)
        except UNREADABLE as error:
            logger.info("%s: %s cannot be read now (%s).", card.name, reference, error)
        return None

    async def cancel(self, request: Request, reference: str) -> None:
        """Ask the provider to begin no further call of a batch; best effort."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(HTTP_S / 6):
                server = await self._line.server(request, _PATHS)
                if reference.startswith(_FILE):
                    found = await self._started_from(server, reference)
                    reference = f"{_BATCH}{found['id']}" if found else ""
                if reference:
                    await self._line.ask("POST", server, f"/batches/{reference.removeprefix(_BATCH)}/cancel")

    async def _find(self, server: Server, card: ModelCard, reference: str) -> BatchLook | None:
        """Return what is known of a batch of which only the file is known; None: it may still appear.

        Where there is none for a while, the file is deleted first, so that none can be started from it any more.
        """
        batch = await self._started_from(server, reference)
        if batch is None:
            now_s = time.monotonic()
            if now_s - self._missed_since_s.setdefault(reference, now_s) < SETTLES_S:
                return None
            await self._line.ask("DELETE", server, f"/files/{reference.removeprefix(_FILE)}")
            batch = await self._started_from(server, reference)
        if batch is None:
            detail = f"{card.name}: no batch was started from {reference}."
            rest = not_executed(card, ErrorCategory.PROVIDER_FAILED, detail)
            return BatchLook(reference, is_over=True, rest=rest)
        return await self._read(server, card, batch, reference_of(_BATCH, batch, card))

    async def _started_from(self, server: Server, reference: str) -> dict[str, Any] | None:
        """Return the batch of an uploaded file; None where there is none. The latest come first."""
        file, after = reference.removeprefix(_FILE), ""
        for _ in range(_MOST_PAGES):
            page = await self._line.ask("GET", server, f"/batches?limit=100{after}")
            batches = page["data"]
            if found := next((each for each in batches if each.get("input_file_id") == file), None):
                return dict(found)
            if not page.get("has_more") or not batches:
                return None
            after = f"&after={batches[-1]['id']}"
        raise TypeError("too many batches to find one among them")

    async def _read(
        self, server: Server, card: ModelCard, batch: Mapping[str, Any], reference: str
    ) -> BatchLook:
        status, fates = str(batch.get("status")), dict[str, Reply | ProviderError]()
        for name in ("output_file_id", "error_file_id"):
            if file := batch.get(name):
                text = await self._line.text(server, f"/files/{file}/content")
                # The first line of a call counts.
                fates = fates_in(text, lambda line: _fate(line, card, reference)) | fates
        if status in _WORKING:
            return BatchLook(reference, fates=fates)
        return BatchLook(reference, is_over=True, fates=fates, rest=_rest(batch, card, fates))


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
        return at_its_tier(replace(reply, provider_ref=reply.provider_ref or reference))
    if used_its_cap(exchange):
        return Reply("", "", "length", usage=None, raw_usage=None, provider_ref=reference)
    return sorted_exchange(exchange, card, None)


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
