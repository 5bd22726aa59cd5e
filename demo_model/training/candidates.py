"""Record replies of the direct models to training problems: what the thinker learns from.

    python -m demo_model.training.candidates --out var/demo_model/candidates.jsonl --problems 2000

Each line is one problem, its phrasing, and a few true replies at temperature 1, right and
wrong. Problems kept for evaluation are skipped. A run continues where an earlier one stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, UnixConnector

from demo_model import problems, tasks
from demo_model.launch import running

SEED: Final = "candidates 1"
REPLIES: Final = {"intern": 2, "expert": 3}  # a problem
PROBLEMS_AT_A_TIME: Final = 6
MAX_TOKENS: Final = 300

Problem = tasks.Countdown | tasks.Modular


def main() -> None:
    """Record what is missing of the first `--problems` problems."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--problems", type=int, default=2000)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    done = len(args.out.read_text().splitlines()) if args.out.exists() else 0
    asyncio.run(record(args.out, args.problems, done))


async def record(path: Path, count: int, done: int) -> None:
    """Append one line per problem to `path`, which already holds the first `done` of them."""
    drawn = training_problems(random.Random(SEED))
    wanted = [next(drawn) for _ in range(count)][done:]
    with tempfile.TemporaryDirectory(prefix="ponder-candidates-") as folder, path.open("a") as out:
        servers = {model: Path(folder) / f"{model}.sock" for model in REPLIES}
        async with (
            running("intern", servers["intern"], slots=12),
            running("expert", servers["expert"], slots=18),
            connected(servers["intern"]) as intern,
            connected(servers["expert"]) as expert,
        ):
            sessions = {"intern": intern, "expert": expert}
            for at in range(0, len(wanted), PROBLEMS_AT_A_TIME):
                batch = wanted[at : at + PROBLEMS_AT_A_TIME]
                async with asyncio.TaskGroup() as group:
                    rows = [
                        [
                            group.create_task(reply(sessions[model], text, seed=1_009 * (done + at) + turn))
                            for model, turns in REPLIES.items()
                            for turn in range(turns)
                        ]
                        for _, text in batch
                    ]
                for (problem, text), row in zip(batch, rows, strict=True):
                    line = {**described(problem), "text": text, "replies": [task.result() for task in row]}
                    out.write(json.dumps(line) + "\n")
                out.flush()


def connected(socket: Path) -> ClientSession:
    """Return a client of the server at a Unix socket."""
    return ClientSession(connector=UnixConnector(path=str(socket)), timeout=ClientTimeout(total=600))


async def reply(session: ClientSession, text: str, *, seed: int) -> str:
    """Return one reply at temperature 1."""
    body = {
        "messages": [{"role": "user", "content": text}],
        "max_completion_tokens": MAX_TOKENS,
        "seed": seed,
    }
    async with session.post("http://model/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        return str((await response.json())["choices"][0]["message"]["content"] or "")


def training_problems(rng: random.Random) -> Iterator[tuple[Problem, str]]:
    """Yield problems that are not kept for evaluation, each in one of the published phrasings."""
    while True:
        if rng.random() < 0.5:
            problem = tasks.modular(rng, operations=rng.choice((3, 4, 4, 5, 5, 6, 6)))
            if not tasks.is_held_out(problem.key):
                yield problem, tasks.modular_prompt(problem, rng)
        else:
            puzzle = problems.draw_countdown(rng.choice((3, 4, 4, 4, 4, 4)), rng)
            if puzzle and not tasks.is_held_out(puzzle.key):
                yield puzzle, tasks.countdown_prompt(puzzle, rng)


def described(problem: Problem) -> dict[str, Any]:
    """Return the JSON form of a problem."""
    if isinstance(problem, tasks.Countdown):
        return {"numbers": problem.numbers, "target": problem.target}
    return {"expression": problem.expression, "modulus": problem.modulus}


if __name__ == "__main__":
    main()
