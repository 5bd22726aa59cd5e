"""An OpenAI-compatible endpoint on the loopback interface whose replies a test decides: real HTTP, real litellm."""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web


@dataclass
class Call:
    """One request as it arrived."""

    number: int
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        """The last message."""
        return str(self.body["messages"][-1]["content"])


@dataclass
class Answer:
    """One reply: text and usage, a status, a delay, or a connection that is cut before or within the body."""

    text: str = "Answer: 42"
    status: int = 200
    delay_s: float = 0.0
    may_end: Callable[[], bool] = lambda: True
    """Whether it may be sent now; until then it is under way."""
    finish_reason: str = "stop"
    usage: Mapping[str, Any] | None = field(
        default_factory=lambda: {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    )
    cut: bool = False
    cut_within: Literal["", "length", "chunked"] = ""
    """How the body is framed of which only half is sent."""
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    service_tier: str = ""
    tool_calls: tuple[tuple[str, str], ...] = ()
    """The tools that the reply calls: name and arguments."""


class Endpoint:
    """Serves `/v1/chat/completions`; `behaviour` maps each call to its answer."""

    def __init__(self, behaviour: Callable[[Call], Answer] | None = None, *, port: int = 0) -> None:
        self.behaviour = behaviour or (lambda _: Answer())
        self.calls: list[Call] = []
        self.connections: set[object] = set()
        self.in_flight = 0
        self.most_in_flight = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._runner, self.port = asyncio.run_coroutine_threadsafe(self._start(port), self._loop).result(10)

    @property
    def url(self) -> str:
        """The base address for an OpenAI client."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def _start(self, port: int) -> tuple[web.AppRunner, int]:
        app = web.Application(client_max_size=16 * 2**20)
        self._routes(app)
        # A hung call must not hold up the end of the test.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        return runner, runner.addresses[0][1]

    def _routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/chat/completions", self._complete)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        call = Call(len(self.calls), await request.json())
        self.calls.append(call)
        self.connections.add(request.transport)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            answer = self.behaviour(call)
            if answer.delay_s:
                await asyncio.sleep(answer.delay_s)
            while not answer.may_end():  # noqa: ASYNC110  # a test decides, in another thread
                await asyncio.sleep(0.02)
            if answer.cut:
                assert request.transport is not None
                request.transport.abort()
                raise ConnectionResetError
            if answer.cut_within:
                return await self._half(request, json.dumps(self._completion(call, answer)).encode(), answer)
            if answer.body is not None:
                return web.Response(text=answer.body, status=answer.status, content_type="application/json")
            if answer.status != 200:
                error = {
                    "error": {"message": f"status {answer.status}", "type": "test", "code": answer.status}
                }
                return web.json_response(error, status=answer.status, headers=answer.headers)
            return web.json_response(self._completion(call, answer))
        finally:
            self.in_flight -= 1

    async def _half(self, request: web.Request, body: bytes, answer: Answer) -> web.StreamResponse:
        """Send half of the body, then cut the connection."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if answer.cut_within == "chunked":
            response.enable_chunked_encoding()
        else:
            response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError

    def _completion(self, call: Call, answer: Answer) -> dict[str, Any]:
        completion: dict[str, Any] = {
            "id": f"chatcmpl-{call.number}",
            "object": "chat.completion",
            "created": 1,
            "model": call.body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer.text},
                    "finish_reason": answer.finish_reason,
                }
            ],
        }
        if answer.tool_calls:
            completion["choices"][0]["finish_reason"] = "tool_calls"
            completion["choices"][0]["message"]["tool_calls"] = [
                {
                    "id": f"call_{call.number}_{n}",
                    "type": "function",
                    "function": {"name": name, "arguments": words},
                }
                for n, (name, words) in enumerate(answer.tool_calls)
            ]
        if answer.service_tier:
            completion["service_tier"] = answer.service_tier
        if answer.usage is not None:
            completion["usage"] = answer.usage
        return completion

    async def _end(self) -> None:
        for _ in range(3):  # a connection that is taken while asyncio's server closes would never be closed
            await asyncio.sleep(0)
        await self._runner.cleanup()
        hung = asyncio.all_tasks() - {asyncio.current_task()}
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)
        await asyncio.sleep(0)  # the loop lets go of closed connections in its next round

    def close(self) -> None:
        """Stop serving; calls that still hang end."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
