"""Record a pool that strategies are compared on: `python -m bench.recordings.record MODEL [--pool NAME] [--problems N]`.

Every sample of a pool is one real reply of a demo model through its real server at the temperature that Ponder asks it
with. Strategies that replay a pool see the same replies, so that their differences are paired and not noise
(`replay.py`). The problems are held out of training. There are two pools: `pool` is what parameters are fitted and
policies tuned on, `held_out` is for final figures alone. A recording continues where an earlier one stopped: replies
lie in var/NAME/MODEL.jsonl, one line per problem, until `--pack` adds them to bench/recordings/NAME/MODEL.json.gz
(problems.json.gz is there because drawing the problems again takes half a minute).
"""

import argparse
import asyncio
import gzip
import itertools
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, UnixConnector

from bench import VAR
from bench.recordings.demo import SOLVERS, Unseen, countdown_problems, modular_problems
from demo_model.launch import running
from solver.checkers import checker_from_json
from solver.core.problem.statement import Problem
from solver.learning.priors import DEMO_TEMPERATURE
from solver.text.extract import extract_answer

RECORDINGS = Path(__file__).parent
AT_A_TIME = 16
PROBLEMS = "problems.json.gz"
MAX_TOKENS = 500
START_S = 600  # a recording is patient: it runs beside other work


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pool holds: so many problems of either family, in turns (m: modular, c: Countdown), and samples of each."""

    name: str
    seed: int
    modular: int
    countdown: int
    turns: str
    samples: int

    @property
    def folder(self) -> Path:
        """Where the packed pool lies."""
        return RECORDINGS / self.name

    @property
    def work(self) -> Path:
        """Where its recordings grow."""
        return VAR / self.name

    def problems(self) -> list[Unseen]:
        """Return the problems, each once, so that any first so many of them are a mixture; drawn once and kept."""
        kept = self.folder / PROBLEMS
        if not kept.exists():
            self.folder.mkdir(exist_ok=True)
            _write(kept, [asdict(unseen) for unseen in self._drawn()])
        return [Unseen(**fields) for fields in json.loads(gzip.decompress(kept.read_bytes()))]

    def _drawn(self) -> list[Unseen]:
        drawn = {
            "m": iter(modular_problems(self.modular, self.seed)),
            "c": iter(countdown_problems(self.countdown, self.seed)),
        }
        count = self.modular + self.countdown
        return [next(drawn[turn]) for turn in itertools.islice(itertools.cycle(self.turns), count)]


PLANS = {
    plan.name: plan
    for plan in (
        Plan("pool", 20_261_125, 1_000, 400, "mmcmmcm", 64),
        Plan("held_out", 20_261_201, 800, 200, "mmmmc", 40),
    )
}


async def record(plan: Plan, model: str, count: int, part: int, parts: int) -> None:
    """Ask the model for what is missing of this part of the first `count` problems."""
    plan.work.mkdir(parents=True, exist_ok=True)
    path = plan.work / (f"{model}.jsonl" if parts == 1 else f"{model}.{part}.jsonl")
    known = {row["problem"] for row in [*recorded(plan, model), *packed(plan, model)]}
    mine = list(enumerate(plan.problems()[:count]))[part::parts]
    missing = [item for item in mine if item[0] not in known]
    with tempfile.TemporaryDirectory(prefix="ponder-pool-") as folder, path.open("a") as out:
        async with running(model, Path(folder) / "model.sock", slots=AT_A_TIME, start_s=START_S) as server:
            connector = UnixConnector(path=str(server.socket), limit=AT_A_TIME)
            async with ClientSession(connector=connector, timeout=ClientTimeout(total=600)) as session:
                gate = asyncio.Semaphore(AT_A_TIME * 2)

                async def one(index: int, unseen: Unseen) -> None:
                    replies = [
                        _ask(session, gate, model, unseen, seed=_seed(plan, index, turn))
                        for turn in range(plan.samples)
                    ]
                    line = {"problem": index, "replies": await asyncio.gather(*replies)}
                    out.write(json.dumps(line) + "\n")
                    out.flush()

                for at in range(0, len(missing), 4):
                    async with asyncio.TaskGroup() as group:
                        for item in missing[at : at + 4]:
                            group.create_task(one(*item))


def _seed(plan: Plan, index: int, turn: int) -> int:
    """Return the seed of one sample: no two of a pool, and none of two pools, have the same."""
    return (1_000_003 * index + turn + plan.seed * (plan.name != "pool")) % 2**31


async def _ask(
    session: ClientSession, gate: asyncio.Semaphore, model: str, unseen: Unseen, *, seed: int
) -> list[Any]:
    """Return one reply as [text, prompt tokens, completion tokens]."""
    messages = Problem(unseen.text, kind=unseen.kind, checker=checker_from_json(unseen.checker)).messages()
    body = {
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "temperature": DEMO_TEMPERATURE[model],
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


def recorded(plan: Plan, model: str) -> list[dict[str, Any]]:
    """Return what is recorded of a model so far, in no order; a line that was half written is left out."""
    lines = itertools.chain.from_iterable(path.open() for path in plan.work.glob(f"{model}*.jsonl"))
    return [json.loads(line) for line in lines if line.endswith("\n")]


def packed(plan: Plan, model: str) -> list[dict[str, Any]]:
    """Return what the committed pool holds of a model."""
    path = plan.folder / f"{model}.json.gz"
    rows: list[dict[str, Any]] = (
        json.loads(gzip.decompress(path.read_bytes()))["problems"] if path.exists() else []
    )
    return rows


def pack(plan: Plan, model: str) -> None:
    """Write what strategies need of a recording, beside what was packed before: answers once a problem, and tokens."""
    rows = {row["problem"]: row for row in packed(plan, model)}
    for row in recorded(plan, model):
        answers: dict[str | None, int] = {}
        samples = []
        for text, _, output in row["replies"]:
            place = answers.setdefault(extract_answer(text), len(answers))
            samples.append([place, output])
        rows[row["problem"]] = {
            "problem": row["problem"],
            "prompt_tokens": row["replies"][0][1],
            "answers": list(answers),
            "samples": samples,
        }
    found = [rows[number] for number in sorted(rows)]
    _write(plan.folder / f"{model}.json.gz", {"model": model, "seed": plan.seed, "problems": found})


def _write(path: Path, content: Any) -> None:
    body = json.dumps(content, separators=(",", ":"))
    path.write_bytes(gzip.compress(body.encode(), 9, mtime=0))


def main() -> int:
    """Record or pack."""
    parser = argparse.ArgumentParser(prog="python -m bench.recordings.record", description=__doc__)
    parser.add_argument("model", choices=sorted(SOLVERS))
    parser.add_argument("--pool", choices=sorted(PLANS), default="pool")
    parser.add_argument("--problems", type=int, help="how many problems, from the first on (default: all)")
    parser.add_argument(
        "--part",
        default="0/1",
        help="I/N: every N-th problem starting at the I-th, to share the work among N processes",
    )
    parser.add_argument(
        "--pack", action="store_true", help="write bench/recordings/NAME/MODEL.json.gz from what is recorded"
    )
    options = parser.parse_args()
    plan = PLANS[options.pool]
    if options.pack:
        pack(plan, options.model)
    else:
        os.nice(5)
        part, parts = map(int, options.part.split("/"))
        count = options.problems or plan.modular + plan.countdown
        asyncio.run(record(plan, options.model, count, part, parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
