"""A provider that fails in every way that is known, in a process of its own, and remembers what each call cost.

`python -m bench.conformance.faults INPUT_PICO OUTPUT_PICO` prints its port and serves until its standard input closes.
A prompt that holds `[FAULT CALL]` is answered with that fault. `GET /bill` returns what was executed, by call: how many
requests came, and what the provider charges for them in nano-USD, by a formula of its own.
"""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from aiohttp import web

HANG_S = 4.0
_NAMED = re.compile(r"\[(\S+) (\S+)\]")
_TEXT = "Multiply the tens, then the ones, and add. " * 6 + "\n\nAnswer: 42"
GOOD = "good"
REFUSALS = {
    f"status-{status}": status
    for status in (400, 401, 402, 403, 404, 405, 406, 410, 413, 415, 422, 425, 429, 451, 498)
}
"""A real status, before anything is executed."""
MOVED = {f"moved-{status}": status for status in (301, 302, 307, 308)}
"""A redirect to where the call would be executed."""
EXECUTED_STATUSES = {f"late-{status}": status for status in (408, 409, 424, 499, 500, 502, 503, 504, 529)}
"""A status that comes after the call was executed."""
ERROR_BODIES = {f"body-{code}": code for code in (400, 401, 402, 403, 404, 422, 429, 500, "rate_limited")}
"""Executed, counted, and an error beside it under status 200."""
UNCOUNTED = {f"bare-{code}": code for code in (400, 401, 404, 429, 502)}
"""The same without a count."""
SHAPES = ("events", "events-uncounted", "blank-lines", "numbers-as-text", "parts", "no-choices")
_MADE_UP = ("too-much-cached", "too-much-reasoning", "cut-at-zero")
LIES = ("no-usage", "null-usage", "zeros", "negative", "huge", "nan", *_MADE_UP)
CUTS = ("cut", "cut-length", "cut-chunked", "hang", "garbage", "empty-body", "not-an-object")
REPEATS = ("roles-must-alternate", "last-message-role", "unsupported-temperature")
"""What litellm answers by sending the request again."""
CAP_USED = "cap-used"
FAULTS = (
    *REFUSALS, *MOVED, *EXECUTED_STATUSES, *ERROR_BODIES, *UNCOUNTED, *SHAPES, *LIES, *CUTS, *REPEATS, CAP_USED,
)  # fmt: skip
_REPEAT_WORDS = {
    "roles-must-alternate": "Conversation roles must alternate user/assistant/user/assistant/...",
    "last-message-role": "Last message must have role `user`",
    "unsupported-temperature": "Unsupported parameter: 'temperature' is not supported with this model.",
}


