"""Replies of every family of providers, normalised: what each says and costs, read through the real gateway.

`fixtures/*/*.json` hold for each family its documentation, rates, and replies with what they are: names and times are
made up, shapes and counts are not. Most go over HTTP and litellm; those whose address litellm does not let a test set are
read from their bodies.
"""

import asyncio
import contextlib
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from solver.core.errors import InDoubt, NotExecuted
from solver.core.models import ModelCard, OutputQuantiles
from solver.core.pricing import Rates, Usage, cost_nano
from solver.core.request import Message, Reply, Request
from solver.providers.litellm_gateway import LiteLLMGateway
from solver.providers.replies.reading import read_reply

PATH = Path(__file__).parent / "fixtures"
_KEY = "none-of-these-calls-leaves-this-machine"
_ENVIRONMENT = {
    **{
        f"{name}_API_KEY": _KEY
        for name in (
            "OPENAI", "ANTHROPIC", "GEMINI", "DEEPSEEK", "MISTRAL", "XAI", "DASHSCOPE", "MOONSHOT", "ZAI", "OPENROUTER",
            "GROQ", "CEREBRAS", "TOGETHERAI", "AZURE", "HOSTED_VLLM", "LM_STUDIO",
            "COHERE", "FIREWORKS_AI",
        )
    },
    "AZURE_API_VERSION": "2024-10-21",
    "AWS_ACCESS_KEY_ID": _KEY,
    "AWS_SECRET_ACCESS_KEY": _KEY,
    "AWS_REGION_NAME": "us-east-1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fixture:
    """One reply of one family, and what is right of it."""

    family: str
    name: str
    provider: str
    model: str
    through: str
    base: str
    rates: Rates
    status: int
    raw: bytes
    expected: dict[str, Any]


def load(path: Path = PATH) -> list[Fixture]:
    """Return every fixture."""
    return [
        Fixture(
            family=told["family"],
            name=case["name"],
            provider=told["provider"],
            model=told["model"],
            through=told["through"],
            base=told["base"],
            rates=Rates.from_json(told["rates"]),
            status=case["status"],
            raw=(case["raw"] if "raw" in case else json.dumps(case["body"], ensure_ascii=False)).encode(),
            expected=case["expected"],
        )
        for file in sorted(path.rglob("*.json"), key=lambda file: file.name)
        for told in [json.loads(file.read_text(encoding="utf-8"))]
        for case in told["cases"]
    ]


def differences(fixtures: Sequence[Fixture]) -> list[str]:
    """Read every fixture and return what is not as it should be, in words."""
    return asyncio.run(_differences(fixtures))


def replies(fixtures: Sequence[Fixture]) -> list[Reply | None]:
    """Return what the engine is told of each fixture's reply; None where it is told that nobody knows."""
    return asyncio.run(_replies(fixtures))


def held(fixtures: Sequence[Fixture]) -> int:
    """Return how many fixtures are as they should be; the others are named on stderr."""
    wrong = differences(fixtures)
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return len(fixtures) - len(wrong)


async def _differences(fixtures: Sequence[Fixture]) -> list[str]:
    async with _providers() as (gateway, server):
        return [wrong for fixture in fixtures if (wrong := await _check(fixture, gateway, server))]


async def _replies(fixtures: Sequence[Fixture]) -> list[Reply | None]:
    async with _providers() as (gateway, server):
        return [await _reply_to(fixture, gateway, server) for fixture in fixtures]


@contextlib.asynccontextmanager
async def _providers() -> AsyncIterator[tuple[LiteLLMGateway, "_Server"]]:
    """Serve in every provider's place, and make the real gateway that asks them."""
    missing = {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    os.environ.update(missing)
    server, gateway = _Server(), LiteLLMGateway()
    try:
        yield gateway, server
    finally:
        await gateway.close()
        server.close()
        # litellm keeps its clients' connections: this loop must see that their other ends are closed.
        for _ in range(10):
            await asyncio.sleep(0)
        for name in missing:
            del os.environ[name]


async def _reply_to(fixture: Fixture, gateway: LiteLLMGateway, server: "_Server") -> Reply | None:
    """Make one call that is answered with the fixture. Raises NotExecuted or InDoubt."""
    server.fixture, server.requests = fixture, 0
    if fixture.through == "litellm":
        return await gateway.complete(_request(fixture, server.address))
    return read_reply(fixture.raw, fixture.provider)


async def _check(fixture: Fixture, gateway: LiteLLMGateway, server: "_Server") -> str:
    """Return what is wrong with what one reply is taken for; nothing where it is right."""
    found: dict[str, Any]
    try:
        reply = await _reply_to(fixture, gateway, server)
        found = {"ends": "in_doubt"} if reply is None else {"ends": "settled", **_said(reply, fixture.rates)}
    except NotExecuted as error:
        found = {"ends": "void", "category": error.category.name}
    except InDoubt:
        found = {"ends": "in_doubt"}
    wanted = dict(fixture.expected)
    if wanted.get("tokens"):
        wanted["tokens"] = {"service": "", **_NONE, **wanted["tokens"]}
    wrong = {name: (found.get(name), value) for name, value in wanted.items() if found.get(name) != value}
    if fixture.through == "litellm" and server.requests != 1:
        wrong["requests"] = (server.requests, 1)
    said = "; ".join(f"{name} is {is_now!r}, not {right!r}" for name, (is_now, right) in wrong.items())
    return f"{fixture.family}, {fixture.name}: {said}" if wrong else ""


_NONE = {"cache_read": 0, "cache_write": 0, "cache_write_1h": 0, "reasoning": 0}


def _said(reply: Reply, rates: Rates) -> dict[str, Any]:
    usage = reply.usage
    cost = None if usage is None else cost_nano(rates, usage)
    return {
        "text": reply.text,
        "reasoning": reply.reasoning,
        "finish": reply.finish_reason,
        "tokens": None if usage is None else _tokens(usage),
        "cost_nano": cost if reply.reported_cost_nano is None else reply.reported_cost_nano,
    }


def _tokens(usage: Usage) -> dict[str, Any]:
    return {
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": usage.cache_write_tokens,
        "cache_write_1h": usage.cache_write_1h_tokens,
        "reasoning": usage.reasoning_tokens,
        "service": usage.service,
    }


def _request(fixture: Fixture, address: str) -> Request:
    card = ModelCard(
        name=fixture.model,
        litellm_model=fixture.model,
        family=fixture.provider,
        rates=fixture.rates,
        price_id=0,
        context_window=100_000,
        max_output_tokens=400,
        output=OutputQuantiles(60, 100, 200),
        api_base=f"{address}{fixture.base}",
        timeout_s=20.0,
    )
    return Request(card, (Message("user", "What is 6 times 7?"),), 400, 1)


class _Server:
    """Answers every request with the fixture that is being read.

    It has a thread of its own: litellm asks some servers about their models in a way that holds up the caller's loop.
    """

    def __init__(self) -> None:
        self.fixture: Fixture | None = None
        self.requests = 0
        self._handlers: list[web.RequestHandler] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.address = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    def close(self) -> None:
        """Stop serving."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        # A connection that is taken while asyncio's server closes is never closed: first the loop takes what waits.
        await self._let_go()
        self._listening.close()
        await self._runner.cleanup()
        await self._let_go()

    async def _let_go(self) -> None:
        """Abort every connection, and let the loop do what that leaves to do."""
        for _ in range(5):
            for handler in self._handlers:
                if handler.transport is not None:
                    handler.transport.abort()
            await asyncio.sleep(0)

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        self._listening = await self._loop.create_server(self._handler, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    def _handler(self) -> web.RequestHandler:
        assert self._runner.server is not None, "it is set up"
        handler = self._runner.server()
        self._handlers.append(handler)
        return handler

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        fixture = self.fixture
        assert fixture is not None, "a fixture is read when this is called"
        if request.path.endswith("/api/show"):
            return web.json_response({"template": "", "capabilities": ["completion"], "model_info": {}})
        self.requests += request.method == "POST"
        kind = "text/event-stream" if fixture.raw.startswith((b"data:", b"event:")) else "application/json"
        response = web.Response(body=fixture.raw, status=fixture.status, content_type=kind)
        # Its clients keep their connections: they would outlive this server.
        response.force_close()
        return response
