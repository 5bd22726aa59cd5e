"""Plays a strategy without runner and money: random landing order, failures, duplicates, executions that end anywhere.

Whatever a strategy's mechanism, at any moment another execution that was told the same results must be in the same state:
same best answer, same reason to stop, same next steps.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from solver.checkers.number import Number
from solver.core.models import ModelCard
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.programs import Observed, ProgramsOff, RunOrder
from solver.core.request import Reply, ToolCall
from solver.core.steps import Resources, Status, Step, StepKind, StepResult, StopReason
from solver.core.tools import ToolOrder, ToolOutcome, ToolSpec
from solver.core.verdict import Judgement, Verdict
from solver.engine.calls.bounds import prompt_bytes, typical_nano
from solver.engine.program_output import last_line, printed_text
from solver.simulation.simulate import observed as simulated
from solver.strategies import Setting, Strategy, make_strategy
from solver.text.deliverables import deliverable_in
from solver.text.extract import extract_answer
from solver.text.keys import quick_key, text_key
from tests.solver.simulated import card

PANEL = [card("demo/one", ability=0.6), card("other/two", ability=0.7, pico=10_000_000)]
NUMBER = Number("42")
Respond = Callable[[Step, random.Random], str | None]
"""Returns the text of a reply, or None for a step that failed."""


@dataclass
class Play:
    """One job of one strategy; `respond` is the world."""

    name: str
    respond: Respond
    budget_nano: int = 60_000_000
    panel: list[ModelCard] = field(default_factory=lambda: list(PANEL))
    problem: Problem = field(default_factory=lambda: Problem("What is 6 times 7?"))
    options: dict[str, object] = field(default_factory=dict)
    slots: int = 4
    seed: int = 1
    max_steps: int = 400
    runs_code: bool = True
    tools: tuple[ToolSpec, ...] = ()
    calls: Callable[[Step, random.Random], Sequence[ToolCall]] = lambda _step, _rng: ()
    """Which tools the reply to a step that may use some calls; none: it answers."""
    use: Callable[[ToolOrder], ToolOutcome] = lambda order: ToolOutcome(f"{order.tool} did it")
    told: list[StepResult] = field(default_factory=list)
    asked: dict[str, Step] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.setting = Setting(
            self.problem, self.panel, self.budget_nano, 0, self.options, self.seed, tools=self.tools
        )
        self.strategy = self.make()
        self.spent_nano = 0
        self._told_keys: set[str] = set()
        self.in_flight: dict[str, Step] = {}
        self._cards = {one.name: one for one in self.panel}
        size = prompt_bytes(self.problem.messages())
        self._least_nano = {one.name: typical_nano(one, size, 0) for one in self.panel}
        self._cost_nano: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._rng = random.Random(f"play:{self.seed}")

    def make(self) -> Strategy:
        """Return a new strategy."""
        return make_strategy(self.name, self.setting)

    def run(self, *, check_replays: float = 0.0) -> StopReason | None:
        """Play to the end; None where the strategy wanted nothing more. `check_replays`: how often to replay."""
        while len(self.told) < self.max_steps:
            reason = self.strategy.done()
            if reason:
                return reason
            if self._rng.random() < check_replays:
                self.check_replay()
            steps = list(self.strategy.ask(self.resources()))
            assert len({step.key for step in steps}) == len(steps)
            for step in steps:
                assert step.key not in self.in_flight, step.key
                assert step.key not in self._told_keys, step.key
                self.asked[step.key] = step
                if step.kind is StepKind.NOTE:
                    self.tell(StepResult(step.key, step.kind, Status.NOTE, note=step.note))
                    continue
                assert not step.kind.calls_model or step.model in self._cards
                if self._cost(step) > max(self.free_nano(), 0):
                    # As the runner does: what does not fit is refused until something lands.
                    break
                self.in_flight[step.key] = step
            if any(step.kind is StepKind.NOTE for step in steps):
                continue
            assert sum(step.kind is not StepKind.TOOL for step in self.in_flight.values()) <= self.slots
            if not self.in_flight:
                return None
            self.tell(self.land(self._rng.choice(sorted(self.in_flight))))
        return None

    def resources(self) -> Resources:
        """What the strategy may use now: what is not spent and not in flight, at the price of typical calls."""
        free = self.free_nano()
        affordable = frozenset(name for name, least_nano in self._least_nano.items() if least_nano <= free)
        return Resources(
            self.slots - sum(step.kind is not StepKind.TOOL for step in self.in_flight.values()),
            max(free, 0),
            affordable=affordable,
            in_flight=dict(self.in_flight),
        )

    def free_nano(self) -> int:
        """What is neither spent nor in flight."""
        return self.budget_nano - self.spent_nano - sum(map(self._cost, self.in_flight.values()))

    def land(self, key: str) -> StepResult:
        """Bring one step home."""
        step = self.in_flight.pop(key)
        if step.kind.runs_programs:
            return self._ran(step)
        if step.kind is StepKind.TOOL:
            assert step.order is not None
            return StepResult.used(step, self.use(step.order), charged_nano=self._cost(step))
        if step.tools and (calls := self.calls(step, random.Random(f"{self.seed}:{key}:tools"))):
            reply = Reply("", "", "tool_calls", None, None, "", tool_calls=tuple(calls))
            return StepResult.of(step, reply, Judgement(), charged_nano=self._cost(step), tokens=0)
        text = self.respond(step, random.Random(f"{self.seed}:{key}"))
        if text is None:
            return StepResult(
                key, step.kind, Status.FAILED, model=step.model, parents=step.parents, error="no"
            )
        answer, answer_key, verdict = self.judge(step, text) if step.kind.answers else (None, None, None)
        return StepResult(
            key,
            step.kind,
            Status.OK,
            model=step.model,
            parents=step.parents,
            text=text,
            answer=answer,
            answer_key=answer_key,
            verdict=verdict,
            charged_nano=self._cost(step),
        )

    def judge(self, step: Step, text: str) -> Judgement:
        """Judge a reply."""
        if self.problem.result is ResultKind.TEXT:
            return Judgement(deliverable_in(text, ResultKind.TEXT).conclusion)
        answer, key = _read(text)
        if answer is None:
            return Judgement()
        verdict = None
        if self.problem.checker and not step.subproblem:
            verdict = Verdict(
                answer == "42", "number", f"The answer is {'' if answer == '42' else 'not '}42."
            )
        return Judgement(answer, key, verdict)

    def ran(self, order: RunOrder) -> list[Observed]:
        """Run programs that print a number, and nothing else. Raises ProgramsOff."""
        return simulated(order)

    def _ran(self, step: Step) -> StepResult:
        """Bring home a step that runs programs."""
        assert step.run is not None
        if not self.runs_code:
            return StepResult.not_run(step, "It is off.")
        try:
            seen = self.ran(step.run)
        except ProgramsOff as error:
            return StepResult.not_run(step, str(error))
        if step.kind is StepKind.RUN:
            return StepResult.ran(step, seen)
        text = printed_text(step.run.programs[0], seen[0])
        return StepResult.ran(step, (), self.judge(step, f"Answer: {last_line(seen[0])}"), text=text)

    def tell(self, result: StepResult) -> None:
        """Tell a result, sometimes twice."""
        self.spent_nano += result.charged_nano
        self.told.append(replace(result, seq=len(self.told) + 1))
        self._told_keys.add(result.key)
        for _ in range(1 + (self._rng.random() < 0.1)):
            self.strategy.tell(self.told[-1])

    def another_life(self) -> Strategy:
        """Return a new strategy that was told all so far."""
        other = self.make()
        for result in self.told:
            other.tell(result)
        return other

    def check_replay(self) -> None:
        """Another execution told the same is in the same state."""
        other, resources = self.another_life(), self.resources()
        assert other.best() == self.strategy.best()
        assert other.done() == self.strategy.done()
        assert other.phase() == self.strategy.phase()
        assert list(other.ask(resources)) == list(self.strategy.ask(resources))

    def _cost(self, step: Step) -> int:
        if step.kind.runs_programs:
            return 0
        if step.order is not None:
            return next((tool.most_nano for tool in self.tools if tool.name == step.order.tool), 0)
        # A step that was refused may be asked again of another model, or about other texts.
        asked = (step.key, step.model, step.parents)
        if asked not in self._cost_nano:
            self._cost_nano[asked] = typical_nano(self._cards[step.model], prompt_bytes(step.messages), 0)
        return self._cost_nano[asked]


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[str | None, str | None]:
    """Return the answer in a reply and its key. Worlds give the same few replies over and over."""
    answer = extract_answer(text)
    return answer, None if answer is None else quick_key(answer) or text_key(answer)


def kinds(play: Play) -> list[str]:
    """Return the kinds of the told steps that made calls, in order."""
    return [result.kind.value for result in play.told if result.kind is not StepKind.NOTE]


def world(*, ability: float = 0.6, wrong: int = 5, judging: float = 0.8, muteness: float = 0.0) -> Respond:
    """A world with right answer 42: tries are right with `ability`, judges with `judging`; some replies are mute."""

    def respond(step: Step, rng: random.Random) -> str | None:
        if rng.random() < 0.03:
            return None
        if rng.random() < muteness:
            return rng.choice(["", "I cannot tell.", "<think>cut"])
        shown = step.messages[-1].content
        is_right = rng.random() < judging
        match step.kind:
            case StepKind.GRADE:
                right = "Answer: 42" in shown
                return f"Step 1: ok\nVerdict: {'correct' if right == is_right else 'incorrect'}"
            case StepKind.COMPARE:
                first = shown.split("</candidate>")[0]
                return f"Better: {'A' if ('Answer: 42' in first) == is_right else 'B'}"
            case StepKind.PROGRAM:
                printed = 42 if rng.random() < ability else rng.randrange(wrong)
                return f"```python\nprint({printed})\n```"
            case StepKind.PLAN:
                return "<part>What is 2 times 7?</part><part>What is 3 times 14?</part>"
        return f"So\nAnswer: {42 if rng.random() < ability else rng.randrange(wrong)}"

    return respond
