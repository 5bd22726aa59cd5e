"""The only door to models: one call through litellm, no hidden retries, our own time-out, errors sorted by what is owed.

litellm is imported when the first gateway is made (it takes seconds and some 160 MB), so only workers pay for it.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp

from solver.core.errors import ErrorCategory, InDoubt, NotExecuted
from solver.core.request import Reply, Request
from solver.providers.error_sorting import in_doubt, sorted_error, timed_out
from solver.providers.openai_responses import Background
from solver.providers.picture_parts import PictureHolder, chat_content, no_pictures, pictures_in
from solver.providers.usage import STANDARD_SERVICE, is_openai_itself, json_safe, parse_usage
from solver.text.extract import clean_text

logger = logging.getLogger(__name__)
_NOTHING_SHOWN: Mapping[str, bytes] = {}


class Gateway(Protocol):
    """Makes calls. Raises NotExecuted or InDoubt.

    A card in background mode is called in two acts, `submit` and `collect`, with its reference kept in between.
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

    async def close(self) -> None:
        """Close connections."""
        ...


class LiteLLMGateway(Gateway):
    """Calls any provider that litellm knows, and OpenAI-compatible servers on TCP or a unix socket (`unix:/path`)."""

    def __init__(self, pictures: PictureHolder = no_pictures) -> None:
        """Show the pictures that `pictures` holds."""
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm

        litellm.suppress_debug_info = True
        litellm.drop_params = True
        litellm.telemetry = False
        self._litellm = litellm
        self._pictures = pictures
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._background = Background()

    async def warm_up(self) -> None:
        """Go once through litellm to a closed port: what it imports on the way would hold the event loop up later."""
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
        try:
            async with asyncio.timeout(card.timeout_s + 5):
                response = await self._litellm.acompletion(**self._arguments(request, shown))
        except TimeoutError:
            raise timed_out(card) from None
        except Exception as error:
            raise sorted_error(error, card) from error
        try:
            return _reply(response)
        except (AttributeError, IndexError, TypeError) as error:
            raise in_doubt(card, ErrorCategory.UNREADABLE, f"Not a reply: {type(error).__name__}.") from error

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

    def _arguments(self, request: Request, shown: Mapping[str, bytes] = _NOTHING_SHOWN) -> dict[str, Any]:
        card = request.card
        arguments: dict[str, Any] = {
            "model": card.litellm_model,
            "messages": [{"role": m.role, "content": chat_content(m, shown)} for m in request.messages],
            "max_tokens": request.max_output_tokens,
            "max_retries": 0,
            "num_retries": 0,
            "timeout": card.timeout_s,
        }
        if card.temperature is not None:
            arguments["temperature"] = card.temperature
        if card.service or is_openai_itself(card):
            # A project's default may be flex or priority; holds are reckoned at the rates of what is asked for.
            arguments["service_tier"] = card.service or STANDARD_SERVICE
        if request.at_length and card.reasons:
            # Dropped by litellm (drop_params) where a provider has no such control.
            arguments["reasoning_effort"] = "high"
        if card.bundled or card.api_base.startswith("unix:"):
            # Served by our own server: without a key, and the seed makes a repeated call repeat its reply.
            arguments |= {"seed": request.seed, "api_key": "none"}
        if card.api_base.startswith("unix:"):
            arguments["api_base"] = f"http://{card.name.replace('/', '-')}/v1"
            arguments["shared_session"] = self._unix_session(card.api_base.removeprefix("unix:"))
        elif card.api_base:
            arguments["api_base"] = card.api_base
            if card.family == "openai" and not os.environ.get("OPENAI_API_KEY"):
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


def _reply(response: Any) -> Reply:
    choice = response.choices[0]
    text = clean_text(choice.message.content or "")
    reasoning = clean_text(getattr(choice.message, "reasoning_content", None) or "")
    usage = getattr(response, "usage", None)
    cached = getattr(usage, "prompt_tokens_details", None)
    written = getattr(cached, "cache_creation_token_details", None)
    parsed = (
        None
        if usage is None
        else parse_usage(
            prompt=usage.prompt_tokens,
            completion=usage.completion_tokens,
            cache_read=getattr(cached, "cached_tokens", None),
            # As OpenAI names it, or as Anthropic does.
            cache_write=getattr(cached, "cache_write_tokens", None)
            or getattr(usage, "cache_creation_input_tokens", None),
            cache_write_1h=getattr(written, "ephemeral_1h_input_tokens", None),
            reasoning=getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None),
            has_text=bool(text or reasoning),
            # OpenAI names it beside the usage, Anthropic in it.
            service=getattr(response, "service_tier", None) or getattr(usage, "service_tier", None),
        )
    )
    return Reply(
        text=text,
        reasoning=reasoning,
        finish_reason=clean_text(str(choice.finish_reason or "")),
        usage=parsed,
        raw_usage=None if usage is None or not parsed else json_safe(usage.model_dump(exclude_none=True)),
        provider_ref=clean_text(str(getattr(response, "id", "") or ""))[:200],
        served_model=clean_text(str(getattr(response, "model", "") or ""))[:200],
    )
