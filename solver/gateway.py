"""The only door to models: one call through litellm, no hidden retries, our own time-out, errors sorted by what is owed.

litellm is imported when the first gateway is made (it takes seconds and some 160 MB), so only workers pay for it.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from solver.answer import clean_text
from solver.errors import InDoubt, NotExecuted, ProviderError
from solver.models import ModelCard
from solver.pricing import Usage
from solver.steps import Message

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger(__name__)

_MAX_ERROR_CHARS = 300
# No model reads or writes as many in a call: a higher count is none.
_MOST_TOKENS = 2**30
_NOT_CONNECTED = frozenset({"ClientConnectorError", "ClientConnectorDNSError", "UnixClientConnectorError"})
# Statuses that providers answer before they process a request, and that may pass.
_NOT_EXECUTED_RETRYABLE = frozenset({408, 409, 425, 429})


@dataclass(frozen=True, slots=True)
class Request:
    """One call: which model, what it is shown, and how much it may say. `seed` is sent to bundled models only.

    `at_length` asks a model that reasons for its highest effort.
    """

    card: ModelCard
    messages: Sequence[Message]
    max_output_tokens: int
    seed: int
    at_length: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `usage` is None where the provider sent none: it is never guessed here."""

    text: str
    reasoning: str
    finish_reason: str
    usage: Usage | None
    raw_usage: Mapping[str, Any] | None
    provider_ref: str


class Gateway(Protocol):
    """Makes calls. Raises NotExecuted or InDoubt."""

    async def complete(self, request: Request) -> Reply:
        """Make one call, once."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class LiteLLMGateway:
    """Calls any provider that litellm knows, and OpenAI-compatible servers on TCP or a unix socket (`unix:/path`)."""

    def __init__(self) -> None:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm

        litellm.suppress_debug_info = True
        litellm.drop_params = True
        litellm.telemetry = False
        self._litellm = litellm
        self._sessions: dict[str, aiohttp.ClientSession] = {}

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
            raise InDoubt(f"{card.name} sent a reply that is none: {type(error).__name__}.") from error

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


def _reply(response: Any) -> Reply:
    choice = response.choices[0]
    usage = getattr(response, "usage", None)
    text = clean_text(choice.message.content or "")
    reasoning = clean_text(getattr(choice.message, "reasoning_content", None) or "")
    parsed = _usage(usage)
    if parsed and not parsed.output_tokens and (text or reasoning):
        parsed = None
    return Reply(
        text=text,
        reasoning=reasoning,
        finish_reason=clean_text(str(choice.finish_reason or "")),
        usage=parsed,
        raw_usage=storable(usage.model_dump(exclude_none=True)) if usage is not None and parsed else None,
        provider_ref=clean_text(str(getattr(response, "id", "") or ""))[:200],
    )


def storable(value: Any) -> Any:
    """Return JSON that a database takes: no NaN, no infinite or huge number, no NUL, nothing but plain types."""
    if isinstance(value, dict):
        return {clean_text(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if isinstance(value, str):
        return clean_text(value)[:1_000]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < 2**60:  # false for NaN, too
        return value
    return clean_text(str(value))[:100]


def _usage(usage: Any) -> Usage | None:
    """Return the tokens the provider reported, or None where that is no count: litellm fills in zeros for nothing."""
    if usage is None or not usage.prompt_tokens or usage.completion_tokens is None:
        return None
    prompt = getattr(usage, "prompt_tokens_details", None)
    completion = getattr(usage, "completion_tokens_details", None)
    counts = (
        usage.prompt_tokens,
        usage.completion_tokens,
        getattr(prompt, "cached_tokens", None) or 0,
        getattr(usage, "cache_creation_input_tokens", None) or 0,
        getattr(completion, "reasoning_tokens", None) or 0,
    )
    if any(not isinstance(count, int) or count < 0 or count > _MOST_TOKENS for count in counts):
        return None
    return Usage(*counts)


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
