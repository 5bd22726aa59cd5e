"""A provider with files and batches as OpenAI has them, over real HTTP; batches end when a test says so."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from django.utils import timezone

from billing.models import Price
from tests.support.endpoint import Answer, Call, Endpoint

TIER = {"above_prompt_tokens": 0, "service": "batch", "input_pico": 500_000, "output_pico": 1_000_000}
NOT_BEGUN = {"expired": "batch_expired", "cancelled": "batch_cancelled"}


def price_with_batches(*tiers: Mapping[str, Any], model: str = "openai/test") -> Price:
    """Put a price into force that halves the present one for calls in batches, and has the other tiers, too."""
    price = Price.objects.filter(model=model).latest("effective_from")
    price.pk, price.effective_from, price.tiers = None, timezone.now(), [*tiers, TIER]
    price.save(force_insert=True)
    return price


@dataclass
class Batch:
    """One batch, and what became of it."""

    id: str
    file: str
    requests: list[dict[str, Any]]
    status: str = "in_progress"
    cancels: int = 0
    looks: int = 0
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What came of its requests, by their ids."""


class BatchEndpoint(Endpoint):
    """Serves `/v1/files` and `/v1/batches` beside the calls that are made by themselves.

    `finish` ends a batch; `done` lets each end as it is looked at. `behaviour` answers the requests of batches, too.
    `cut` cuts that many starts after they were accepted, `lost` that many before. Without `has_batches` nothing is taken.
    """

    def __init__(self, behaviour: Callable[[Call], Answer] | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.batches: list[Batch] = []
        self.done = threading.Event()
        self.cut = self.lost = 0
        self.cancels_at_once = self.has_batches = True
        super().__init__(behaviour)

    def finish(self, batch: Batch, status: str = "completed", *, executed: int | None = None) -> None:
        """End a batch: its first requests, or all, are executed, and the others told as not begun."""
        count = len(batch.requests) if executed is None else executed
        for request in batch.requests[:count]:
            self.execute(batch, request)
        if code := NOT_BEGUN.get(status):
            for request in batch.requests:
                self._line(batch, request["custom_id"], None, {"code": code, "message": "Not executed."})
        batch.status = status

    def look(self, batch: Batch) -> None:
        """Decide what a look at a batch shows."""
        if self.done.is_set() and batch.status == "in_progress":
            self.finish(batch)

    def execute(self, batch: Batch, request: dict[str, Any]) -> None:
        """Execute one request of a batch."""
        call = Call(len(self.calls), request["body"])
        self.calls.append(call)
        answer = self.behaviour(call)
        body = self._completion(call, answer) if answer.status == 200 else {"error": {"message": "test"}}
        self._line(batch, request["custom_id"], {"status_code": answer.status, "body": body}, None)

    def _line(
        self, batch: Batch, custom_id: str, response: dict[str, Any] | None, error: dict[str, Any] | None
    ) -> None:
        line = {"id": f"req_{custom_id}", "custom_id": custom_id, "response": response, "error": error}
        batch.lines.setdefault(custom_id, line)

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_post("/v1/files", self._upload)
        app.router.add_delete("/v1/files/{id}", self._delete)
        app.router.add_get("/v1/files/{id}/content", self._content)
        app.router.add_post("/v1/batches", self._start_batch)
        app.router.add_get("/v1/batches", self._list)
        app.router.add_get("/v1/batches/{id}", self._look)
        app.router.add_post("/v1/batches/{id}/cancel", self._cancel)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        if not self.has_batches:
            return web.json_response({"error": {"message": "Not found."}}, status=404)
        form = await request.post()
        assert form["purpose"] == "batch"
        assert request.headers["Authorization"] == "Bearer sk-test-000000000000"
        uploaded = form["file"]
        assert isinstance(uploaded, web.FileField)
        name = f"file-{len(self.files)}"
        self.files[name] = uploaded.file.read()
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        del self.files[request.match_info["id"]]
        return web.json_response({"deleted": True})

    async def _start_batch(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        file = self.files.get(body["input_file_id"])
        if file is None:
            return web.json_response({"error": {"message": "No such file."}}, status=400)
        if self.lost:
            self.lost -= 1
            return self._abort(request)
        requests = [json.loads(line) for line in file.splitlines()]
        assert {each["url"] for each in requests} == {body["endpoint"]}
        assert all("service_tier" not in each["body"] for each in requests)
        batch = Batch(f"batch_{len(self.batches)}", body["input_file_id"], requests)
        self.batches.append(batch)
        if self.cut:
            self.cut -= 1
            return self._abort(request)
        return web.json_response(self._shown(batch))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        shown = [self._shown(batch) for batch in reversed(self.batches)]
        return web.json_response({"data": shown, "has_more": False})

    async def _look(self, request: web.Request) -> web.StreamResponse:
        batch = self._found(request)
        batch.looks += 1
        self.look(batch)
        return web.json_response(self._shown(batch))

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        batch = self._found(request)
        batch.cancels += 1
        if batch.status == "in_progress":
            batch.status = "cancelling"
            if self.cancels_at_once:
                self.finish(batch, "cancelled", executed=0)
        return web.json_response(self._shown(batch))

    async def _content(self, request: web.Request) -> web.StreamResponse:
        which, _, batch_id = request.match_info["id"].partition("-")
        batch = next(each for each in self.batches if each.id == batch_id)
        lines = [line for line in batch.lines.values() if bool(_is_good(line)) == (which == "output")]
        return web.Response(text="\n".join(map(json.dumps, lines)))

    def _found(self, request: web.Request) -> Batch:
        return next(batch for batch in self.batches if batch.id == request.match_info["id"])

    def _abort(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        raise ConnectionResetError

    def _shown(self, batch: Batch) -> dict[str, Any]:
        good = sum(map(_is_good, batch.lines.values()))
        return {
            "id": batch.id,
            "object": "batch",
            "status": batch.status,
            "input_file_id": batch.file,
            "output_file_id": f"output-{batch.id}" if good else None,
            "error_file_id": f"error-{batch.id}" if good < len(batch.lines) else None,
            "errors": None,
            "request_counts": {
                "total": len(batch.requests),
                "completed": good,
                "failed": sum(
                    line["response"] is not None and not _is_good(line) for line in batch.lines.values()
                ),
            },
        }


def _is_good(line: Mapping[str, Any]) -> bool:
    return line["response"] is not None and line["response"]["status_code"] == 200
