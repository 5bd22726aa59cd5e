"""The final write-up: the leader's answer as a solution worth reading, paid from the finalisation reserve."""

from collections.abc import Sequence

from solver.core.models import ModelCard
from solver.core.problem.statement import Problem, fenced, without_tags
from solver.core.request import Message
from solver.core.steps import Candidate, Status, Step, StepKind, StepResult
from solver.engine.plan import writer_of

_SYSTEM = (
    "You write up a solution for a careful reader: complete, correct, no longer than it needs to be, in Markdown with "
    "LaTeX between dollar signs. Keep the given answer. End with a line of the form “Answer: …”."
)


def write_up_step(problem: Problem, best: Candidate, panel: Sequence[ModelCard]) -> Step | None:
    """Return the step that writes `best` up, or None where no model writes or nothing holds it to the answer."""
    writer = writer_of(panel, problem)
    if writer is None or best.key is None:
        return None
    # Working longer than the writer's median output would outgrow the reserve, which was sized for that.
    working = best.text[: 4 * writer.output.q50]
    content = (
        f"{fenced('problem', problem.text)}\n\nAnswer: {without_tags(best.answer)}\n\n"
        f"Working of the chosen try:\n\n{without_tags(working)}"
    )
    return Step(
        f"write-up/{best.step_key}",
        StepKind.WRITE_UP,
        "Write up",
        writer.name,
        (Message("system", _SYSTEM), Message("user", content, problem.pictures)),
        parents=(best.step_key,),
    )


def accepted(result: StepResult, best: Candidate) -> bool:
    """Tell whether a write-up may replace the leader's text: it must come to the very answer that was chosen."""
    return result.status is Status.OK and bool(result.text.strip()) and result.answer_key == best.key
