"""A provider with Message Batches as Anthropic has them, over real HTTP; batches end when a test says so."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.support.batches import Batch, BatchEndpoint
from tests.support.endpoint import Answer, Call

KEY = "sk-ant-test-000000000000"
_WORKING = {"in_progress": "in_progress", "cancelling": "canceling"}
_NOT_BEGUN = {"batch_expired": "expired", "batch_cancelled": "canceled"}


class AnthropicBatchEndpoint(BatchEndpoint):
    """Serves `/v1/messages/batches` beside `/v1/messages`; what a batch brought is told once all of it is over."""

    def _routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/messages", self._complete)
        app.router.add_post("/v1/messages/batches", self._start_batch)
        app.router.add_get("/v1/messages/batches", self._list)
        app.router.add_get("/v1/messages/batches/{id}", self._look)
        app.router.add_get("/v1/messages/batches/{id}/results", self._content)
        app.router.add_post("/v1/messages/batches/{id}/cancel", self._cancel)

    def begin(self, requests: Mapping[str, Any]) -> Batch:
        """Start a batch of requests by their ids, whoever sent them."""
        asked = [{"custom_id": custom_id, "body": body} for custom_id, body in requests.items()]
        self.batches.append(Batch(f"msgbatch_{len(self.batches)}", "", asked))
        return self.batches[-1]

    async def _start_batch(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["x-api-key"] == KEY
        assert request.headers["anthropic-version"]
        if self.lost:
            self.lost -= 1
            return self._abort(request)
        asked = (await request.json())["requests"]
        assert not any(each["params"].get("stream") for each in asked)
        batch = self.begin({each["custom_id"]: each["params"] for each in asked})
        if self.cut:
            self.cut -= 1
            return self._abort(request)
        return web.json_response(self._shown(batch))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if not self.has_batches:
            return web.json_response({"type": "error", "error": {"type": "not_found_error"}}, status=404)
        before, limit = request.query.get("before_id"), int(request.query["limit"])
        after = [batch.id for batch in self.batches].index(before) + 1 if before else 0
        found = self.batches[after:][:limit] if before else self.batches[-limit:]
        return web.json_response(
            {"data": [self._shown(batch) for batch in reversed(found)], "has_more": False}
        )

    async def _content(self, request: web.Request) -> web.StreamResponse:
        batch = self._found(request)
        assert batch.status not in _WORKING
        # In an order of its own.
        lines = [{"custom_id": key, "result": _result(line)} for key, line in reversed(batch.lines.items())]
        return web.Response(text="\n".join(map(json.dumps, lines)))

    def _completion(self, call: Call, answer: Answer) -> dict[str, Any]:
        usage = {"input_tokens": 20, "output_tokens": 10, "service_tier": answer.service_tier or "standard"}
        return {
            "id": f"msg_{call.number}",
            "type": "message",
            "role": "assistant",
            "model": call.body["model"],
            "content": [{"type": "text", "text": answer.text}],
            "stop_reason": "end_turn",
            "usage": usage,
        }

    def _shown(self, batch: Batch) -> dict[str, Any]:
        working = _WORKING.get(batch.status)
        names = (
            ["processing"] * len(batch.requests)
            if working
            else [_result(each)["type"] for each in batch.lines.values()]
        )
        counts = Counter(names)
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": working or "ended",
            "request_counts": {
                name: counts[name] for name in ("processing", "succeeded", "errored", "canceled", "expired")
            },
            "results_url": None if working else f"http://127.0.0.1:9/v1/messages/batches/{batch.id}/results",
        }


def _result(line: Mapping[str, Any]) -> dict[str, Any]:
    if line["error"]:
        return {"type": _NOT_BEGUN[line["error"]["code"]]}
    response = line["response"]
    if response["status_code"] == 200:
        return {"type": "succeeded", "message": response["body"]}
    kind = {429: "rate_limit_error", 500: "api_error"}[response["status_code"]]
    return {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": "test"}}}
