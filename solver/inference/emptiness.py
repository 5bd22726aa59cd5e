"""Why a reply holds no answer, and what a job says whose replies are all like that."""

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import StepResult
from solver.inference.explanation import count_of
from solver.text.extract import said_aloud
from solver.text.refusals import is_refusal

CUT_REASONS = frozenset({"length", "max_tokens"})
_MAX_OPTIONS_CHARS = 120
_MAX_REFUSAL_CHARS = 600
_LAST_CLAIM = re.compile(r"[^\n:]{0,40}:[ *_`]{0,4}([^\n]{1,400})[\s*_`]*\Z")


class Emptiness(StrEnum):
    """What a reply without an answer is instead."""

    EMPTY = "empty"
    BROKEN = "broken"
    FILTERED = "filtered"
    CUT = "cut"
    REFUSED = "refused"
    TOOLS = "tools"
    NO_OPTION = "no_option"
    NO_ANSWER = "no_answer"

    @property
    def says_nothing(self) -> bool:
        """Whether there is not even a text worth showing."""
        return self in _SAYING_NOTHING


_SAYING_NOTHING = frozenset(
    {Emptiness.EMPTY, Emptiness.BROKEN, Emptiness.FILTERED, Emptiness.REFUSED, Emptiness.TOOLS}
)


def emptiness_of(result: StepResult, problem: Problem) -> Emptiness | None:
    """Return why a reply holds no answer; None where it holds one."""
    if result.finish_reason == "content_filter":
        return Emptiness.FILTERED
    if result.finish_reason in CUT_REASONS:
        return Emptiness.CUT
    if result.finish_reason == "error":
        return Emptiness.BROKEN
    if result.finish_reason == "refusal":
        return Emptiness.REFUSED
    if result.answer_key is not None:
        return Emptiness.NO_OPTION if names_no_option(result.answer_key, problem) else None
    said = said_aloud(result.text).strip()
    if not said:
        return Emptiness.TOOLS if result.finish_reason == "tool_calls" else Emptiness.EMPTY
    claim = _LAST_CLAIM.search(said[-500:])
    # A long text may begin with “I cannot forget …”.
    begins_so = len(said) <= _MAX_REFUSAL_CHARS and is_refusal(said)
    if begins_so or (claim is not None and is_refusal(claim[1])):
        return Emptiness.REFUSED
    # A text is its own answer, whether or not it says what it comes to.
    return None if problem.result is ResultKind.TEXT else Emptiness.NO_ANSWER


def names_no_option(key: str, problem: Problem) -> bool:
    """Tell whether the answer with this key is none of the options of a choice."""
    return problem.answer_count is not None and not key.startswith("choice:")


@dataclass(slots=True)
class EmptyReplies:
    """Counts the replies to a problem that hold no answer, in a row and in all."""

    problem: Problem
    in_a_row: int = 0
    answered: int = 0
    """Replies with an answer."""
    models: set[str] = field(default_factory=set)
    """Who gave those in a row."""
    kinds: Counter[Emptiness] = field(default_factory=Counter)

    def tell(self, result: StepResult) -> Emptiness | None:
        """Count one reply to the problem and return why it holds no answer; None where it holds one."""
        found = emptiness_of(result, self.problem)
        if found is None:
            self.in_a_row = 0
            self.answered += 1
            self.models.clear()
        else:
            self.in_a_row += 1
            self.models.add(result.model)
            self.kinds[found] += 1
        return found

    def sentence(self) -> str:
        """Return what became of the replies and what to do, where none holds an answer; empty elsewhere."""
        if self.answered or not self.kinds:
            return ""
        if len(self.kinds) == 1:
            kind, count = self.kinds.most_common(1)[0]
            return f"{self._all(kind, count)} {_TO_DO[kind]}"
        parts = [_PART[kind].format(count=f"{count:,}") for kind, count in self.kinds.most_common()]
        total = count_of(self.kinds.total(), "reply", "replies")
        return (
            f"None of the {total} holds an answer: {', '.join(parts[:-1])} and {parts[-1]}. "
            "Put the problem another way, or choose other models."
        )

    def _all(self, kind: Emptiness, count: int) -> str:
        one, many = _OF_RESULT.get((kind, self.problem.result)) or _ALL[kind]
        options = ", ".join(getattr(self.problem.checker, "options", ()))
        shown = options if len(options) <= _MAX_OPTIONS_CHARS else f"{options[:_MAX_OPTIONS_CHARS]}…"
        said = (one if count == 1 else many).format(count=f"{count:,}", options=shown)
        return said.replace("All 2 ", "Both ").replace("all 2 ", "both ") if count == 2 else said


_ALL = {
    Emptiness.EMPTY: ("The only reply was empty.", "All {count} replies were empty."),
    Emptiness.BROKEN: (
        "The provider broke the only reply off with an error.",
        "The provider broke all {count} replies off with an error.",
    ),
    Emptiness.FILTERED: (
        "The provider’s content filter withheld the only reply.",
        "The provider’s content filter withheld all {count} replies.",
    ),
    Emptiness.CUT: (
        "The only reply was cut off at the model’s length limit before it came to an answer.",
        "All {count} replies were cut off at the model’s length limit before they came to an answer.",
    ),
    Emptiness.REFUSED: ("The only reply is a refusal.", "All {count} replies are refusals."),
    Emptiness.TOOLS: (
        "The only reply calls a tool, and there is none.",
        "All {count} replies call tools, and there are none.",
    ),
    Emptiness.NO_OPTION: (
        "The only reply names none of the options {options}.",
        "None of the {count} replies names one of the options {options}.",
    ),
    Emptiness.NO_ANSWER: (
        "The only reply does not say what its answer is.",
        "None of the {count} replies says what its answer is.",
    ),
}
_OF_RESULT = {
    (Emptiness.CUT, ResultKind.TEXT): (
        "The only draft was cut off at the length limit.",
        "All {count} drafts were cut off at the length limit.",
    ),
    (Emptiness.NO_ANSWER, ResultKind.CODE): (
        "The only reply holds no program.",
        "None of the {count} replies holds a program.",
    ),
    (Emptiness.NO_ANSWER, ResultKind.DATA): (
        "The only reply holds no data that could be read.",
        "None of the {count} replies holds data that could be read.",
    ),
}
"""Where something else than a short answer should come back."""
_PART = {
    Emptiness.EMPTY: "{count} empty",
    Emptiness.BROKEN: "{count} broken off by the provider",
    Emptiness.FILTERED: "{count} withheld by the provider’s content filter",
    Emptiness.CUT: "{count} cut off at the model’s length limit",
    Emptiness.REFUSED: "{count} refused",
    Emptiness.TOOLS: "{count} with a call of a tool instead",
    Emptiness.NO_OPTION: "{count} with none of the options",
    Emptiness.NO_ANSWER: "{count} without one",
}
_TO_DO = {
    Emptiness.EMPTY: "Choose another model, or try again later.",
    Emptiness.BROKEN: "Try again later, or choose another model.",
    Emptiness.FILTERED: "Put the problem another way, or choose a model of another provider.",
    Emptiness.CUT: "Ask for less at once, or choose a model that may write more.",
    Emptiness.REFUSED: "Say what the answer is for, put the problem another way, or choose another model.",
    Emptiness.TOOLS: "Put the problem another way, or choose another model.",
    Emptiness.NO_OPTION: "Check that the options belong to the problem, or run it again without them.",
    Emptiness.NO_ANSWER: "Say in the problem what the answer should be, or choose another model.",
}
