"""Measure the committed models on problems they were never trained on.

    python -m demo_model.evaluate            # about ten minutes on two cores; writes evaluation.json
    python -m demo_model.evaluate --quick    # under a minute; writes nothing

Each model answers through its real server at temperature 1, 16 requests at a time, with fixed
seeds. A reply counts when exact arithmetic confirms its `Answer:` line; nothing else searches.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, UnixConnector

from demo_model import engine, problems, tasks
from demo_model.check import answer_of, is_right
from demo_model.launch import Running, running

AT_A_TIME: Final = 16
REPORTED: Final = (1, 2, 4, 8, 16, 32, 64)  # k of pass@k
MAX_TOKENS: Final = 400
SEED: Final = "evaluation 1"
SYSTEM: Final = "You solve problems. Be brief and exact."
USER: Final = "Solve the problem. Show short working and end with a line 'Answer: …'."
SIZES: Final = {"countdown3": 40, "countdown4": 150, "modular": 80}
QUICK_SIZES: Final = {"countdown3": 15, "countdown4": 30, "modular": 30}

Problem = tasks.Countdown | tasks.Modular


@dataclass(frozen=True)
class Reply:
    """One sampled reply, checked."""

    answer: str
    right: bool
    prompt_tokens: int
    completion_tokens: int
    finished: bool


def pass_at(samples: int, right: int, k: int) -> float:
    """Return the unbiased estimate of pass@k (Chen and others, 2021)."""
    return 1 - comb(samples - right, k) / comb(samples, k)


def problem_sets(sizes: dict[str, int]) -> dict[str, list[tuple[Problem, str]]]:
    """Draw the problems and their phrasings: the same ones for every run and model."""
    rng = random.Random(SEED)
    drawn: dict[str, list[Problem]] = {
        "countdown3": [*problems.countdown(3, sizes["countdown3"], rng)],
        "countdown4": [*problems.countdown(4, sizes["countdown4"], rng)],
        "modular": [*problems.modular(sizes["modular"], rng)],
    }
    return {name: [(item, phrase(item, rng)) for item in items] for name, items in drawn.items()}


def phrase(problem: Problem, rng: random.Random) -> str:
    """Write a problem in one of the published ways."""
    if isinstance(problem, tasks.Countdown):
        return tasks.countdown_prompt(problem, rng)
    return tasks.modular_prompt(problem, rng)


async def ask(session: ClientSession, problem: Problem, text: str, seed: int) -> Reply:
    """Send one request as Ponder's engine does, and check the reply."""
    user = f"{USER}\n<problem>\n{text}\n</problem>"
    body = {
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user}],
        "temperature": 1.0,
        "max_completion_tokens": MAX_TOKENS,
        "seed": seed,
    }
    async with session.post("http://model/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        reply = await response.json()
    choice, usage = reply["choices"][0], reply["usage"]
    content = choice["message"]["content"] or ""
    return Reply(
        answer_of(content),
        is_right(problem, content),
        usage["prompt_tokens"],
        usage["completion_tokens"],
        choice["finish_reason"] == "stop",
    )


async def sample(server: Running, items: list[tuple[Problem, str]], samples: int) -> list[list[Reply]]:
    """Return `samples` replies for each problem."""
    gate = asyncio.Semaphore(AT_A_TIME)
    connector = UnixConnector(path=str(server.socket), limit=AT_A_TIME)

    async with ClientSession(connector=connector, timeout=ClientTimeout(total=600)) as session:

        async def one(index: int, turn: int) -> Reply:
            async with gate:
                return await ask(session, *items[index], seed=1_000_003 * index + turn)

        async with asyncio.TaskGroup() as group:
            tasks_ = [
                [group.create_task(one(index, turn)) for turn in range(samples)]
                for index in range(len(items))
            ]
    return [[task.result() for task in row] for row in tasks_]


def summary(replies: list[list[Reply]]) -> dict[str, Any]:
    """Condense the replies of one family."""
    samples = len(replies[0])
    rights = [sum(reply.right for reply in row) for row in replies]
    flat = [reply for row in replies for reply in row]
    lengths = sorted(reply.completion_tokens for reply in flat)
    return {
        "problems": len(replies),
        "samples": samples,
        "pass_at": {
            str(k): round(sum(pass_at(samples, right, k) for right in rights) / len(rights), 4)
            for k in REPORTED
            if k <= samples
        },
        "most_common_answer_right": round(sum(map(_vote_is_right, replies)) / len(replies), 4),
        "finished": round(sum(reply.finished for reply in flat) / len(flat), 4),
        "prompt_tokens_mean": round(sum(reply.prompt_tokens for reply in flat) / len(flat), 2),
        "completion_tokens_mean": round(sum(lengths) / len(lengths), 2),
        "completion_tokens_p50": lengths[len(lengths) // 2],
        "completion_tokens_p95": lengths[len(lengths) * 95 // 100],
        "completion_tokens_max": lengths[-1],
    }


def _vote_is_right(row: list[Reply]) -> bool:
    counts = Counter(reply.answer for reply in row if reply.answer)
    if not counts:
        return False
    winner = counts.most_common(1)[0][0]
    return any(reply.right for reply in row if reply.answer == winner)


async def measure(model: str, sizes: dict[str, int], samples: int, folder: Path) -> dict[str, Any]:
    """Serve one model and measure it on every family."""
    began = time.monotonic()
    results: dict[str, Any] = {}
    async with running(model, folder / f"{Path(model).stem}.sock", slots=AT_A_TIME) as server:
        for name, items in problem_sets(sizes).items():
            results[name] = summary(await sample(server, items, samples))
    results["seconds"] = round(time.monotonic() - began)
    return results


async def measure_all(models: list[str], sizes: dict[str, int], samples: int) -> dict[str, dict[str, Any]]:
    """Measure the models side by side, one core each."""
    with tempfile.TemporaryDirectory(prefix="ponder-eval-") as folder:
        async with asyncio.TaskGroup() as group:
            runs = {
                model: group.create_task(measure(model, sizes, samples, Path(folder))) for model in models
            }
    return {Path(model).stem: run.result() for model, run in runs.items()}


def table(results: dict[str, dict[str, Any]]) -> str:
    """Lay the results out for reading."""
    lines = []
    for model, families in results.items():
        for family, found in families.items():
            if family == "seconds":
                continue
            rates = "  ".join(f"@{k} {rate:.3f}" for k, rate in found["pass_at"].items())
            lines.append(
                f"{model:7} {family:11} {rates}  vote {found['most_common_answer_right']:.3f}  "
                f"tokens {found['prompt_tokens_mean']:.0f}+{found['completion_tokens_mean']:.0f}"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and (unless `--quick`) write `weights/evaluation.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer problems, 8 samples")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--model", action="append", help="default: intern and expert")
    args = parser.parse_args()
    sizes, samples = (QUICK_SIZES, 8) if args.quick else (SIZES, 64)
    models = args.model or list(engine.OWN_MODELS)
    results = asyncio.run(measure_all(models, sizes, samples))
    report = {
        "command": "python -m demo_model.evaluate",
        "temperature": 1.0,
        "checking": "exact arithmetic on the last line of the reply",
        "models": results,
    }
    text = json.dumps(report, indent=1)
    if not args.quick and not args.model:
        (engine.WEIGHTS / "evaluation.json").write_text(text + "\n")
    sys.stdout.write((text if args.json else table(results)) + "\n")


if __name__ == "__main__":
    main()
