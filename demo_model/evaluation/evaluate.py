"""Measure the committed models on problems they were never trained on.

    python -m demo_model.evaluation.evaluate            # about ten minutes on two cores; writes evaluation.json
    python -m demo_model.evaluation.evaluate --quick    # about a minute; writes nothing

Each model answers through its real server at temperature 1, with fixed seeds: one server per
core, 16 requests at a time in each. A reply counts when exact arithmetic confirms its
`Answer:` line; nothing else searches. The thinker is then given replies of the others to
grade, compare, revise and aggregate at temperature .6 (`evaluate_tasks.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, ClientTimeout, UnixConnector

from demo_model import engine, problems, tasks
from demo_model.check import answer_of, is_right
from demo_model.evaluation import evaluate_tasks
from demo_model.launch import Running, running

AT_A_TIME: Final = 16  # requests in one server
SERVERS: Final = min(os.cpu_count() or 1, 4)  # a model uses one thread
REPORTED: Final = (1, 2, 4, 8, 16, 32, 64)  # k of pass@k
MAX_TOKENS: Final = 600
TEMPERATURE: Final = 1.0
TASK_TEMPERATURE: Final = 0.6  # Ponder's for the thinker; at 1 its judgements are a little worse
SEED: Final = "evaluation 1"
SYSTEM: Final = "You solve problems. Be brief and exact."
USER: Final = "Solve the problem. Show short working and end with a line 'Answer: …'."
SIZES: Final = {"countdown3": 30, "countdown4": 50, "modular": 100}
QUICK_SIZES: Final = {"countdown3": 6, "countdown4": 20, "modular": 20}
SAMPLES: Final = {"thinker": 8}  # replies to a problem; 64 of the others
QUICK_SAMPLES: Final = 8
TASK_PROBLEMS: Final = 40  # of each kind
CANDIDATE_MODELS: Final = ("intern", "expert")
CANDIDATE_REPLIES: Final = 8  # a model's replies to a problem that may become candidates
DRAWS: Final = 2  # questions of each task about a problem

Problem = tasks.Countdown | tasks.Modular


@dataclass(frozen=True)
class Reply:
    """One sampled reply, checked."""

    text: str
    right: bool
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    finished: bool


def pass_at(samples: int, right: int, k: int) -> float:
    """Return the unbiased estimate of pass@k (Chen and others, 2021)."""
    return 1 - comb(samples - right, k) / comb(samples, k)


def problem_sets(sizes: dict[str, int]) -> dict[str, list[tuple[Problem, str]]]:
    """Draw the problems and their phrasings: the same ones for every run and model."""
    rng = random.Random(SEED)
    drawn: dict[str, list[Problem]] = {
        "countdown3": [*problems.countdown(3, SIZES["countdown3"], rng)],
        "countdown4": [*problems.countdown(4, SIZES["countdown4"], rng)],
        "modular": [*problems.modular(SIZES["modular"], rng)],
    }
    phrased = {name: [(item, phrase(item, rng)) for item in items] for name, items in drawn.items()}
    return {name: phrased[name][:size] for name, size in sizes.items()}


def phrase(problem: Problem, rng: random.Random) -> str:
    """Write a problem in one of the published ways."""
    if isinstance(problem, tasks.Countdown):
        return tasks.countdown_prompt(problem, rng)
    return tasks.modular_prompt(problem, rng)


async def ask(session: ClientSession, problem: Problem, text: str, seed: int) -> Reply:
    """Send one request as Ponder's engine does, and check the reply."""
    return await send(session, problem, f"{USER}\n<problem>\n{text}\n</problem>", seed, TEMPERATURE)


async def send(session: ClientSession, problem: Problem, user: str, seed: int, temperature: float) -> Reply:
    """Send one user message, and check the reply."""
    body = {
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user}],
        "temperature": temperature,
        "max_completion_tokens": MAX_TOKENS,
        "seed": seed,
    }
    async with session.post("http://model/v1/chat/completions", json=body) as response:
        response.raise_for_status()
        reply = await response.json()
    choice, usage = reply["choices"][0], reply["usage"]
    content = choice["message"]["content"] or ""
    return Reply(
        content,
        is_right(problem, content),
        usage["prompt_tokens"],
        usage["completion_tokens"],
        usage.get("completion_tokens_details", {}).get("reasoning_tokens", 0),
        choice["finish_reason"] == "stop",
    )


@contextlib.asynccontextmanager
async def connected(server: Running) -> AsyncIterator[ClientSession]:
    """Hold a client session to a running server."""
    connector = UnixConnector(path=str(server.socket), limit=AT_A_TIME)
    async with ClientSession(connector=connector, timeout=ClientTimeout(total=600)) as session:
        yield session


