"""Calls that a provider answers together, within hours and at half price: Anthropic's Message Batches.

One request starts such a batch, and nothing of it can be named beforehand. So the first reference of its calls is the
latest batch that there was before, how many calls they are, and the id of one: a later batch of that size whose results
have that id is theirs. Until that shows nobody knows, and where none appears the calls are in doubt.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

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
    not_begun,
    nothing_begun,
    path_of,
    reference_of,
)
from solver.providers.error_sorting import in_doubt, not_executed
from solver.providers.exchange import Exchange
from solver.providers.replies.reading import read_reply

_AFTER, _BATCH = "after:", "batch:"
"""What a reference begins with: of calls whose batch may not have been started yet, and of others."""
_PATHS = ("/messages",)
_BATCHES = "/messages/batches"
_ENDED = "ended"
_MOST_LISTED = 1_000
_STATUSES = {
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The statuses that Anthropic gives to errors by their type; 400 to others."""


class AnthropicBatches:
    """Starts, finds, reads and cancels batches (see BatchProvider)."""

    def __init__(self, line: BatchLine) -> None:
        self._line = line
        self._missed_since_s: dict[str, float] = {}

    async def prepare(self, calls: Mapping[str, Request]) -> str:
        """Return the reference by which a batch of these calls is found once it has ended. Raises NotExecuted."""
        call_id, request = next(iter(calls.items()))
        with nothing_begun(request.card):
            server = await self._line.server(request, _PATHS)
            latest = (await self._line.ask("GET", server, f"{_BATCHES}?limit=1"))["data"]
            before = reference_of("", latest[0], request.card) if latest else ""
        return f"{_AFTER}{before}:{len(calls)}:{call_id}"

    async def start(self, calls: Mapping[str, Request], reference: str) -> str:
        """Start a batch, once, and return the reference that finds it from now on. Raises NotExecuted."""
        card = next(iter(calls.values())).card
        requests = []
        for call_id, request in calls.items():
            drafted = await self._line.draft(request)
            path_of(drafted, card, _PATHS)
            requests.append({"custom_id": call_id, "params": json.loads(drafted.content)})
        server = await self._line.server(request, _PATHS)

        async def asked() -> str:
            made = await self._line.ask("POST", server, _BATCHES, json={"requests": requests})
            return reference_of(_BATCH, made, card)

        return await self._line.started(asked(), card, reference)

    async def look(self, request: Request, reference: str) -> BatchLook | None:
        """Return what is known of a batch now; None: it cannot be had now, which says nothing about its calls."""
        card = request.card
        try:
            server = await self._line.server(request, _PATHS)
            if reference.startswith(_AFTER):
                return await self._find(server, card, reference)
            batch = await self._line.ask("GET", server, f"{_BATCHES}/{reference.removeprefix(_BATCH)}")
            if batch["processing_status"] != _ENDED:
                return BatchLook(reference)
            return _over(await self._results(server, batch), card, reference)
        except Answered as error:
            if error.exchange.status in UNKNOWN:
                detail = f"{card.name}: it no longer knows {reference}. {error.exchange.body!r}"
                return _lost(card, reference, detail)
            logger.info("%s: %s cannot be read now (%s).", card.name, reference, error)
        except UNREADABLE as error:
            logger.info("%s: %s cannot be read now (%s).", card.name, reference, error)
        return None

    async def cancel(self, request: Request, reference: str) -> None:
        """Ask the provider to begin no further call of a batch whose reference is known; best effort."""
        if reference.startswith(_AFTER):
            return
        with contextlib.suppress(Exception):
            async with asyncio.timeout(HTTP_S / 6):
                server = await self._line.server(request, _PATHS)
                path = f"{_BATCHES}/{reference.removeprefix(_BATCH)}/cancel"
                await self._line.ask("POST", server, path)

    async def _find(self, server: Server, card: ModelCard, reference: str) -> BatchLook | None:
        """Return what is known of a batch that may have been started; None: it may still show."""
        before, count, call_id = reference.removeprefix(_AFTER).split(":")
        cursor = f"&before_id={before}" if before else ""
        listed = await self._line.ask("GET", server, f"{_BATCHES}?limit={_MOST_LISTED}{cursor}")
        alike = [batch for batch in listed["data"] if sum(batch["request_counts"].values()) == int(count)]
        for batch in alike:
            if batch["processing_status"] != _ENDED:
                continue
            text = await self._results(server, batch)
            if call_id in fates_in(text, lambda _: _lost_call(card, reference)):
                return _over(text, card, reference_of(_BATCH, batch, card))
        if any(batch["processing_status"] != _ENDED for batch in alike):
            return None
        now_s = time.monotonic()
        if now_s - self._missed_since_s.setdefault(reference, now_s) < SETTLES_S:
            return None
        return _lost(card, reference, f"{card.name}: nobody knows whether a batch was started ({reference}).")

    async def _results(self, server: Server, batch: Mapping[str, Any]) -> bytes:
        """Return the results of a batch that has ended, from where its calls went: no key goes to another address."""
        return await self._line.text(server, f"{_BATCHES}/{batch['id']}/results")


def _over(text: bytes, card: ModelCard, reference: str) -> BatchLook:
    fates = fates_in(text, lambda line: _fate(line, card, reference))
    return BatchLook(reference, is_over=True, fates=fates, rest=_lost_call(card, reference))


def _lost(card: ModelCard, reference: str, detail: str) -> BatchLook:
    return BatchLook(reference, is_over=True, rest=in_doubt(card, ErrorCategory.UNCOLLECTABLE, detail))


def _lost_call(card: ModelCard, reference: str) -> ProviderError:
    detail = f"{card.name}: {reference} has ended and has no line of this call."
    return in_doubt(card, ErrorCategory.UNCOLLECTABLE, detail)


def _fate(line: Mapping[str, Any], card: ModelCard, reference: str) -> Reply | ProviderError:
    """Return what a line says of its call. Anthropic charges for no call that has no message."""
    result = line["result"]
    match result["type"]:
        case "succeeded":
            if reply := read_reply(json.dumps(result["message"]).encode(), card.family):
                return at_its_tier(replace(reply, provider_ref=reply.provider_ref or reference))
        case "errored":
            error = result["error"].get("error") or result["error"]
            status = _STATUSES.get(error.get("type"), 400)
            return not_begun(card, Exchange(was_sent=True, status=status, body=json.dumps(error).encode()))
        case "canceled" | "expired":
            return not_executed(card, ErrorCategory.BUSY, f"{card.name}: {reference}: {result['type']}.")
    return in_doubt(card, ErrorCategory.UNREADABLE, f"{card.name}: {reference}: not a reply.")
