"""`agent`: several independent attempts that look things up and compute with tools before they answer.

Mechanism: an attempt is a conversation: a model that calls tools is shown the problem, the tools and what is left to
spend; what it calls is carried out, each use a step of its own, and shown to it as material; it goes on until it
answers. Near the end of its turns, of its share or of the money one last call without tools demands the answer, for
which the money is kept back all along. Its answer is one vote, judged and checked as any attempt's; attempts are begun
a few at a time, and a clear lead ends it. Without tools, or models that call them, plain attempts are made.

Source: ReAct (Yao et al., 2023), self-consistency (Wang et al., 2023).
Wins where facts must be found, files read or numbers computed; loses where thinking alone decides, for each turn pays
for the conversation so far again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solver.core.models import solvers_of
from solver.core.result_kind import ResultKind
from solver.core.steps import Resources, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.core.tools import ToolSpec
from solver.engine.bounds import fits, least_budget_left_nano, long_hold_nano, typical_nano
from solver.strategies.shared.agent_line import AgentLine
from solver.strategies.shared.common import MAX_TRIES, Common
from solver.strategies.shared.notes import Plan
from solver.text.tool_need import wants_tools

_TURNS = 10
_FIRST_WAVE = 3
_NEXT_WAVE = 2
_ATTEMPTS_AT_ONCE = 4
_MOST_LINES = 12
_TYPICAL_TURNS = 4
_GROWTH_BYTES = 6_000
"""About how much a turn and what its tools bring add to the conversation."""
_SHARE_FACTOR = 3
"""An attempt may spend so many times what one typically costs."""


def would_help(setting: Setting) -> bool:
    """Tell whether tools are at hand, some model calls them, and the problem looks as if they would help."""
    callers = any(card.calls_tools for card in solvers_of(setting.panel))
    return bool(setting.tools) and callers and wants_tools(setting.problem)


@dataclass(frozen=True, slots=True)
class AgentPlan(Plan):
    """Who makes attempts, in turn; how many turns each has, and how much money it should spend, at most."""

    turns: int = 0
    share_nano: int = 0


class Agent(Common[AgentPlan]):
    """The state of several attempts with tools; derived from tells alone."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.tools: Sequence[ToolSpec] = setting.tools
        self._lines: list[AgentLine] = []
        self._plain = 0
        self.max_tries = int(setting.options.get("max_tries", MAX_TRIES))
        is_text = setting.problem.result is ResultKind.TEXT
        self._most_lines = min(self.max_tries, 1 if is_text else _MOST_LINES)

    def make_plan(self) -> AgentPlan:
        """Choose who makes attempts, and what each may spend; plain ones where no model can use tools."""
        rotation = self.roles.rotation()
        names = [name for name in rotation if self.roles.cards[name].calls_tools] or [
            card.name for card in self.roles.solvers if card.calls_tools
        ]
        if not names or not self.tools:
            return AgentPlan(rotation)
        size = AgentLine("", self.problem, "", self.tools, _TURNS, 0).size_bytes()
        typical_nano_of_line = max(self._line_nano(name, size) for name in names)
        share_nano = min(_SHARE_FACTOR * typical_nano_of_line, self.setting.budget_nano)
        return AgentPlan(tuple(names), _TURNS, share_nano)

    def _line_nano(self, name: str, size_bytes: int) -> int:
        """Return what an attempt of a model costs, about."""
        card, markup_bp = self.roles.cards[name], self.setting.markup_bp
        return sum(
            typical_nano(card, size_bytes + turn * _GROWTH_BYTES, markup_bp) for turn in range(_TYPICAL_TURNS)
        )

    # Asking ---------------------------------------------------------------------------------------------------

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for what the attempts under way need, then for new ones; for plain attempts where there are no tools."""
        if not self.plan.turns:
            most = 0 if resources.in_flight else _ATTEMPTS_AT_ONCE
            return self.samples(resources, "sample", upto=MAX_TRIES, most=most)
        steps: list[Step] = []
        free_nano = resources.free_nano - sum(self._last_nano(line) for line in self._open())
        # A model that cannot be called now is asked for, too: then the job waits for it. Others go first.
        in_turn = sorted(enumerate(self._lines), key=lambda each: each[1].model not in resources.affordable)
        for number, line in in_turn:
            if line.has_ended:
                continue
            if line.waits_for_tools():
                steps += self._uses(line, resources, free_nano)
            elif line.next_key not in resources.in_flight and self._may_call(steps, resources):
                is_turn = self._may_turn(line, free_nano)
                steps.append(line.turn(number) if is_turn else line.last(number))
        if not steps and self._begun() < min(self._attempts_wanted(), self._most_lines):
            return self._begin(resources, free_nano)
        return steps

    def _may_call(self, steps: Sequence[Step], resources: Resources) -> bool:
        return sum(step.kind.calls_model for step in steps) < resources.free_slots

    def _uses(self, line: AgentLine, resources: Resources, free_nano: int) -> list[Step]:
        """Return the uses of tools that an attempt waits for; of one that cannot be paid, the note that it is left."""
        dearest = {tool.name: tool.most_nano for tool in self.tools}
        steps = []
        for step in line.uses():
            if step.key in resources.in_flight:
                continue
            most_nano = dearest.get(step.order.tool, 0) if step.order else 0
            # The markup comes on top; twice is more than any.
            is_paid = not most_nano or 2 * most_nano <= free_nano
            steps.append(
                step if is_paid else line.skipped(step, "It does not fit into the money that is left.")
            )
        return steps

    def _may_turn(self, line: AgentLine, free_nano: int) -> bool:
        """Tell whether an attempt may go on with tools: the call after this one must be paid for, too."""
        card, size = self.roles.cards[line.model], line.size_bytes()
        if not self.tools or line.turns + 1 >= self.plan.turns or not fits(card, size + _GROWTH_BYTES):
            return False
        hold_nano = long_hold_nano(card, size, self.setting.markup_bp)
        later = least_budget_left_nano(card, size + 2 * _GROWTH_BYTES, self.setting.markup_bp)
        is_within_share = line.turns == 0 or line.left_nano >= typical_nano(
            card, size, self.setting.markup_bp
        )
        return is_within_share and hold_nano + later - self._last_nano(line) <= free_nano

    def _last_nano(self, line: AgentLine) -> int:
        """Return what the call that answers may hold, if it came now."""
        return least_budget_left_nano(self.roles.cards[line.model], line.last_bytes(), self.setting.markup_bp)

    def _open(self) -> list[AgentLine]:
        return [line for line in self._lines if not line.has_ended]

    def _begun(self) -> int:
        return len(self._lines) + self._plain

    def _attempts_wanted(self) -> int:
        """Return how many attempts are begun by now: a wave waits for the end of the one before."""
        begun = self._begun()
        if self._open():
            return begun
        return _FIRST_WAVE if not begun else begun + _NEXT_WAVE

    def _begin(self, resources: Resources, free_nano: int) -> Sequence[Step]:
        """Note the attempts of the next wave that the money pays for; the last of it makes one more at least.

        Where no model that calls tools can be had now, but another, it makes plain attempts.
        """
        if resources.in_flight:
            return ()
        wave = min(self._attempts_wanted(), self._most_lines) - self._begun()
        affordable = [name for name in self.plan.solvers if name in resources.affordable]
        if not affordable:
            return self.samples(resources, "sample", upto=self._plain + wave, most=wave)
        paid = max(min(wave, free_nano // max(self.plan.share_nano, 1)), 1)
        models = [affordable[(len(self._lines) + index) % len(affordable)] for index in range(paid)]
        key = f"lines/{len(self._lines)}"
        return (Step(key, StepKind.NOTE, "Begin attempts with tools", note={"models": models}),)

    # Being told -----------------------------------------------------------------------------------------------

    def take(self, result: StepResult) -> None:
        """Begin the attempts that were noted; hand what belongs to one to it."""
        if result.key.startswith("lines/"):
            for name in (result.note or {}).get("models", ()):
                self._lines.append(self._line(str(name)))
        elif result.key.startswith("agent/"):
            number = result.key.split("/")[1]
            if number.isdigit() and int(number) < len(self._lines):
                self._lines[int(number)].tell(result)
        elif result.key.startswith("sample/"):
            self._plain += 1

    def _line(self, name: str) -> AgentLine:
        model = name if name in self.roles.cards else self.plan.solvers[0]
        path, sees = f"agent/{len(self._lines)}", self.roles.cards[model].sees
        return AgentLine(
            path, self.problem, model, self.tools, self.plan.turns, self.plan.share_nano, sees=sees
        )

    def done(self) -> StopReason | None:
        """Stop also when all attempts with tools were made."""
        reason = super().done()
        if reason is None and self.plan.turns and self._begun() >= self._most_lines and not self._open():
            return StopReason.NO_PROGRESS
        return reason

    def stage(self) -> str:
        """Say what is going on."""
        if not self.plan.turns:
            return "Explore"
        return "Look up" if any(line.waits_for_tools() for line in self._open()) else "Think"

    def phase(self) -> str:
        """Return how far the attempts are, in words, also before the first has answered."""
        if self._open() and not self.evidence.tries:
            return f"{self.stage()} — attempts with tools"
        return super().phase()