async def together(calls: list[Coroutine[Any, Any, Reply]]) -> list[Reply]:
    """Make the calls, `AT_A_TIME` at a time, and return their replies in order."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def one(call: Coroutine[Any, Any, Reply]) -> Reply:
        async with gate:
            return await call

    async with asyncio.TaskGroup() as group:
        running_ = [group.create_task(one(call)) for call in calls]
    return [task.result() for task in running_]


async def sample(servers: list[Running], items: list[tuple[Problem, str]], samples: int) -> list[list[Reply]]:
    """Return `samples` replies for each problem; the servers, of one model, take turns with the problems."""

    async def share(server: Running, turn: int) -> list[Reply]:
        async with connected(server) as session:
            return await together(
                [
                    ask(session, *item, seed=1_000_003 * index + each)
                    for index, item in enumerate(items)
                    if index % len(servers) == turn
                    for each in range(samples)
                ]
            )

    async with asyncio.TaskGroup() as group:
        shares = [group.create_task(share(server, turn)) for turn, server in enumerate(servers)]
    rows: list[list[Reply]] = [[] for _ in items]
    for turn, task in enumerate(shares):
        replies = iter(task.result())
        for row in rows[turn :: len(servers)]:
            row += [next(replies) for _ in range(samples)]
    return rows


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
        "reasoning_tokens_mean": round(sum(reply.reasoning_tokens for reply in flat) / len(flat), 2),
    }


def _vote_is_right(row: list[Reply]) -> bool:
    counts = Counter(answer for reply in row if (answer := answer_of(reply.text)))
    if not counts:
        return False
    winner = counts.most_common(1)[0][0]
    return any(reply.right for reply in row if answer_of(reply.text) == winner)


async def measure(model: str, sizes: dict[str, int], samples: int, folder: Path) -> dict[str, Any]:
    """Serve one model and measure it on every family; the thinker also on the tasks."""
    began = time.monotonic()
    results: dict[str, Any] = {}
    async with contextlib.AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                running(model, folder / f"{Path(model).stem}-{index}.sock", slots=AT_A_TIME)
            )
            for index in range(SERVERS)
        ]
        for name, items in problem_sets(sizes).items():
            results[name] = summary(await sample(servers, items, samples))
        if model == "thinker":
            results["tasks"] = await measure_tasks(servers[0], sizes, folder)
    results["seconds"] = round(time.monotonic() - began)
    return results


async def measure_all(models: list[str], sizes: dict[str, int], *, quick: bool) -> dict[str, dict[str, Any]]:
    """Measure the models one after another."""
    results = {}
    with tempfile.TemporaryDirectory(prefix="ponder-eval-") as folder:
        for model in models:
            samples = QUICK_SAMPLES if quick else SAMPLES.get(model, 64)
            results[Path(model).stem] = await measure(model, sizes, samples, Path(folder))
    return results


async def measure_tasks(server: Running, sizes: dict[str, int], folder: Path) -> dict[str, Any]:
    """Give the thinker other models' replies to Countdown and modular problems."""
    results: dict[str, Any] = {}
    for family, kind in (("countdown4", "countdown"), ("modular", "modular")):
        items = problem_sets(sizes)[family][:TASK_PROBLEMS]
        replies: list[list[str]] = [[] for _ in items]
        for model in CANDIDATE_MODELS:
            async with running(model, folder / f"{model}-{kind}.sock", slots=AT_A_TIME) as direct:
                for known, row in zip(replies, await sample([direct], items, CANDIDATE_REPLIES), strict=True):
                    known += [reply.text for reply in row]
        sources = [
            evaluate_tasks.Source(problem, text, known)
            for (problem, text), known in zip(items, replies, strict=True)
        ]
        asked = evaluate_tasks.questions(sources, DRAWS)
        async with connected(server) as session:
            answers = await together(
                [
                    send(session, q.source.problem, q.message(), seed, TASK_TEMPERATURE)
                    for seed, q in enumerate(asked)
                ]
            )
        answered = [evaluate_tasks.Answered(reply.text, reply.completion_tokens) for reply in answers]
        results[kind] = evaluate_tasks.summary(asked, answered)
    return results


def table(results: dict[str, dict[str, Any]]) -> str:
    """Lay the results out for reading."""
    lines = []
    for model, families in results.items():
        for family, found in families.items():
            if family not in SIZES:
                continue
            rates = "  ".join(f"@{k} {rate:.3f}" for k, rate in found["pass_at"].items())
            lines.append(
                f"{model:7} {family:11} {rates}  vote {found['most_common_answer_right']:.3f}  "
                f"tokens {found['prompt_tokens_mean']:.0f}+{found['completion_tokens_mean']:.0f}"
            )
    for kind, tasks_ in results.get("thinker", {}).get("tasks", {}).items():
        lines += [
            f"thinker {kind:11} {task:10} " + "  ".join(f"{name} {value}" for name, value in found.items())
            for task, found in tasks_.items()
        ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and (unless `--quick`) write `weights/evaluation.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer problems, 8 samples")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--model", action="append", help="measure only this model again (default: every model that exists)"
    )
    args = parser.parse_args()
    models = args.model or engine.made_models()
    sizes = QUICK_SIZES if args.quick else SIZES
    results = asyncio.run(measure_all(models, sizes, quick=args.quick))
    path = engine.WEIGHTS / "evaluation.json"
    known = json.loads(path.read_text())["models"] if args.model and not args.quick else {}
    report = {
        "command": "python -m demo_model.evaluation.evaluate",
        "temperature": TEMPERATURE,
        "task_temperature": TASK_TEMPERATURE,
        "checking": "exact arithmetic on the last line of the reply",
        "models": {**known, **results},
    }
    if not args.quick and set(models) <= set(engine.OWN_MODELS):
        path.write_text(json.dumps(report, indent=1) + "\n")
    sys.stdout.write((json.dumps(report, indent=1) if args.json else table(results)) + "\n")


if __name__ == "__main__":
    main()
