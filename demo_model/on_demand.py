"""Models that run only while they are used: each gets a process at its first request and loses it once idle.

That process is the ordinary server of one model (`server.py`), on a Unix socket of its own; what stands here finds out
which model a request is for, and passes request and reply on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from aiohttp import ClientSession, ClientTimeout, UnixConnector, web

from demo_model import wire
from demo_model.front import CALL_SECONDS, errors_as_json
from demo_model.launch import Running, running

START_SECONDS: Final = 300  # a large file on a slow disk


class Sleeper:
    """One model that is started when somebody uses it, and stopped `idle_s` seconds after the last use."""

    def __init__(self, model: str, socket: Path, *, idle_s: float, options: Sequence[str]) -> None:
        self.model = model
        self.socket = socket
        self.idle_s = idle_s
        self.options = options
        self.users = 0
        self.server: Running | None = None
        # Starting and stopping exclude each other; a request that comes meanwhile waits.
        self.lock = asyncio.Lock()
        self.stack = contextlib.AsyncExitStack()
        self.timer: asyncio.TimerHandle | None = None
        self.stopping: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def use(self) -> AsyncIterator[Path]:
        """Yield the socket of the running server, which stays for as long as the block does."""
        self.users += 1
        if self.timer is not None:
            self.timer.cancel()
        try:
            async with self.lock:
                await self._ensure()
            yield self.socket
        finally:
            self.users -= 1
            if not self.users:
                self.timer = asyncio.get_running_loop().call_later(self.idle_s, self._stop_soon)

    async def stop(self) -> None:
        """Stop the server, if it runs."""
        self.server = None
        await self.stack.aclose()

    async def _ensure(self) -> None:
        if self.server is not None and self.server.alive:
            return
        await self.stop()
        started = running(self.model, self.socket, options=self.options, start_s=START_SECONDS)
        try:
            self.server = await self.stack.enter_async_context(started)
        except RuntimeError:
            raise wire.BadRequestError(
                f"The model '{self.socket.stem}' did not start. The server's log says why.", status=503
            ) from None

    def _stop_soon(self) -> None:
        self.stopping = asyncio.ensure_future(self._stop_if_idle())

    async def _stop_if_idle(self) -> None:
        async with self.lock:
            if not self.users:
                await self.stop()


class OnDemand:
    """The HTTP handlers of several models, by the name under which each is served."""

    def __init__(
        self, models: Mapping[str, str], folder: Path, *, idle_s: float, options: Sequence[str]
    ) -> None:
        self.models = models
        self.folder = folder
        self.idle_s = idle_s
        self.options = options
        self.sleepers: dict[str, Sleeper] = {}

    def app(self) -> web.Application:
        """Return the application with its routes."""
        app = web.Application(client_max_size=wire.MAX_BODY, middlewares=[errors_as_json])
        app.cleanup_ctx.append(self.hold)
        app.add_routes(
            [
                web.get("/health", self.health),
                web.get("/v1/models", self.list_models),
                web.post("/v1/chat/completions", self.chat),
            ]
        )
        return app

    async def hold(self, _app: web.Application) -> AsyncIterator[None]:
        """Hold the models while the application runs, and stop those that run at its end."""
        self.sleepers = {
            name: Sleeper(model, self.folder / f"{number}.sock", idle_s=self.idle_s, options=self.options)
            for number, (name, model) in enumerate(self.models.items())
        }
        yield
        for sleeper in self.sleepers.values():
            await sleeper.stop()

    async def health(self, _request: web.Request) -> web.Response:
        """Answer 200: a model that does not run yet is started by the request that needs it."""
        return web.json_response({"status": "ok", "models": list(self.models)})

    async def list_models(self, _request: web.Request) -> web.Response:
        """List the models."""
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "ponder"} for name in self.models]
        return web.json_response({"object": "list", "data": data})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Pass a chat request to its model, and the reply back as it comes."""
        body = await request.read()
        async with self.sleepers[self.asked_for(body)].use() as socket:
            connector = UnixConnector(path=str(socket), force_close=True)
            timeout = ClientTimeout(total=CALL_SECONDS)
            async with (
                ClientSession(connector=connector, timeout=timeout) as session,
                session.post("http://model/v1/chat/completions", data=body) as reply,
            ):
                out = web.StreamResponse(
                    status=reply.status, headers={"Content-Type": reply.headers["Content-Type"]}
                )
                await out.prepare(request)
                async for chunk in reply.content.iter_any():
                    await out.write(chunk)
                await out.write_eof()
                return out

    def asked_for(self, body: bytes) -> str:
        """Return the name of the model that a request is for. The model's own server checks the rest."""
        with contextlib.suppress(ValueError, RecursionError):
            asked = json.loads(body)
            name = asked.get("model") if isinstance(asked, dict) else None
            if name is None:
                return next(iter(self.models))
            if isinstance(name, str) and name in self.models:
                return name
            raise wire.BadRequestError(
                f"This server serves only: {', '.join(self.models)}. Ask for one by its name.", status=404
            )
        return next(iter(self.models))
