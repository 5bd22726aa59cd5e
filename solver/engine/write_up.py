"""The final write-up: the leader's answer as a solution worth reading, paid from the finalisation reserve."""

from collections.abc import Sequence

from solver.core.models import ModelCard
from solver.core.problem.statement import Problem, fenced, without_tags
from solver.core.request import Message
from solver.core.steps import Candidate, Status, Step, StepKind, StepResult
from solver.engine.calls.bounds import prompt_bytes, typical_nano

_SYSTEM = (
    "You write up a solution for a careful reader: complete, correct, no longer than it needs to be, in Markdown with "
    "LaTeX between dollar signs. Keep the given answer. End with a line of the form “Answer: …”."
)


_ANSWER_BYTES = 64
"""Room for the answer in the size of a write-up's prompt; a longer one takes it from the length of the write-up."""


def writer_of(panel: Sequence[ModelCard], problem: Problem) -> ModelCard | None:
    """Return the cheapest model that writes prose; None also where a text, code or data comes back, which is whole."""
    writers = [card for card in panel if card.writes and problem.result.is_short]
    return min(writers, key=lambda c: typical_nano(c, 4_000, 0), default=None)


def write_up_bytes(problem: Problem, writer: ModelCard) -> int:
    """Return how large the prompt of a write-up is at most, in bytes, unless its answer is a long one."""
    return prompt_bytes(_messages(problem, "", "")) + _ANSWER_BYTES + _working_bytes(writer)


def write_up_step(problem: Problem, best: Candidate, panel: Sequence[ModelCard]) -> Step | None:
    """Return the step that writes `best` up, or None where no model writes or nothing holds it to the answer."""
    writer = writer_of(panel, problem)
    if writer is None or best.key is None:
        return None
    # The reserve is sized for so much, in bytes as all prompts are bounded.
    working = without_tags(best.text).encode("utf-8", "replace")[: _working_bytes(writer)]
    return Step(
        f"write-up/{best.step_key}",
        StepKind.WRITE_UP,
        "Write up",
        writer.name,
        _messages(problem, without_tags(best.answer), working.decode("utf-8", "ignore")),
        parents=(best.step_key,),
    )


def _messages(problem: Problem, answer: str, working: str) -> tuple[Message, ...]:
    content = (
        f"{fenced('problem', problem.text)}\n\nAnswer: {answer}\n\nWorking of the chosen try:\n\n{working}"
    )
    return Message("system", _SYSTEM), Message("user", content, problem.pictures)


def _working_bytes(writer: ModelCard) -> int:
    return 4 * writer.output.q50


def accepted(result: StepResult, best: Candidate) -> bool:
    """Tell whether a write-up may replace the leader's text: it must come to the very answer that was chosen."""
    return result.status is Status.OK and bool(result.text.strip()) and result.answer_key == best.key
