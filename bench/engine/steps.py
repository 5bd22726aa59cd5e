"""What thinking about what to do next costs: a strategy's own time per step in a job of 10,000 steps.

Each strategy is driven by its real rules (`solver/simulation/sync_runner.py`) against scripted models that never settle
anything: `split` gives two answers in turn, `scattered` a new answer each time; graders and comparisons alternate. Only
the time spent inside the strategy counts (ask, tell, done, best), in CPU time. A strategy that ends before
10,000 steps is measured over the steps that it made. `resume` is the time in which another execution is told all of it.
"""

import gc
import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

from solver.core.money import NANO_PER_USD
from solver.core.pricing import Usage
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.core.steps import Candidate, Resources, Step, StepKind, StepResult, StopReason
from solver.core.verdict import Judgement
from solver.engine.calls.bounds import Bound
from solver.engine.outcome import Limits
from solver.simulation.sync_runner import RunRecord, SimulatedReply, run_sync
from solver.simulation.world import cards
from solver.strategies import Setting, Strategy, make_strategy, names_for
from solver.text.extract import extract_answer
from solver.text.keys import quick_key

STEPS = 10_000
BUDGET_NANO = 10_000 * NANO_PER_USD
SLOTS = 16
# Nothing is ever certain enough and nothing is enough, so that strategies go on for as long as they can.
OPTIONS = {"confidence_target": 2, "max_tries": 10 * STEPS}


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return each strategy's milliseconds per step, the worst over both scripts."""
    figures: dict[str, Any] = {}
    for name in sorted(names_for(ResultKind.ANSWER)):
        runs = [_run(name, script, STEPS) for script in ("split", "scattered")]
        worst = max(runs, key=lambda run: run["ms_per_step"])
        figures |= {f"{name}_{key}": value for key, value in worst.items()}
    figures["worst_ms_per_step"] = max(
        figures[f"{name}_ms_per_step"] for name in names_for(ResultKind.ANSWER)
    )
    figures["worst_resume_s"] = max(figures[f"{name}_resume_s"] for name in names_for(ResultKind.ANSWER))
    del quick  # it is short anyway
    return figures


def _run(name: str, script: str, steps: int) -> dict[str, float]:
    panel = cards()
    problem = Problem("What is the last digit of 7 to the power of 222?")
    setting = Setting(problem, panel, BUDGET_NANO, 0, OPTIONS, seed=1)
    timed = Timed(make_strategy(name, setting), steps)
    driven = run_sync(
        problem=problem, strategy=timed, panel=panel, purse=Purse(BUDGET_NANO), source=Script(script),
        limits=Limits(slots=SLOTS),
    )  # fmt: skip
    told = timed.told or 1
    return {
        "steps": timed.told,
        "ms_per_step": round(1000 * timed.spent_s / told, 4),
        "ms_per_step_at_the_end": round(1000 * timed.late_s / max(timed.late, 1), 4),
        "resume_s": round(_resume_s(make_strategy(name, setting), driven), 3),
    }


def _resume_s(strategy: Strategy, driven: RunRecord) -> float:
    gc.collect()
    began_s = time.thread_time()
    for result in driven.results:
        strategy.tell(result)
    strategy.best()
    return time.thread_time() - began_s


class Timed:
    """A strategy whose own time is taken; it ends after a number of steps."""

    def __init__(self, strategy: Strategy, steps: int) -> None:
        self._strategy = strategy
        self._steps = steps
        self.told = 0
        self.spent_s = 0.0
        self.late = 0
        self.late_s = 0.0

    def ask(self, resources: Resources) -> Sequence[Step]:
        """Ask, on the clock."""
        return self._on_the_clock(lambda: self._strategy.ask(resources))

    def tell(self, result: StepResult) -> None:
        """Tell, on the clock."""
        self.told += 1
        self.late += self.told > 0.9 * self._steps
        self._on_the_clock(lambda: self._strategy.tell(result))

    def best(self) -> Candidate | None:
        """Return the best, on the clock."""
        return self._on_the_clock(self._strategy.best)

    def done(self) -> StopReason | None:
        """Return the reason to stop, on the clock; enough steps are one."""
        return StopReason.TIME_LIMIT if self.told >= self._steps else self._on_the_clock(self._strategy.done)

    def phase(self) -> str:
        """Return the phase."""
        return self._strategy.phase()

    def _on_the_clock[T](self, work: Callable[[], T]) -> T:
        began_s = time.thread_time()
        try:
            return work()
        finally:
            spent_s = time.thread_time() - began_s
            self.spent_s += spent_s
            self.late_s += spent_s if self.told > 0.9 * self._steps else 0.0


class Script:
    """Replies that settle nothing."""

    def __init__(self, script: str) -> None:
        self._turns = itertools.count()
        self._scattered = script == "scattered"

    def play(self, step: Step, bound: Bound) -> SimulatedReply:
        """Return the next reply."""
        turn = next(self._turns)
        usage = Usage(bound.prompt_bytes, min(60, bound.max_output_tokens))
        text = self._text(step.kind, turn)
        answer = extract_answer(text) if step.kind.answers else None
        key = quick_key(answer) if answer is not None else None
        return SimulatedReply(text, Judgement(answer, key, None), usage, 1.0 + (turn * 7 % 16) / 16)

    def _text(self, kind: StepKind, turn: int) -> str:
        match kind:
            case StepKind.GRADE:
                return f"Step 1: ok\nVerdict: {('correct', 'incorrect')[turn % 2]}"
            case StepKind.COMPARE:
                return f"Better: {'AB'[turn % 2]}"
            case StepKind.PLAN:
                return f"<part>Part {turn}: 2 + {turn}?</part><part>Part {turn}: 3 + {turn}?</part>"
        return f"So\nAnswer: {turn if self._scattered else turn % 2}"
