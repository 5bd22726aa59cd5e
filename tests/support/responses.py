"""A provider with a background mode: OpenAI's Responses API over real HTTP, whose work ends when a test says so."""

import threading
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.endpoint import Endpoint

USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 7},
    "output_tokens": 10,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 30,
}


@dataclass
class Work:
    """One submission, and what became of it."""

    id: str
    body: dict[str, Any]
    cancelled: bool = False
    looks: int = 0
    text: str = "Answer: 42"
    status: str = "completed"
    usage: dict[str, Any] | None = field(default_factory=lambda: dict(USAGE))


class ResponsesEndpoint(Endpoint):
    """Serves `POST /v1/responses`, `GET /v1/responses/ID` and `POST /v1/responses/ID/cancel`.

    `done` lets all work end. `forget` drops what was submitted so far. `cut` cuts that many submissions after they
    were accepted, before their reference is sent. `deaf` refuses to look at anything.
    """

    def __init__(self) -> None:
        self.works: dict[str, Work] = {}
        self.submissions: list[Work] = []
        self.done = threading.Event()
        self.cut = 0
        self.deaf = False
        super().__init__()

    def forget(self) -> None:
        """Know nothing of earlier submissions any more."""
        self.works.clear()

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_post("/v1/responses", self._submit)
        app.router.add_get("/v1/responses/{id}", self._look)
        app.router.add_post("/v1/responses/{id}/cancel", self._cancel)

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        assert body["background"] is True
        assert body["store"] is True
        work = Work(f"resp_{len(self.submissions):048x}", body)
        self.works[work.id] = work
        self.submissions.append(work)
        if self.cut:
            self.cut -= 1
            assert request.transport is not None
            request.transport.abort()
            raise ConnectionResetError
        return web.json_response(self._response(work, "queued"))

    async def _look(self, request: web.Request) -> web.StreamResponse:
        if self.deaf:
            return web.json_response({"error": {"message": "busy", "type": "server_error"}}, status=503)
        work = self.works.get(request.match_info["id"])
        if work is None:
            error = {"message": "No response found with that id.", "type": "invalid_request_error"}
            return web.json_response({"error": error}, status=404)
        work.looks += 1
        if work.cancelled:
            return web.json_response(self._response(work, "cancelled"))
        return web.json_response(self._response(work, work.status if self.done.is_set() else "in_progress"))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        work = self.works[request.match_info["id"]]
        work.cancelled = True
        return web.json_response(self._response(work, "cancelled"))

    def _response(self, work: Work, status: str) -> dict[str, Any]:
        ended = status in {"completed", "incomplete"}
        message = {
            "type": "message",
            "id": f"msg_{work.id}",
            "status": status,
            "role": "assistant",
            "content": [{"type": "output_text", "text": work.text, "annotations": []}],
        }
        thought = {"type": "reasoning", "id": f"rs_{work.id}", "summary": []}
        return {
            "id": work.id,
            "object": "response",
            "created_at": 1,
            "status": status,
            "background": True,
            "error": {"code": "server_error", "message": "It broke."} if status == "failed" else None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "model": work.body["model"],
            "output": [thought, message] if ended else [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": work.usage if ended else None,
        }
