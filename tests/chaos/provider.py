"""A fast OpenAI-compatible provider with deterministic replies, and the faulty line to it: an asyncio TCP proxy.

A request for a bundled model carries a seed that depends on job and step key alone, and each job has a problem of its
own, so the provider can tell when one step is bought twice: `repeated` counts good replies beyond a step's first.
"""

import asyncio
import contextlib
import json
import random
import threading
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from tests.proof.replies import reply

FATES = ("429", "500", "timeout", "garbage", "cut", "no-usage")
"""What the line does to a request; 429 and 500 never reach the provider."""

_LOST = frozenset({"timeout", "garbage", "cut"})
_MAX_DELAY_S = 0.25


class Provider:
    """Both ends of the line in one thread: `url` is the proxy's, which a worker is given."""

    def __init__(self, *, seed: int, fault_rate: float, hang_s: float) -> None:
        self.fault_rate = fault_rate
        self.reachable = True
        self.fates: Counter[str] = Counter()
        self.good_replies: Counter[int] = Counter()  # by step
        self._hang_s = hang_s
        self._rng = random.Random(f"line:{seed}")
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncio.Task[None]] = set()
        threading.Thread(target=self._loop.run_forever, name="provider", daemon=True).start()
        self._runner, self._port = self._do(self._serve_provider())
        self._proxy, self.port = self._do(self._serve_proxy())

    @property
    def url(self) -> str:
        """The address that workers are given: the faulty line's."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def executed(self) -> int:
        """How many requests the provider answered well, over a line that did not spoil the answer."""
        return sum(self.good_replies.values())

    @property
    def repeated(self) -> int:
        """How many good replies were bought again."""
        return self.executed - len(self.good_replies)

    def close(self) -> None:
        """Stop serving."""
        self._do(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _do[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    # The provider ---------------------------------------------------------------------------------------------

    async def _serve_provider(self) -> tuple[web.AppRunner, int]:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        return runner, runner.addresses[0][1]

    async def _complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        fate, seed = request.headers.get("X-Fate", "good"), int(body.get("seed") or 0)
        rng = random.Random(f"call:{seed}")
        await asyncio.sleep(rng.random() * _MAX_DELAY_S)
        problem = str(body["messages"][-1]["content"])
        if fate not in _LOST:
            self.good_replies[hash((problem, seed))] += 1
        # A problem decides how likely its right answer is; many never come to a clear lead.
        ability = random.Random(f"problem:{problem}").uniform(0.15, 0.75)
        completion: dict[str, Any] = {
            "id": f"chatcmpl-{seed:x}",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": reply(problem, seed, ability=ability)},
                    "finish_reason": "stop",
                }
            ],
        }
        if fate != "no-usage":
            cap = int(body.get("max_completion_tokens") or body.get("max_tokens") or 60)
            output = min(rng.randint(20, 60), cap)
            completion["usage"] = {
                "prompt_tokens": 90,
                "completion_tokens": output,
                "total_tokens": 90 + output,
            }
        response = web.json_response(completion)
        response.force_close()
        return response

    # The line -------------------------------------------------------------------------------------------------

    async def _serve_proxy(self) -> tuple[asyncio.Server, int]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0, backlog=1024)
        port: int = server.sockets[0].getsockname()[1]
        return server, port

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one request (connections are not kept) to the fate that was drawn for it."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._request(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._connections.discard(task)
            with contextlib.suppress(OSError):
                writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.reachable:
            writer.transport.abort()
            return
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        body = await reader.readexactly(length)
        fate = self._rng.choice(FATES) if self._rng.random() < self.fault_rate else "good"
        self.fates[fate] += 1
        if fate in {"429", "500"}:
            await self._refuse(writer, int(fate))
            return
        line, _, rest = head.partition(b"\r\n")
        answer = await self._ask(line + b"\r\nX-Fate: " + fate.encode() + b"\r\n" + rest + body)
        if fate == "timeout":
            await asyncio.sleep(self._hang_s)
        elif fate == "garbage":
            await self._send(
                writer, b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Bad gateway, kind of</html>"
            )
        elif fate == "cut":
            await self._send(writer, answer[: len(answer) * 3 // 4])
            writer.transport.abort()
        else:
            await self._send(writer, answer)

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(request)
            return await reader.read(-1)
        finally:
            writer.close()

    async def _refuse(self, writer: asyncio.StreamWriter, status: int) -> None:
        body = json.dumps({"error": {"message": f"Status {status} by chaos", "type": "chaos"}}).encode()
        head = (
            f"HTTP/1.1 {status} Chaos\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        await self._send(writer, head.encode() + body)

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    async def _shut(self) -> None:
        self._proxy.close()
        for task in list(self._connections):
            task.cancel()
        await self._runner.cleanup()
