"""Calls that the provider works on by itself: OpenAI's Responses API in background mode, submitted and then collected.

The reference that a submission returns finds the reply from any process, so a call of an hour outlives its worker.
These are three plain requests: litellm's own way there sends a POST again when the connection breaks, wraps the
reference into one that another version may not read, and imports a package that it does not bring along.
"""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp

from solver.core.errors import ErrorCategory
from solver.core.models import ModelCard
from solver.core.request import Reply, Request
from solver.providers.error_sorting import in_doubt, timed_out
from solver.providers.picture_parts import responses_items
from solver.providers.replies.openai_responses import read_response
from solver.providers.replies.reading import reply_of
from solver.providers.usage import STANDARD_SERVICE, is_openai_itself
from solver.text.extract import clean_text

logger = logging.getLogger(__name__)

_OPENAI = "https://api.openai.com/v1"
_HTTP_S = 60.0
"""How long one request may take; the work itself goes on at the provider."""
_FIRST_LOOK_S = 0.5
_LONGEST_LOOK_S = 10.0
_WORKING = frozenset({"queued", "in_progress"})
_UNKNOWN = frozenset({400, 404, 410})
_LONGEST_REFERENCE = 200


class RefusedByServer(Exception):
    """A status other than success, with what the gateway sorts errors by."""

    def __init__(self, message: str, status_code: int, headers: Mapping[str, str]) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.headers = headers


class Background:
    """Submits, collects and cancels. Its connections belong to one event loop."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def submit(self, request: Request, pictures: Mapping[str, bytes]) -> str:
        """Submit a call, once, and return its reference. Raises InDoubt, RefusedByServer, or what the network does."""
        card = request.card
        body: dict[str, Any] = {
            "model": card.litellm_model.partition("/")[2],
            "input": [item for m in request.messages for item in responses_items(m, pictures)],
            "max_output_tokens": request.max_output_tokens,
            "background": True,
            "store": True,
        }
        if card.temperature is not None:
            body["temperature"] = card.temperature
        if card.service or is_openai_itself(card):
            body["service_tier"] = card.service or STANDARD_SERVICE
        if request.at_length and card.reasons:
            body["reasoning"] = {"effort": "high"}
        if request.functions and card.calls_tools:
            body["tools"] = [{"type": "function", **function["function"]} for function in request.functions]
        response = await self._ask("POST", card, "", body)
        reference = clean_text(str(response.get("id") or ""))
        if not reference or len(reference) > _LONGEST_REFERENCE:
            raise in_doubt(card, ErrorCategory.UNCOLLECTABLE, "It gave no reference to collect the call by.")
        return reference

    async def collect(self, request: Request, reference: str) -> Reply:
        """Wait for the reply of a submitted call. Raises InDoubt if there is none in time."""
        card = request.card
        loop = asyncio.get_running_loop()
        ends_s, pause_s = loop.time() + card.timeout_s, _FIRST_LOOK_S
        while True:
            response = await self._look(card, reference)
            if response is not None and response.get("status") not in _WORKING:
                return _reply(response, card, reference)
            if loop.time() + pause_s > ends_s:
                raise timed_out(
                    card, f"It did not finish the call {reference} within {card.timeout_s:.0f} s."
                )
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_LOOK_S)

    async def cancel(self, request: Request, reference: str) -> None:
        """Ask the provider to stop working on a call; best effort."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_HTTP_S / 6):
                await self._ask("POST", request.card, f"/{reference}/cancel")

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _look(self, card: ModelCard, reference: str) -> dict[str, Any] | None:
        """Return the response as it is now; None: it cannot be had now, which says nothing about the call."""
        try:
            return await self._ask("GET", card, f"/{reference}")
        except RefusedByServer as error:
            if error.status_code in _UNKNOWN:
                detail = f"It no longer knows the call {reference}."
                raise in_doubt(card, ErrorCategory.UNCOLLECTABLE, detail) from error
            logger.info("%s: the call %s cannot be read now (%s).", card.name, reference, error)
        except Exception as error:  # noqa: BLE001  (whatever a network does, the call goes on)
            logger.info("%s: the call %s cannot be read now (%s).", card.name, reference, error)
        return None

    async def _ask(
        self, method: str, card: ModelCard, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Make one request, once: nothing is sent again, or to where a redirect points."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_HTTP_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=True)
        url = f"{(card.api_base or _OPENAI).rstrip('/')}/responses{path}"
        headers = {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY') or 'none'}"}
        async with self._session.request(
            method, url, json=body, headers=headers, allow_redirects=method == "GET"
        ) as response:
            text = await response.text(errors="replace")
            if response.status >= 300:
                raise RefusedByServer(
                    _error_in(text) or f"status {response.status}", response.status, response.headers
                )
        found = json.loads(text)
        if not isinstance(found, dict):
            raise TypeError(f"expected an object, got {type(found).__name__}")
        return found


def _error_in(text: str) -> str:
    """Return the message of an error as OpenAI words it, or what came instead."""
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return str(json.loads(text)["error"]["message"])
    return text[:200]


def _reply(response: Mapping[str, Any], card: ModelCard, reference: str) -> Reply:
    """Return the reply of a response that is not being worked on any more. Raises InDoubt where nobody knows its cost."""
    status = response.get("status")
    try:
        said = read_response(response)
        if status not in {"completed", "incomplete"}:
            said.error = said.error or f"The call {reference} is {status}."
        reply = reply_of(said, card.family)
    except (AttributeError, KeyError, TypeError) as fault:
        raise in_doubt(card, ErrorCategory.UNREADABLE, f"Not a reply: {type(fault).__name__}.") from fault
    if reply is None:
        raise in_doubt(card, ErrorCategory.PROVIDER_FAILED, f"The call {reference} is {status}. {said.error}")
    return replace(reply, provider_ref=reference)
