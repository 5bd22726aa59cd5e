"""The answer to a question that a job has: a suggested one, one's own words, or none."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, signed_in
from jobs.lifecycle import SubmitError
from jobs.lifecycle.questions import MAX_ANSWER_CHARS, answer_question
from jobs.models import Job
from jobs.presenters.questions import question_to_answer
from jobs.views.access import get_job_to_change

_MOST_DIGITS = 6


@signed_in
@require_http_methods(["GET", "POST"])
def answer_job(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Show the question that a job has, or take the answer to it."""
    job = get_job_to_change(request.user, job_id)
    if request.method == "GET":
        return render(
            request, "jobs/actions/answer.html", {"job": job, **question_context(job), "may_act": True}
        )
    data = request.POST
    typed = data.get("answer", "")
    answer = "" if "without" in data else data.get("suggestion") or typed
    question = question_to_answer(job)
    errors = []
    if question and not question.is_about_price and "without" not in data and not answer.strip():
        errors = ["Write an answer, choose one, or let the job go on without."]
    else:
        numbered = data.get("number", "")
        number = int(numbered) if numbered.isdecimal() and len(numbered) <= _MOST_DIGITS else 0
        try:
            taken = answer_question(job=job, number=number, answer=answer, by=request.user)
        except SubmitError as error:
            errors = [error.message]
        else:
            if taken:
                messages.success(request, "Thank you: the job goes on.")
            else:
                messages.warning(request, "That question is not open any more; nothing was changed.")
            return redirect(job)
    context = {
        "job": job,
        **question_context(job),
        "may_act": True,
        "typed_answer": typed,
        "answer_errors": errors,
    }
    return render(request, "jobs/actions/answer.html", context, status=422)


def question_context(job: Job) -> dict[str, Any]:
    """Return what the question of a job's page needs."""
    return {"question": question_to_answer(job), "answer_max_chars": MAX_ANSWER_CHARS, "typed_answer": ""}
