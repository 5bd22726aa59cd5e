"""What a job asked its person, and what became of it, in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from jobs.models import Job
from jobs.models.question import ALL, ANSWERED, NO, TIMED_OUT, WITHOUT, YES, open_question
from solver.core.money import format_usd_exact


class ShownQuestion(NamedTuple):
    """One question. `outcome` says what became of it, with what was answered; it is empty while the question is open."""

    number: int
    text: str
    suggestions: Sequence[str]
    is_about_price: bool
    until: datetime
    outcome: str
    answer: str


_OUTCOMES = {
    ANSWERED: "Answered:",
    WITHOUT: "It went on without an answer.",
    YES: "Allowed.",
    ALL: "Allowed, and every later step with it.",
    NO: "Not allowed, so the job ended with the best it had.",
}


def shown_questions(job: Job) -> list[ShownQuestion]:
    """Return the questions of a job in their order."""
    return [_shown(number, each) for number, each in enumerate(job.questions, start=1)]


def question_to_answer(job: Job) -> ShownQuestion | None:
    """Return the question that the job waits for, or None."""
    asked = open_question(job)
    return _shown(len(job.questions), asked) if asked else None


def _shown(number: int, asked: dict[str, Any]) -> ShownQuestion:
    return ShownQuestion(
        number,
        asked["text"] or _of_price(asked),
        asked["suggestions"],
        bool(asked["cost_nano"]),
        datetime.fromisoformat(asked["until"]),
        _outcome(asked),
        asked["answer"],
    )


def _of_price(asked: dict[str, Any]) -> str:
    what = " by ".join(filter(None, (asked["purpose"], asked["model"])))
    return f"The next step may cost up to {format_usd_exact(asked['cost_nano'])} ({what}). Go on?"


def _outcome(asked: dict[str, Any]) -> str:
    if asked["how"] == TIMED_OUT:
        without = "the job ended with the best it had" if asked["cost_nano"] else "the job went on without"
        return f"No answer came in time, so {without}."
    return _OUTCOMES.get(asked["how"], "")
