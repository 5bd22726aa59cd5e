"""Record the pool that strategies are compared on: `python -m bench.record MODEL [--problems N] [--samples 64]`.

Every sample of the pool is one real reply of a demo model through its real server at temperature 1. Strategies that
replay the pool see the same replies, so that their differences are paired and not noise (`bench/replay.py`). The
problems are held out of training. A recording goes on where an earlier one stopped: replies lie in
var/pool/MODEL.jsonl, a line a problem, until `--pack` makes bench/pool/MODEL.json.gz of them (and problems.json.gz,
because drawing the problems again takes half a minute).
"""

import argparse
import asyncio
import gzip
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, UnixConnector

from bench.demo import MODELS, Unseen, countdown_problems, modular_problems
from demo_model.launch import running
from solver.answer import extract_answer
from solver.problem import Problem

POOL = Path(__file__).parent / "pool"
WORK = Path(__file__).parents[1] / "var" / "pool"
SEED = 20_261_125
SAMPLES = 64
AT_A_TIME = 16
PROBLEMS = "problems.json.gz"
MAX_TOKENS = 500
MODULAR, COUNTDOWN = 1_000, 400


def problems() -> list[Unseen]:
    """Return the problems of the pool: modular and Countdown in turn, five to two, each once."""
    modular = iter(modular_problems(MODULAR, SEED))
    countdown = iter(countdown_problems(COUNTDOWN, SEED))
    turns = [modular, modular, countdown, modular, modular, countdown, modular]
    return [next(turns[index % len(turns)]) for index in range(MODULAR + COUNTDOWN)]


async def record(model: str, count: int, samples: int) -> None:
    """Ask the model for what is missing of the first `count` problems."""
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / f"{model}.jsonl"
    known = {json.loads(line)["problem"] for line in path.open()} if path.exists() else set()
    missing = [item for item in enumerate(problems()[:count]) if item[0] not in known]
    with tempfile.TemporaryDirectory(prefix="ponder-pool-") as folder, path.open("a") as out:
        async with running(model, Path(folder) / "model.sock", slots=AT_A_TIME) as server:
            connector = UnixConnector(path=str(server.socket), limit=AT_A_TIME)
            async with ClientSession(connector=connector, timeout=ClientTimeout(total=600)) as session:
                gate = asyncio.Semaphore(AT_A_TIME * 2)

                async def one(index: int, unseen: Unseen) -> None:
                    replies = [
                        _ask(session, gate, unseen, seed=1_000_003 * index + turn) for turn in range(samples)
                    ]
                    line = {"problem": index, "replies": await asyncio.gather(*replies)}
                    out.write(json.dumps(line) + "\n")
                    out.flush()

                for at in range(0, len(missing), 4):
                    async with asyncio.TaskGroup() as group:
                        for item in missing[at : at + 4]:
                            group.create_task(one(*item))


async def _ask(session: ClientSession, gate: asyncio.Semaphore, unseen: Unseen, *, seed: int) -> list[Any]:
    """Return one reply as [text, prompt tokens, completion tokens]."""
    messages = Problem(unseen.text, kind=unseen.kind, checker=unseen.checker).messages()
    body = {
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "temperature": 1.0,
        "max_completion_tokens": MAX_TOKENS,
        "seed": seed,
    }
    async with gate, session.post("http://model/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        reply = await response.json()
    usage = reply["usage"]
    return [
        reply["choices"][0]["message"]["content"] or "",
        usage["prompt_tokens"],
        usage["completion_tokens"],
    ]


def pack(model: str) -> None:
    """Write what strategies need of a recording: answers and tokens, a problem's distinct answers once."""
    with (WORK / f"{model}.jsonl").open() as recording:
        lines = sorted(
            (json.loads(line) for line in recording if line.endswith("\n")), key=lambda row: row["problem"]
        )
    packed = []
    for row in lines:
        answers: dict[str | None, int] = {}
        samples = []
        for text, _, output in row["replies"]:
            place = answers.setdefault(extract_answer(text), len(answers))
            samples.append([place, output])
        packed.append(
            {
                "problem": row["problem"],
                "prompt_tokens": row["replies"][0][1],
                "answers": list(answers),
                "samples": samples,
            }
        )
    POOL.mkdir(exist_ok=True)
    _write(f"{model}.json.gz", {"model": model, "seed": SEED, "problems": packed})
    if not (POOL / PROBLEMS).exists():
        _write(PROBLEMS, [asdict(unseen) for unseen in problems()])


def _write(name: str, content: Any) -> None:
    body = json.dumps(content, separators=(",", ":"))
    (POOL / name).write_bytes(gzip.compress(body.encode(), 9, mtime=0))


def main() -> int:
    """Record or pack."""
    parser = argparse.ArgumentParser(prog="python -m bench.record", description=__doc__)
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("--problems", type=int, default=MODULAR + COUNTDOWN)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument(
        "--pack", action="store_true", help="write bench/pool/MODEL.json.gz from what is recorded"
    )
    options = parser.parse_args()
    if options.pack:
        pack(options.model)
    else:
        os.nice(5)
        asyncio.run(record(options.model, options.problems, options.samples))
    return 0


if __name__ == "__main__":
    sys.exit(main())