class Provider:
    """Answers, and keeps its own bill."""

    def __init__(self, input_pico: int, output_pico: int) -> None:
        self._input, self._output = Fraction(input_pico, 1000), Fraction(output_pico, 1000)
        self.bill: dict[str, dict[str, int]] = {}

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """Answer one request as its prompt wants it."""
        body = await request.json()
        prompt = "".join(str(message["content"]) for message in body["messages"])
        named = _NAMED.search(prompt)
        assert named is not None, "every prompt of the measurement names its fault and its call"
        fault, call = named[1], named[2]
        entry = self.bill.setdefault(call, {"requests": 0, "cost_nano": 0})
        entry["requests"] += 1
        if fault in REFUSALS:
            headers = {"retry-after": "0"} if fault == "status-429" else {}
            return _error(REFUSALS[fault], "Refused before anything was executed.", headers=headers)
        if fault in MOVED and "elsewhere" not in request.path:
            return _error(MOVED[fault], "Moved.", headers={"location": "/v2/elsewhere"})
        if fault in REPEATS:
            return _error(400, _REPEAT_WORDS[fault])
        cap = int(body.get("max_completion_tokens") or body.get("max_tokens") or 0)
        tokens = (len(prompt) // 4, cap if fault == CAP_USED else min(len(_TEXT) // 4, cap))
        entry["cost_nano"] += self._price(*tokens)
        return await self._executed(request, fault, call, tokens)

    def _price(self, prompt: int, completion: int) -> int:
        cost = self._input * prompt + self._output * completion
        return -(-cost.numerator // cost.denominator)

    async def _executed(
        self, request: web.Request, fault: str, call: str, tokens: tuple[int, int]
    ) -> web.StreamResponse:
        whole = _completion(call, fault, tokens)
        if fault == CAP_USED:
            return _error(
                400, "Could not finish the message because max_tokens or model output limit was reached."
            )
        if fault in EXECUTED_STATUSES:
            return _error(EXECUTED_STATUSES[fault], "Failed after it was executed.")
        if fault in {**ERROR_BODIES, **UNCOUNTED}:
            code = {**ERROR_BODIES, **UNCOUNTED}[fault]
            error = (
                code
                if isinstance(code, str)
                else {"code": code, "message": f"Provider returned error {code}"}
            )
            return web.json_response({**whole, "error": error})
        if fault.startswith("events"):
            return web.Response(text=_events(whole), content_type="text/event-stream")
        if fault == "blank-lines":
            return web.Response(text="\n \n\n\n" + json.dumps(whole), content_type="application/json")
        if fault in {"garbage", "empty-body", "not-an-object"}:
            said = {
                "garbage": "<html>Bad gateway, kind of</html>",
                "empty-body": "",
                "not-an-object": '"done"',
            }
            return web.Response(text=said[fault], content_type="application/json")
        if fault == "hang":
            await asyncio.sleep(HANG_S)
        if fault.startswith("cut") and fault != "cut-at-zero":
            return await _half(request, json.dumps(whole).encode(), fault)
        text = json.dumps(whole).replace('"NOT A NUMBER"', "NaN")
        return web.Response(text=text, content_type="application/json")

    async def tell_bill(self, _: web.Request) -> web.Response:
        """Return everything that came."""
        return web.json_response(self.bill)


def _completion(call: str, fault: str, tokens: tuple[int, int]) -> dict[str, Any]:
    """Return the reply of an executed call, with what the fault does to its shape or its count."""
    prompt, completion = tokens
    usage: Any = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    lies = {
        "zeros": {"prompt_tokens": 0, "completion_tokens": 0},
        "negative": {"prompt_tokens": prompt, "completion_tokens": -completion},
        "huge": {"prompt_tokens": prompt, "completion_tokens": 10**30},
        "nan": {"prompt_tokens": prompt, "completion_tokens": "NOT A NUMBER"},
        "too-much-cached": {**usage, "prompt_tokens_details": {"cached_tokens": 50 * prompt}},
        "too-much-reasoning": {**usage, "completion_tokens_details": {"reasoning_tokens": 50 * completion}},
        "cut-at-zero": {"prompt_tokens": prompt, "completion_tokens": 0, "total_tokens": prompt},
        "numbers-as-text": {"prompt_tokens": str(prompt), "completion_tokens": str(completion)},
        "null-usage": None,
    }
    usage = lies.get(fault, usage)
    text: Any = [{"type": "text", "text": _TEXT}] if fault == "parts" else _TEXT
    finish = "length" if fault == "cut-at-zero" else "stop"
    message = {"role": "assistant", "content": "" if fault == "cut-at-zero" else text}
    reply: dict[str, Any] = {
        "id": f"chatcmpl-{call}",
        "object": "chat.completion",
        "created": 1,
        "model": "faulty",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage,
    }
    if fault == "no-choices":
        reply["choices"] = []
    if fault in {"no-usage", "events-uncounted", *UNCOUNTED}:
        del reply["usage"]
    return reply


def _events(whole: dict[str, Any]) -> str:
    """Return a reply as events, which nobody asked for."""
    text = whole["choices"][0]["message"]["content"]
    head = {"id": whole["id"], "object": "chat.completion.chunk", "model": "faulty"}
    pieces = [{"delta": {"content": part}, "finish_reason": None} for part in (text[:50], text[50:])]
    chunks = [{**head, "choices": [piece]} for piece in pieces]
    chunks.append({**head, "choices": [{"delta": {}, "finish_reason": "stop"}]})
    if "usage" in whole:
        chunks.append({**head, "choices": [], "usage": whole["usage"]})
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


def _error(status: int, message: str, *, headers: dict[str, str] | None = None) -> web.Response:
    error = {"error": {"message": message, "type": "invalid_request_error", "code": None}}
    return web.json_response(error, status=status, headers=headers)


async def _half(request: web.Request, body: bytes, fault: str) -> web.StreamResponse:
    """Cut the connection before the body, or in the middle of it."""
    assert request.transport is not None, "the client is there"
    if fault != "cut":
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if fault == "cut-chunked":
            response.enable_chunked_encoding()
        else:
            response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
    request.transport.abort()
    raise ConnectionResetError


async def serve(provider: Provider) -> None:
    """Serve until standard input closes."""
    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_get("/bill", provider.tell_bill)
    app.router.add_post("/{path:.*}", provider.complete)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


@contextlib.contextmanager
def faulty_provider(input_pico: int, output_pico: int) -> Iterator[str]:
    """Run the provider for the block and yield its address."""
    command = [sys.executable, "-m", "bench.conformance.faults", str(input_pico), str(output_pico)]
    with subprocess.Popen(  # noqa: S603  (ourselves)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None, "asked for above"
        assert process.stdout is not None, "asked for above"
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    asyncio.run(serve(Provider(int(sys.argv[1]), int(sys.argv[2]))))
