"""The only door to models: one call through litellm, no hidden retries, our own time-out, errors sorted by what is owed.

litellm is imported when the first gateway is made (it takes seconds and some 160 MB), so only workers pay for it.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Protocol

import aiohttp
import httpx

from solver.core.errors import ErrorCategory, InDoubt, NotExecuted
from solver.core.models import ModelCard
from solver.core.pricing import BATCH
from solver.core.request import Reply, Request
from solver.providers.anthropic_batches import AnthropicBatches
from solver.providers.batch_server import BatchLine, BatchLook, BatchProvider
from solver.providers.environment import OWN_SERVERS, own_server_key
from solver.providers.error_sorting import (
    in_doubt,
    not_executed,
    sorted_error,
    sorted_exchange,
    timed_out,
    used_its_cap,
)
from solver.providers.exchange import Exchange, drop_connections_with_strays, one_request, watch_httpx
from solver.providers.openai_batches import OpenAIBatches
from solver.providers.openai_responses import Background
from solver.providers.picture_parts import PictureHolder, chat_message, no_pictures, pictures_in
from solver.providers.replies.openai_chat import read_chat
from solver.providers.replies.reading import is_known_shape, read_reply, reply_of
from solver.providers.thinking import long_thought
from solver.providers.usage import STANDARD_SERVICE, is_openai_itself, with_tier_of

logger = logging.getLogger(__name__)
_NOTHING_SHOWN: Mapping[str, bytes] = {}


class Gateway(Protocol):
    """Makes calls. Raises NotExecuted or InDoubt.

    A card in background mode is called in two acts, `submit` and `collect`, with its reference kept in between. Calls
    at the tier `batch` are prepared and started together, and looked at until their batch is over; both references are
    kept.
    """

    async def complete(self, request: Request) -> Reply:
        """Make one call, once."""
        ...

    async def submit(self, request: Request) -> str:
        """Submit one call, once, and return the provider's reference (at most 200 characters)."""
        raise NotExecuted(f"{request.card.name} has no background mode here.", retryable=False)

    async def collect(self, request: Request, reference: str) -> Reply:
        """Wait for the reply of a call that was submitted, by this process or another. Raises InDoubt."""
        raise InDoubt(f"{request.card.name} has no background mode here; {reference} cannot be collected.")

    async def cancel(self, request: Request, reference: str) -> None:
        """Ask the provider to stop working on a call; best effort."""
        del request, reference

    async def prepare_batch(self, calls: Mapping[str, Request]) -> str:
        """Return the reference by which is known later whether a batch was started of these calls, by their ids.

        It has at most 200 characters. Raises NotExecuted.
        """
        raise NotExecuted(f"There are no batches here for {len(calls)} calls.", retryable=False)

    async def start_batch(self, calls: Mapping[str, Request], reference: str) -> str:
        """Start a prepared batch, once, and return its reference from now on. Raises NotExecuted."""
        raise NotExecuted(f"There are no batches here for {len(calls)} calls ({reference}).", retryable=False)

    async def look_at_batch(self, request: Request, reference: str) -> BatchLook | None:
        """Return what is known of a batch now, of which `request` is any call; None: it cannot be had now."""
        error = InDoubt(f"{request.card.name} has no batches here; {reference} cannot be collected.")
        return BatchLook(reference, is_over=True, rest=error)

    async def cancel_batch(self, request: Request, reference: str) -> None:
        """Ask the provider to begin no further call of a batch; best effort."""
        del request, reference

    async def close(self) -> None:
        """Close connections."""
        ...


