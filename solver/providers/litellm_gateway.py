"""The only door to models: one call through litellm, no hidden retries, our own time-out, errors sorted by what is owed.

litellm is imported when the first gateway is made (it takes seconds and some 160 MB), so only workers pay for it.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from solver.core.errors import InDoubt, NotExecuted, ProviderError
from solver.core.models import ModelCard
from solver.core.request import Reply, Request
from solver.providers.openai_responses import Background
from solver.providers.usage import json_safe, parse_usage
from solver.text.extract import clean_text

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger(__name__)

_MAX_ERROR_CHARS = 300
_NOT_CONNECTED = frozenset({"ClientConnectorError", "ClientConnectorDNSError", "UnixClientConnectorError"})
# Statuses that providers answer before they process a request, and that may pass.
_NOT_EXECUTED_RETRYABLE = frozenset({408, 409, 425, 429})


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

    def __init__(self) -> None:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm

        litellm.suppress_debug_info = True
        litellm.drop_params = True
        litellm.telemetry = False
        self._litellm = litellm
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
        card = request.card
        try:
            async with asyncio.timeout(card.timeout_s + 5):
                response = await self._litellm.acompletion(**self._arguments(request))
        except TimeoutError:
            raise InDoubt(f"{card.name} did not answer within {card.timeout_s:.0f} s.") from None
        except Exception as error:
            raise _sorted_error(error, card) from error
        try:
            return _reply(response)
        except (AttributeError, IndexError, TypeError) as error:
            raise InDoubt(f"{card.name} sent a reply that is not valid: {type(error).__name__}.") from error

    async def submit(self, request: Request) -> str:
        """Submit one call, once, and return its reference. Raises NotExecuted or InDoubt; a time-out is InDoubt."""
        try:
            return await self._background.submit(request)
        except TimeoutError:
            raise InDoubt(f"{request.card.name} did not confirm in time that it accepted the call.") from None
        except InDoubt:
            raise
        except Exception as error:
            raise _sorted_error(error, request.card) from error

    async def collect(self, request: Request, reference: str) -> Reply:
        """Wait for the reply of a call that was submitted. Raises InDoubt."""
        return await self._background.collect(request, reference)

    async def cancel(self, request: Request, reference: str) -> None:
        """Ask the provider to stop working on a call; best effort."""
        await self._background.cancel(request, reference)

    def _arguments(self, request: Request) -> dict[str, Any]:
        card = request.card
        arguments: dict[str, Any] = {
            "model": card.litellm_model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "max_tokens": request.max_output_tokens,
            "max_retries": 0,
            "num_retries": 0,
            "timeout": card.timeout_s,
        }
        if card.temperature is not None:
            arguments["temperature"] = card.temperature
        if request.at_length and card.reasons:
            # Dropped by litellm (drop_params) where a provider has no such control.
            arguments["reasoning_effort"] = "high"
        if card.bundled:
            # Likewise without a key, and the seed makes a repeated call repeat its reply.
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

    def _unix_session(self, path: str) -> "aiohttp.ClientSession":
        import aiohttp

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
    parsed = (
        None
        if usage is None
        else parse_usage(
            prompt=usage.prompt_tokens,
            completion=usage.completion_tokens,
            cache_read=getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", None),
            cache_write=getattr(usage, "cache_creation_input_tokens", None),
            reasoning=getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None),
            has_text=bool(text or reasoning),
        )
    )
    return Reply(
        text=text,
        reasoning=reasoning,
        finish_reason=clean_text(str(choice.finish_reason or "")),
        usage=parsed,
        raw_usage=None if usage is None or not parsed else json_safe(usage.model_dump(exclude_none=True)),
        provider_ref=clean_text(str(getattr(response, "id", "") or ""))[:200],
    )


def _sorted_error(error: Exception, card: ModelCard) -> ProviderError:
    """Return our error for litellm's: what was provably not executed costs nothing, the rest is in doubt."""
    message = _describe(error, card)
    status = getattr(error, "status_code", None)
    if _was_refused(error):
        return NotExecuted(
            f"{card.name} cannot be reached at {card.api_base or 'its provider'}. Is it running?"
        )
    name = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return InDoubt(f"{card.name} did not answer within {card.timeout_s:.0f} s.")
    # litellm gives connection errors a status of its own making, so only the classes below count.
    if name in {"InternalServerError", "APIConnectionError", "ServiceUnavailableError", "APIError"}:
        return InDoubt(message)
    if isinstance(status, int) and 400 <= status < 500:
        retryable = status in _NOT_EXECUTED_RETRYABLE
        return NotExecuted(message, retryable=retryable, retry_after_s=_retry_after_s(error))
    return InDoubt(message)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, as far as it is known."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _was_refused(error: BaseException) -> bool:
    """Tell whether the connection itself failed, so that no request was sent."""
    return any(
        isinstance(link, ConnectionRefusedError | FileNotFoundError) or type(link).__name__ in _NOT_CONNECTED
        for link in _chain(error)
    )


def _retry_after_s(error: BaseException) -> float | None:
    """Return the provider's wish, at most two minutes, from whichever error of the chain still has the headers."""
    for link in _chain(error):
        for headers in (
            getattr(link, "litellm_response_headers", None),
            getattr(getattr(link, "response", None), "headers", None),
            getattr(link, "headers", None),
        ):
            with contextlib.suppress(TypeError, ValueError, KeyError):
                return min(max(float(headers["retry-after"]), 0.0), 120.0)  # type: ignore[index]
    return None


def _describe(error: Exception, card: ModelCard) -> str:
    text = " ".join(clean_text(str(error)).split())
    for name, value in os.environ.items():
        if name.endswith(("_KEY", "_TOKEN", "_SECRET")) and len(value) > 7:
            text = text.replace(value, "…")
    return f"{card.name}: {text}"[:_MAX_ERROR_CHARS]
