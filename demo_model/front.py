"""The HTTP side of one served model: it checks requests and passes them to llama.cpp."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, UnixConnector, web
from aiohttp.typedefs import Handler

from demo_model import reasoning, wire

CALL_SECONDS: Final = 600


class Front:
    """The HTTP handlers of one served model."""

    def __init__(self, name: str, inner_socket: Path, *, context: int) -> None:
        self.name = name
        self.inner_socket = inner_socket
        self.context = context
        self.session: ClientSession | None = None

    def app(self) -> web.Application:
        """Return the application with its routes."""
        app = web.Application(client_max_size=wire.MAX_BODY, middlewares=[errors_as_json])
        app.cleanup_ctx.append(self.connect)
        app.add_routes(
            [
                web.get("/health", self.health),
                web.get("/v1/models", self.models),
                web.post("/v1/chat/completions", self.chat),
            ]
        )
        return app

    async def connect(self, _app: web.Application) -> AsyncIterator[None]:
        """Hold one client session to llama.cpp while the application runs."""
        timeout = ClientTimeout(total=CALL_SECONDS)
        # A new connection for each request: llama.cpp closes idle and much used ones, and a
        # request sent into one that is just closing would be lost.
        connector = UnixConnector(path=str(self.inner_socket), limit=0, force_close=True)
        async with ClientSession(connector=connector, timeout=timeout) as self.session:
            yield

    async def health(self, _request: web.Request) -> web.Response:
        """Answer 200: this server listens only after the model is loaded."""
        return web.json_response({"status": "ok", "model": self.name})

    async def models(self, _request: web.Request) -> web.Response:
        """List the one model."""
        entry = {
            "id": self.name,
            "object": "model",
            "created": 0,
            "owned_by": "ponder",
            "context_tokens": self.context,
        }
        return web.json_response({"object": "list", "data": [entry]})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Check a chat request, pass it to llama.cpp, and pass its reply back."""
        clean = wire.read_chat(await request.read(), model=self.name)
        assert self.session is not None  # set by `connect` before the first request
        async with self.session.post("http://inner/v1/chat/completions", json=clean) as reply:
            if reply.status != HTTPStatus.OK:
                raise self.refusal(await reply.read(), reply.status)
            if clean["stream"]:
                return await self.relay(request, reply)
            answer = self.tidy(await reply.json())
        message = answer["choices"][0]["message"]
        thought, message["content"] = reasoning.split(message.get("content") or "")
        thought = message.get("reasoning_content") or thought
        if thought:
            message["reasoning_content"] = thought
            await self.count(thought, answer.get("usage"))
        return web.json_response(answer)

    async def relay(self, request: web.Request, reply: ClientResponse) -> web.StreamResponse:
        """Pass a stream of events on as they come, thought and reply apart."""
        out = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await out.prepare(request)
        stream = reasoning.Stream()
        async for line in reply.content:
            head, found, text = line.partition(b"data: {")
            if found and not head:
                event = stream.parted(self.tidy(json.loads(b"{" + text)))
                if stream.thought and event.get("usage"):
                    await self.count(stream.thought, event["usage"])
                await out.write(b"data: " + json.dumps(event).encode() + b"\n")
            else:
                await out.write(line)
        await out.write_eof()
        return out

    async def count(self, thought: str, usage: wire.Json | None) -> None:
        """Write into `usage` how many of the completion's tokens are the thought and its two tags."""
        if usage is None:
            return
        assert self.session is not None  # set by `connect` before the first request
        body = {
            "content": reasoning.OPEN + thought + reasoning.CLOSE,
            "add_special": False,
            "parse_special": True,
        }
        async with self.session.post("http://inner/tokenize", json=body) as reply:
            tokens = len((await reply.json())["tokens"])
        usage["completion_tokens_details"] = {
            "reasoning_tokens": min(tokens, int(usage["completion_tokens"]))
        }

    def tidy(self, answer: wire.Json) -> wire.Json:
        """Name the model by its id, and leave out what only llama.cpp's own clients read."""
        if "model" in answer:
            answer["model"] = self.name
        answer.pop("timings", None)
        return answer

    def refusal(self, body: bytes, status: int) -> wire.BadRequestError:
        """Put llama.cpp's refusal into words for the caller."""
        error: wire.Json = {}
        try:
            error = json.loads(body)["error"]
            kind, message = str(error["type"]), str(error["message"])
        except (ValueError, KeyError, TypeError):
            kind, message = "", "llama.cpp refused the request."
        if kind == "exceed_context_size_error":
            return wire.BadRequestError(
                f"The prompt has {error.get('n_prompt_tokens', 'too many')} tokens, and '{self.name}' "
                f"takes at most {self.context} for prompt and reply together. Shorten it."
            )
        return wire.BadRequestError(message, status=status)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal into a JSON error with a message."""
    try:
        return await handler(request)
    except wire.BadRequestError as error:
        return refuse(str(error), error.status)
    except web.HTTPRequestEntityTooLarge:
        return refuse(f"The body is larger than {wire.MAX_BODY} bytes.", 413)
    except web.HTTPNotFound:
        return refuse("Expected /v1/chat/completions, /v1/models or /health.", 404)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return refuse(f"This address takes {allowed}, not {error.method}.", 405)
    except (ClientError, TimeoutError, ValueError):
        return refuse("The model did not answer. Send the request again.", 502)


def refuse(message: str, status: int) -> web.Response:
    """Return a JSON error."""
    return web.json_response(wire.error_body(message, status), status=status)
