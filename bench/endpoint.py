"""A fast OpenAI-compatible endpoint in a process of its own: a fixed delay, a fixed reply, two answers in turn.

`python -m bench.endpoint --delay-ms 20` prints its port and serves until its standard input closes. `GET /v1/arrivals`
tells for each prompt how many requests came and when the last one did (seconds of the wall clock).
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator

from aiohttp import web

PROMPT_TOKENS, OUTPUT_TOKENS = 180, 120
_THOUGHT = "Reduce each product modulo m before adding, so that no number grows large. " * 5
# Two answers in turn: no vote over them is ever clear, so that a job makes exactly as many calls as it is told to.
_ANSWERS = ("17", "23")


def completion(answer: str) -> bytes:
    """Return the body of one reply."""
    reply = {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_764_000_000,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": f"{_THOUGHT}\n\nAnswer: {answer}"},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": PROMPT_TOKENS + OUTPUT_TOKENS,
        },
    }
    return json.dumps(reply).encode()


async def serve(delay_s: float) -> None:
    """Serve until standard input closes."""
    bodies = itertools.cycle([completion(answer) for answer in _ANSWERS])
    arrivals: dict[str, tuple[int, float]] = {}

    async def complete(request: web.Request) -> web.Response:
        arrived_s, prompt = time.time(), (await request.json())["messages"][-1]["content"]
        arrivals[prompt] = arrivals.get(prompt, (0, 0.0))[0] + 1, arrived_s
        await asyncio.sleep(delay_s)
        return web.Response(body=next(bodies), content_type="application/json")

    async def tell_arrivals(_: web.Request) -> web.Response:
        return web.json_response(arrivals)

    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/arrivals", tell_arrivals)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


@contextlib.contextmanager
def endpoint(delay_ms: int) -> Iterator[str]:
    """Run the endpoint for the block and yield its base address."""
    command = [sys.executable, "-m", "bench.endpoint", "--delay-ms", str(delay_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin is not None, "asked for above"
        assert process.stdout is not None, "asked for above"
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.stdin.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.endpoint", description=__doc__)
    parser.add_argument("--delay-ms", type=int, default=20)
    asyncio.run(serve(parser.parse_args().delay_ms / 1000))
