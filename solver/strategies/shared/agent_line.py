"""One attempt with tools: the conversation as far as it was told, and what comes next in it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from solver.core.problem.attached import count_passages
from solver.core.problem.statement import Problem
from solver.core.request import Message, ToolCall
from solver.core.steps import Status, Step, StepKind, StepResult
from solver.core.tools import MAX_SOURCES, ToolOrder, ToolOutcome, ToolSpec, as_material
from solver.engine.calls.bounds import prompt_bytes
from solver.strategies.shared.tool_calls import MAX_CALLS, order_of, sendable
from solver.text.prompting.tool_prompts import conclusion, opening, what_is_left

MAX_FOUND_CHARS = 72_000
"""So much of what was found the last call is shown: the latest."""
_SKIPPED = "skipped"


@dataclass(slots=True)
class _Use:
    """One call of the turn that was told last: what is to be carried out, or what came of it."""

    call: ToolCall
    order: ToolOrder | None
    outcome: ToolOutcome | None


@dataclass(slots=True)
class AgentLine:
    """The state of one attempt; derived from tells alone. `share_nano` is what it should spend at most, nano-USD."""

    path: str
    problem: Problem
    model: str
    tools: Sequence[ToolSpec]
    most_turns: int
    share_nano: int
    sees: bool = False
    turns: int = 0
    spent_nano: int = 0
    has_ended: bool = False
    found: list[str] = field(default_factory=list)
    """What tools brought, as shown."""
    _said: list[Message] = field(default_factory=list)
    _turn: StepResult | None = None
    _uses: dict[str, _Use] = field(default_factory=dict)
    _parents: tuple[str, ...] = ()
    _ids: set[str] = field(default_factory=set)
    _sources: int = field(init=False)

    def __post_init__(self) -> None:
        """Number its sources after the passages that the problem shows."""
        self._sources = count_passages(self.problem.text)

    @property
    def next_key(self) -> str:
        """The key of the next call of its model."""
        return f"{self.path}/{self.turns}"

    @property
    def left_nano(self) -> int:
        """What it may still spend of its share."""
        return max(self.share_nano - self.spent_nano, 0)

    # What comes next -------------------------------------------------------------------------------------------

    def waits_for_tools(self) -> bool:
        """Tell whether its model has called tools that are not told yet."""
        return any(use.outcome is None for use in self._uses.values())

    def uses(self) -> list[Step]:
        """Return the uses of tools that are wanted, each as a step."""
        assert self._turn is not None or not self._uses, "a turn calls tools"
        return [
            Step(
                key, StepKind.TOOL, f"Use {use.order.tool}", f"tools/{use.order.tool}",
                parents=(self._turn.key,) if self._turn else (), order=use.order,
            )
            for key, use in self._uses.items()
            if use.outcome is None and use.order is not None
        ]  # fmt: skip

    def skipped(self, step: Step, why: str) -> Step:
        """Return the note that a use of a tool is not made, and why."""
        return Step(step.key, StepKind.NOTE, step.purpose, parents=step.parents, note={_SKIPPED: why})

    def messages(self) -> tuple[Message, ...]:
        """Return the conversation."""
        self._go_on()
        first = opening(self.problem)
        begun = f"{first.content}\n\n{what_is_left(self.share_nano, self.most_turns)}"
        return (Message(first.role, begun, first.pictures), *self._said)

    def turn(self, number: int) -> Step:
        """Return the next call, with tools."""
        return Step(
            self.next_key, StepKind.SAMPLE, self._purpose(number), self.model, self.messages(),
            parents=self._parents, tools=tuple(self.tools),
        )  # fmt: skip

    def last(self, number: int, *, most_chars: int = MAX_FOUND_CHARS) -> Step:
        """Return the call that answers without tools: to every provider a plain question with its material.

        Of that it shows the latest pieces that fit into so many characters.
        """
        self._go_on()
        found = self._latest(most_chars)
        message = conclusion(self.problem, found) if found else None
        messages = (message,) if message else self.problem.messages()
        return Step(
            self.next_key, StepKind.SAMPLE, self._purpose(number), self.model, messages, parents=self._parents
        )

    def size_bytes(self) -> int:
        """Return the size of the next prompt with tools."""
        return prompt_bytes(self.messages(), [tool.as_function() for tool in self.tools])

    def last_bytes(self, *, most_chars: int = MAX_FOUND_CHARS) -> int:
        """Return the size of the prompt of the last call as it is now."""
        return prompt_bytes(self.last(0, most_chars=most_chars).messages)

    def uses_under_way(self, in_flight: Collection[str]) -> int:
        """Return how many uses of tools were begun whose outcome is not in the conversation yet."""
        return sum(use.outcome is not None or key in in_flight for key, use in self._uses.items())

    def _purpose(self, number: int) -> str:
        return f"Attempt {number + 1}" if not self.turns else f"Attempt {number + 1}, turn {self.turns + 1}"

    def _latest(self, most_chars: int) -> str:
        """Return what was found last, within bounds; what does not fit is left out as a whole, with its tags."""
        kept: list[str] = []
        for found in reversed(self.found):
            if len(found) <= most_chars:
                most_chars -= len(found)
                kept.insert(0, found)
        return "\n\n".join(kept)

    # Being told -----------------------------------------------------------------------------------------------

    def tell(self, result: StepResult) -> None:
        """Take in a result of this attempt, told for the first time."""
        if result.key == self.next_key:
            self._go_on()
        self.spent_nano += result.charged_nano
        if use := self._uses.get(result.key):
            skipped = str((result.note or {}).get(_SKIPPED, ""))
            failed = skipped or (result.error if result.status is Status.FAILED else "")
            # Also where today's tools refuse the call: it was carried out when they did not.
            use.outcome = ToolOutcome("", error=failed) if failed else result.outcome
        elif result.kind is StepKind.TURN and result.key == self.next_key:
            self.turns += 1
            self._take_turn(result)
        elif result.key == self.next_key:
            self.turns += 1
            self.has_ended = True

    def _take_turn(self, result: StepResult) -> None:
        """Read what the model calls; what cannot be carried out is answered in words."""
        self._turn = result
        self._uses = {}
        for number, call in enumerate(result.tool_calls):
            order = order_of(call, self.tools)
            if number >= MAX_CALLS:
                order = f"Only {MAX_CALLS} calls of one reply are carried out. Call this one again if you need it."
            refused = ToolOutcome("", error=order) if isinstance(order, str) else None
            self._uses[f"{result.key}/{number}"] = _Use(
                call, order if isinstance(order, ToolOrder) else None, refused
            )

    def _go_on(self) -> None:
        """Put what the last turn called into the conversation, if all of it is known.

        Only when the conversation goes on: until then it may yet be told what came of a call.
        """
        if self._turn is None or self.waits_for_tools():
            return
        uses = list(self._uses.values())
        calls: dict[str, ToolCall] = {}
        for use in uses:
            call = sendable(use.call, self._ids | calls.keys())
            calls[call.id] = call
        self._ids |= calls.keys()
        self._said.append(Message("assistant", self._turn.text, tool_calls=tuple(calls.values())))
        self._parents = (self._turn.key,)
        for number, (use, call_id) in enumerate(zip(uses, calls, strict=True), start=1):
            assert use.outcome is not None, "nothing is waited for"
            shown = as_material(use.call.name, use.outcome, first_source=self._sources + 1)
            self._sources += len(use.outcome.sources[:MAX_SOURCES])
            self.found.append(shown)
            if number == len(uses):
                # Behind the tags: this line is ours.
                shown = f"{shown}\n\n{what_is_left(self.left_nano, self._turns_left())}"
            self._said.append(Message("tool", shown, answers_call=call_id))
        pictures = tuple(picture for use in uses if use.outcome for picture in use.outcome.pictures)
        if pictures and self.sees:
            self._said.append(
                Message("user", "The pictures that the tools brought, in their order.", pictures)
            )
        self._turn, self._uses = None, {}

    def _turns_left(self) -> int:
        """Return about how many more turns money and limit allow."""
        a_turn = max(self.spent_nano // max(self.turns, 1), 1)
        return max(min(self.most_turns - self.turns, self.left_nano // a_turn), 0)
