"""Replays the recorded pool: strategies run paired, fast and without models (`record.py` made the recording).

The n-th try that a job buys of a model is the n-th recorded sample of that model on that problem, whatever the
strategy, so two strategies see the same luck. Past the last recorded sample further ones are drawn from those
recorded, by the job's seed. A reply longer than its cap is cut: paid, and without an answer.
"""

import gzip
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bench.recordings.demo import SOLVERS, Unseen, demo_card
from solver.checkers import BaseChecker, checker_from_json
from solver.checkers.number import Number
from solver.checkers.shared.safe_eval import ExpressionError, evaluate, tokens_of
from solver.core.models import ModelCard
from solver.core.pricing import Usage
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.core.steps import Step, StepKind
from solver.core.verdict import Judgement
from solver.engine.calls.bounds import Bound
from solver.engine.outcome import Limits
from solver.engine.plan import reserve_nano
from solver.simulation.sync_runner import RunRecord, SimulatedReply, run_sync
from solver.strategies import Setting, make_strategy
from solver.text.keys import bounded_key, quick_key, text_key

POOL = Path(__file__).parent / "pool"
HELD_OUT = Path(__file__).parent / "held_out"
SLOTS = 16
_SECONDS_PER_TOKEN = 0.01


@dataclass(frozen=True, slots=True)
class Recording:
    """What one model said to one problem: its distinct answers, and each sample as (place of the answer, tokens)."""

    prompt_tokens: int
    answers: Sequence[str | None]
    samples: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class PoolProblem:
    """One problem of the pool with its recordings by model name."""

    index: int
    unseen: Unseen
    recordings: Mapping[str, Recording]

    def problem(self, *, is_checkable: bool) -> Problem:
        """Return the problem with or without its checker."""
        return Problem(
            self.unseen.text, kind=self.unseen.kind, checker=self.checker if is_checkable else None
        )

    @property
    def checker(self) -> BaseChecker:
        """The checker that knows what is right."""
        return checker_from_json(self.unseen.checker) or Number(self.unseen.right)

    def is_right(self, answer: str | None) -> bool:
        """Tell whether an answer is right."""
        return answer is not None and bool(self.checker.check(answer).passed)


@cache
def pool(folder: Path = POOL) -> tuple[PoolProblem, ...]:
    """Return the committed pool, in its order."""
    problems = [Unseen(**fields) for fields in _read(folder / "problems.json.gz")]
    recorded: dict[str, dict[int, Recording]] = {}
    for path in sorted(folder.glob("*.json.gz")):
        if path.name == "problems.json.gz":
            continue
        packed = _read(path)
        recorded[f"demo/{packed['model']}"] = {
            row["problem"]: Recording(
                row["prompt_tokens"], row["answers"], [(place, tokens) for place, tokens in row["samples"]]
            )
            for row in packed["problems"]
        }
    return tuple(
        PoolProblem(index, unseen, {name: rows[index] for name, rows in recorded.items()})
        for index, unseen in enumerate(problems)
        if all(index in rows for rows in recorded.values())
    )


def _read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


@cache
def panel() -> tuple[ModelCard, ...]:
    """Return the cards of the recorded models, weak to strong."""
    return tuple(demo_card(name) for name in SOLVERS)


class Replay:
    """Answers the tries of one job from the pool."""

    def __init__(self, item: PoolProblem, *, is_checkable: bool, seed: int = 0) -> None:
        self._item, self._proves = item, is_checkable
        self._turns: Counter[str] = Counter()
        self._rng = random.Random(f"replay:{item.index}:{seed}")

    def play(self, step: Step, bound: Bound) -> SimulatedReply:
        """Return the next recorded reply of the step's model. Raises ValueError for anything but a try."""
        if step.kind is not StepKind.SAMPLE or step.subproblem:
            raise ValueError(f"The pool holds tries only; step {step.key} is “{step.kind.value}”.")
        recording = self._item.recordings[step.model]
        turn = self._turns[step.model]
        self._turns[step.model] += 1
        samples = recording.samples
        place, tokens = samples[turn] if turn < len(samples) else self._rng.choice(samples)
        answer = recording.answers[place] if tokens <= bound.max_output_tokens else None
        usage = Usage(recording.prompt_tokens, min(tokens, bound.max_output_tokens))
        text = "" if answer is None else f"Answer: {answer}"
        judgement = judgement_of(self._item, answer, is_checkable=self._proves)
        return SimulatedReply(text, judgement, usage, tokens * _SECONDS_PER_TOKEN)


@cache
def _checkers() -> dict[tuple[str, bool], dict[str, Judgement]]:
    return {}


def judgement_of(item: PoolProblem, answer: str | None, *, is_checkable: bool) -> Judgement:
    """Return the judgement of a recorded answer, worked out once."""
    if answer is None:
        return Judgement(None, None, None)
    known = _checkers().setdefault((item.unseen.text, is_checkable), {})
    if answer not in known:
        key = item.checker.key(answer) if is_checkable else quick_key(answer) or _value_key(answer)
        verdict = item.checker.check(answer) if is_checkable else None
        decided = verdict if verdict and not verdict.is_undecided else None
        known[answer] = Judgement(answer, key or text_key(answer), decided)
    return known[answer]


def _value_key(answer: str) -> str | None:
    """Return an arithmetic expression's key as solver/judging/equivalence.py names it, without a second of algebra."""
    try:
        return bounded_key("num", str(evaluate(tokens_of(answer)).value))
    except ExpressionError:
        return None


@dataclass(frozen=True, slots=True)
class Trial:
    """One job on the pool: was its answer right, what did it cost (nano-USD), how sure was it."""

    right: bool
    cost_nano: int
    calls: int
    confidence: float
    driven: RunRecord = field(repr=False)


def trial(
    item: PoolProblem,
    strategy: str,
    budget_nano: int,
    *,
    is_checkable: bool,
    options: Mapping[str, Any] | None = None,
    cards: Sequence[ModelCard] | None = None,
) -> Trial:
    """Run one strategy on one problem of the pool."""
    problem, models = item.problem(is_checkable=is_checkable), list(cards or panel())
    setting = Setting(problem, models, budget_nano, 0, dict(options or {}), item.index)
    reserve = reserve_nano(models, problem, budget_nano=budget_nano, markup_bp=0)
    driven = run_sync(
        problem=problem,
        strategy=make_strategy(strategy, setting),
        panel=models,
        purse=Purse(budget_nano, reserve_nano=reserve),
        source=Replay(item, is_checkable=is_checkable),
        limits=Limits(slots=SLOTS),
    )
    best = driven.outcome.best
    return Trial(
        right=item.is_right(best.answer if best else None),
        cost_nano=driven.purse.settled_nano,
        calls=sum(result.kind.calls_model for result in driven.results),
        confidence=(best.confidence if best else None) or 0.0,
        driven=driven,
    )
