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
from solver.core.money import PICO_PER_NANO
from solver.core.pricing import billed_nano
from solver.core.problem.result_kind import ResultKind
from solver.core.steps import Resources, Step, StepKind, StepResult, StopReason
from solver.core.strategy import Setting
from solver.core.tools import TURN_BYTES, TYPICAL_TURNS, ToolSpec
from solver.engine.calls.bounds import fits, least_budget_left_nano, long_hold_nano, typical_nano
from solver.strategies.shared.agent_line import MAX_FOUND_CHARS, AgentLine
from solver.strategies.shared.common import MAX_TRIES, Common
from solver.strategies.shared.notes import Plan
from solver.text.tool_need import wants_tools

_TURNS = 10
_FIRST_WAVE = 3
_NEXT_WAVE = 2
_ATTEMPTS_AT_ONCE = 4
_MOST_LINES = 12
_USE_BYTES = 3_000
"""About how much one use of a tool brings."""
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
            typical_nano(card, size_bytes + turn * TURN_BYTES, markup_bp) for turn in range(TYPICAL_TURNS)
        )

    # Asking ---------------------------------------------------------------------------------------------------

    def wanted(self, resources: Resources) -> Sequence[Step]:
        """Ask for what the attempts under way need, then for new ones; for plain attempts where there are no tools."""
        if not self.plan.turns:
            most = 0 if resources.in_flight else _ATTEMPTS_AT_ONCE
            return self.samples(resources, "sample", upto=MAX_TRIES, most=most)
        steps: list[Step] = []
        free_nano = resources.free_nano - sum(self._kept_nano(line, resources) for line in self._open())
        # A model that cannot be called now is asked for, too: then the job waits for it. Others go first.
        in_turn = sorted(enumerate(self._lines), key=lambda each: each[1].model not in resources.affordable)
        for number, line in in_turn:
            if line.has_ended:
                continue
            if line.waits_for_tools():
                uses, free_nano = self._uses(line, resources, free_nano)
                steps += uses
            elif line.next_key not in resources.in_flight and self._may_call(steps, resources):
                if self._may_turn(line, free_nano):
                    steps.append(line.turn(number))
                    free_nano -= self._turn_nano(line)
                else:
                    steps.append(self._last(line, number, free_nano))
        if not steps and self._begun() < min(self._attempts_wanted(), self._most_lines):
            return self._begin(resources, free_nano)
        return steps

    def _may_call(self, steps: Sequence[Step], resources: Resources) -> bool:
        return sum(step.kind.calls_model for step in steps) < resources.free_slots

    def _uses(self, line: AgentLine, resources: Resources, free_nano: int) -> tuple[list[Step], int]:
        """Return the uses of tools that an attempt waits for, and the money left; notes of those that cannot be paid."""
        costs_nano = {tool.name: billed_nano(tool.most_nano, self.setting.markup_bp) for tool in self.tools}
        shown_nano = self._shown_nano(line)
        steps = []
        for step in line.uses():
            if step.key in resources.in_flight:
                continue
            cost_nano = costs_nano.get(step.order.tool, 0) if step.order else 0
            if cost_nano and cost_nano + shown_nano > free_nano:
                steps.append(line.skipped(step, "It does not fit into the money that is left."))
                continue
            steps.append(step)
            free_nano -= cost_nano + shown_nano
        return steps, free_nano

    def _shown_nano(self, line: AgentLine) -> int:
        """Return what it costs to show the call that answers what one use of a tool brings, about."""
        input_pico = self.roles.cards[line.model].asked_rates.worst_input_pico()
        return billed_nano(-(-_USE_BYTES * input_pico // PICO_PER_NANO), self.setting.markup_bp)

    def _may_turn(self, line: AgentLine, free_nano: int) -> bool:
        """Tell whether an attempt may go on with tools: the call after this one must be paid for, too."""
        card, size = self.roles.cards[line.model], line.size_bytes()
        if not self.tools or line.turns + 1 >= self.plan.turns or not fits(card, size + TURN_BYTES):
            return False
        is_within_share = line.turns == 0 or line.left_nano >= typical_nano(
            card, size, self.setting.markup_bp
        )
        return is_within_share and self._turn_nano(line) <= free_nano

    def _turn_nano(self, line: AgentLine) -> int:
        """Return what a turn may hold, with what it adds to the price of the call that answers."""
        card, size, markup_bp = self.roles.cards[line.model], line.size_bytes(), self.setting.markup_bp
        later = least_budget_left_nano(card, size + 2 * TURN_BYTES, markup_bp)
        return long_hold_nano(card, size, markup_bp) + later - self._last_nano(line)

    def _last(self, line: AgentLine, number: int, free_nano: int) -> Step:
        """Return the call that answers; of what was found it shows as much as the money pays for."""
        paid_nano, most_chars = free_nano + self._last_nano(line), MAX_FOUND_CHARS
        while most_chars and self._last_nano(line, most_chars) > paid_nano:
            most_chars = most_chars * 3 // 4
        return line.last(number, most_chars=most_chars)

    def _kept_nano(self, line: AgentLine, resources: Resources) -> int:
        """Return what is kept back for the call that answers, with what the uses under way will bring."""
        return self._last_nano(line) + line.uses_under_way(resources.in_flight) * self._shown_nano(line)

    def _last_nano(self, line: AgentLine, most_chars: int = MAX_FOUND_CHARS) -> int:
        """Return what the call that answers may hold, if it came now."""
        size = line.last_bytes(most_chars=most_chars)
        return least_budget_left_nano(self.roles.cards[line.model], size, self.setting.markup_bp)

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
