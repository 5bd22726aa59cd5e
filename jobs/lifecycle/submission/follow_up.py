"""What a new job takes along of the one that it follows up on. It is pinned with it: the earlier one may be deleted."""

from jobs.core.errors import SubmitError
from jobs.core.states import UserVerdict
from jobs.models import Job
from jobs.presenters.deliverables import as_markdown
from solver.core.problem.earlier import Earlier, with_context

_REMARKS = {
    UserVerdict.RIGHT.value: "The user says that the earlier answer is right.",
    UserVerdict.WRONG.value: "The user says that the earlier answer is wrong.",
}
_ADDED = "While it was being solved, the user added:"
_GUESS = "The earlier answer is a guess that was called unreliable."


def earlier_of(job: Job) -> Earlier:
    """Return the problem of an ended job, with what that one followed up on, and the answer that its page shows.

    Raises SubmitError where it has no answer (any more).
    """
    if not job.has_result:
        why = "its texts were deleted" if job.texts_deleted_at else "it has no answer"
        raise SubmitError(
            f"“{job.title}” cannot be followed up, because {why}. Untick it, and say in the problem what is needed.",
            field="follows",
            code="nothing_to_follow",
        )
    problem = with_context(job.problem, Earlier.from_json(job.context))
    if job.hints:
        problem = "\n\n".join([problem, _ADDED, *(each["text"] for each in job.hints)])
    remark = _REMARKS.get(job.user_verdict) or (_GUESS if job.is_guess else "")
    return Earlier.of(problem, _answer_of(job), remark)


def _answer_of(job: Job) -> str:
    if delivered := as_markdown(job.result_kind, job.answer, job.answer_text):
        return delivered
    if not job.answer or job.answer.strip() in job.answer_text:
        return job.answer_text or job.answer
    return f"{job.answer_text}\n\nAnswer: {job.answer}".strip()