class LiteLLMGateway(Gateway):
    """Calls any provider that litellm knows, and OpenAI-compatible servers on TCP or a unix socket (`unix:/path`)."""

    _is_warm: ClassVar[bool] = False

    def __init__(self, pictures: PictureHolder = no_pictures) -> None:
        """Show the pictures that `pictures` holds."""
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm

        litellm.suppress_debug_info = True
        litellm.drop_params = True
        litellm.telemetry = False
        self._litellm = litellm
        self._pictures = pictures
        watch_httpx()
        drop_connections_with_strays()
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._background = Background()
        self._batch_line = BatchLine(self._draft)
        self._openai_batches = OpenAIBatches(self._batch_line)
        self._anthropic_batches = AnthropicBatches(self._batch_line)

    async def warm_up(self) -> None:
        """Go through litellm to a closed port, once in a process: what it imports would hold the event loop up later."""
        if LiteLLMGateway._is_warm:
            return
        LiteLLMGateway._is_warm = True
        with contextlib.suppress(Exception):
            await self._litellm.acompletion(
                model="openai/warm-up",
                messages=[{"role": "user", "content": "."}],
                api_key="none",
                max_retries=0,
                api_base="http://127.0.0.1:9/v1",
                timeout=2,
            )

    async def complete(self, request: Request) -> Reply:
        """Make one call, once. Raises NotExecuted or InDoubt; a time-out is InDoubt."""
        card, shown = request.card, await pictures_in(request.messages, self._pictures)
        response, error = None, None
        read = partial(read_reply, provider=card.family, most_output=request.max_output_tokens)
        with one_request(read=read) as exchange:
            try:
                async with asyncio.timeout(card.timeout_s + 5):
                    response = await self._litellm.acompletion(**self._arguments(request, shown))
            except Exception as raised:  # noqa: BLE001  (what was sent and answered decides, not what litellm raises)
                error = raised
        return _outcome(exchange, response, error, card)

    async def submit(self, request: Request) -> str:
        """Submit one call, once, and return its reference. Raises NotExecuted or InDoubt; a time-out is InDoubt."""
        shown = await pictures_in(request.messages, self._pictures)
        try:
            return await self._background.submit(request, shown)
        except TimeoutError:
            detail = "It did not confirm in time that it accepted the call."
            raise in_doubt(request.card, ErrorCategory.TIMED_OUT, detail) from None
        except InDoubt:
            raise
        except Exception as error:
            raise sorted_error(error, request.card) from error

    async def collect(self, request: Request, reference: str) -> Reply:
        """Wait for the reply of a call that was submitted. Raises InDoubt."""
        return await self._background.collect(request, reference)

    async def cancel(self, request: Request, reference: str) -> None:
        """Ask the provider to stop working on a call; best effort."""
        await self._background.cancel(request, reference)

    async def prepare_batch(self, calls: Mapping[str, Request]) -> str:
        """Return the reference by which is known later whether a batch was started of these calls. Raises NotExecuted."""
        return await self._batches_of(next(iter(calls.values()))).prepare(calls)

    async def start_batch(self, calls: Mapping[str, Request], reference: str) -> str:
        """Start a prepared batch, once, and return its reference from now on. Raises NotExecuted."""
        return await self._batches_of(next(iter(calls.values()))).start(calls, reference)

    async def look_at_batch(self, request: Request, reference: str) -> BatchLook | None:
        """Return what is known of a batch now; None: it cannot be had now."""
        return await self._batches_of(request).look(request, reference)

    async def cancel_batch(self, request: Request, reference: str) -> None:
        """Ask the provider to begin no further call of a batch; best effort."""
        await self._batches_of(request).cancel(request, reference)

    def _batches_of(self, request: Request) -> BatchProvider:
        return self._anthropic_batches if request.card.family == "anthropic" else self._openai_batches

    async def _draft(self, request: Request) -> httpx.Request:
        """Return what litellm would send for a call. Raises NotExecuted where it would send nothing."""
        shown = await pictures_in(request.messages, self._pictures)
        said = ""
        with one_request(is_draft=True) as exchange:
            try:
                await self._litellm.acompletion(**self._arguments(request, shown))
            except Exception as error:  # noqa: BLE001  (being held back is an error to litellm)
                said = str(error)
        if exchange.request is None:
            detail = f"{request.card.name}: no request to draft. {said}"
            raise not_executed(request.card, ErrorCategory.REQUEST_REFUSED, detail, retryable=False)
        return exchange.request

    def _arguments(self, request: Request, shown: Mapping[str, bytes] = _NOTHING_SHOWN) -> dict[str, Any]:
        card = request.card
        arguments: dict[str, Any] = {
            "model": card.litellm_model,
            "messages": [chat_message(m, shown) for m in request.messages],
            "max_tokens": request.max_output_tokens,
            "max_retries": 0,
            "num_retries": 0,
            "timeout": card.timeout_s,
        }
        if card.temperature is not None:
            arguments["temperature"] = card.temperature
        if card.service != BATCH and (card.service or is_openai_itself(card)):
            # A project's default may be flex or priority; holds are reckoned at the rates of what is asked for.
            arguments["service_tier"] = card.service or STANDARD_SERVICE
        if request.at_length and card.reasons:
            arguments |= long_thought(card.litellm_model, cap=request.max_output_tokens)
        if request.functions and card.calls_tools:
            # litellm would look for tools of its own proxy first, and need a package for it that is not there.
            arguments |= {"tools": list(request.functions), "_skip_mcp_handler": True}
        if card.bundled or card.api_base.startswith("unix:"):
            # Served by our own server: without a key, and the seed makes a repeated call repeat its reply.
            arguments |= {"seed": request.seed, "api_key": "none"}
        if card.api_base.startswith("unix:"):
            arguments["api_base"] = f"http://{card.name.replace('/', '-')}/v1"
            arguments["shared_session"] = self._unix_session(card.api_base.removeprefix("unix:"))
        elif card.api_base:
            arguments["api_base"] = card.api_base
            if card.family in OWN_SERVERS:
                arguments["api_key"] = own_server_key(card.family) or "none"
            elif card.family == "openai" and not os.environ.get("OPENAI_API_KEY"):
                # A server of the operator's own may ask for no key, but the client insists on sending one.
                arguments["api_key"] = "none"
        return arguments

    def _unix_session(self, path: str) -> aiohttp.ClientSession:
        session = self._sessions.get(path)
        if session is None or session.closed:
            connector = aiohttp.UnixConnector(path, limit=0)
            session = self._sessions[path] = aiohttp.ClientSession(connector=connector)
        return session

    async def close(self) -> None:
        """Close the connections to bundled models."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()
        await self._background.close()
        await self._batch_line.close()


def _outcome(exchange: Exchange, response: Any, error: Exception | None, card: ModelCard) -> Reply:
    """Return the reply that came over the wire, whatever litellm made of it. Raises NotExecuted or InDoubt."""
    if not exchange.was_sent:
        return _unseen(response, error, card)
    if exchange.reply is not None:
        return with_tier_of(exchange.headers, exchange.reply)
    if exchange.has_answer:
        if response is not None and not is_known_shape(exchange.body or b""):
            # In a shape of its provider's that litellm alone knows.
            return _unseen(response, None, card)
    elif exchange.status is not None and (response is not None or used_its_cap(exchange)):
        # A cap that was used up out of sight, under a status of refusal. What litellm counts then is its own invention.
        return Reply("", "", "length", usage=None, raw_usage=None, provider_ref="")
    raise sorted_exchange(exchange, card, error) from error


def _unseen(response: Any, error: Exception | None, card: ModelCard) -> Reply:
    """Return litellm's own reading of a reply that did not come through httpx. Raises NotExecuted or InDoubt."""
    if error is not None:
        raise (timed_out(card) if isinstance(error, TimeoutError) else sorted_error(error, card)) from error
    try:
        return _reply(response)
    except (AttributeError, IndexError, TypeError) as fault:
        raise in_doubt(card, ErrorCategory.UNREADABLE, f"Not a reply: {type(fault).__name__}.") from fault


def _reply(response: Any) -> Reply:
    """Return what litellm read of a reply. Raises TypeError where that is none."""
    found = reply_of(read_chat(response.model_dump()), "")
    if found is None:
        raise TypeError("no reply")
    return found
