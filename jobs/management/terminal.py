"""One problem from the terminal: the same submission, ledger, journal and worker as from the page."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

from django.db import transaction
from django.utils import timezone

from billing.books.job_costs import job_costs
from jobs.core.errors import CannotContinue
from jobs.core.lease import Lease
from jobs.core.options import JobOptions
from jobs.core.states import JobState
from jobs.learning.learn import learn_due
from jobs.lifecycle import JobRequest, cancel_job, finish_early, submit_comparison, submit_job
from jobs.lifecycle.finish import finish
from jobs.lifecycle.quotes.records import quote_json
from jobs.mail.send import send_due
from jobs.models import Comparison, Job, JobQuote
from jobs.models.comparison import SIDE_TITLES
from jobs.presenters.deliverables import as_markdown
from jobs.presenters.progress import unread_of
from jobs.presenters.questions import question_to_answer, shown_questions
from jobs.worker import lease as leases
from jobs.worker.execution import strategy_of
from jobs.worker.host import WorkerHost
from jobs.worker.load import load_job
from jobs.worker.outcomes import end_as_it_stands
from solver import Outcome, Stop
from solver.core.money import usd_decimal
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.rubric import JudgedCriterion
from solver.core.steps import StopReason
from solver.inference.explanation import UNREAD

_PATIENCE_S = 10.0


def solve(request: JobRequest, report: Callable[[str], None]) -> Job:
    """Submit a job, run it in this process and return it ended. Raises SubmitError before anything is charged.

    The first Ctrl-C finishes the job with its best answer, the second cancels it. Should this process die, a worker
    continues the job once its lease has run out.
    """
    with _host() as host:
        with transaction.atomic():
            job = submit_job(request, wake=False)
            lease = leases.claim_own(job, host.owner)
        with _interrupts(host, job, report) as wishes:
            host.run(lease, report)
            _see_to_the_end(host, job, report, wishes)
    return job


def compare(request: JobRequest, report: Callable[[str], None]) -> Comparison:
    """Solve a problem with both models in this process, one after the other; return both jobs ended.

    Raises SubmitError.
    """
    with _host() as host:
        made = submit_comparison(request, wake=False)
        for name, job in made.sides().items():
            report(f"{SIDE_TITLES[name]}: {', '.join(JobOptions.from_json(job.options).models)}")
            with _interrupts(host, job, report) as wishes:
                _see_to_the_end(host, job, report, wishes)
    return made


@contextlib.contextmanager
def _host() -> Iterator[WorkerHost]:
    """Give a worker host of this process; afterwards do what else a job leaves to workers: its email, its lesson."""
    host = WorkerHost(patience_s=_PATIENCE_S, runs_programs=True)
    try:
        yield host
    finally:
        host.close()
    send_due()
    learn_due()


def _see_to_the_end(host: WorkerHost, job: Job, report: Callable[[str], None], wishes: "_interrupts") -> None:
    """Go on until the job has ended, here or in another worker that took it over."""
    told = 0
    while True:
        job.refresh_from_db()
        if job.has_ended:
            return
        lease = leases.claim_next(host.owner, job.pk)
        if lease is None:
            if job.state == JobState.ASKING:
                if told != len(job.questions):
                    told = len(job.questions)
                    report(how_to_answer(job))
                wishes.carry_out()
            time.sleep(0.5)
        elif job.state == JobState.WAITING:
            # Nobody waits for a provider at a terminal: what was found so far is the answer.
            _finish_as_it_stands(lease, job.error)
        else:
            host.run(lease, report)


def how_to_answer(job: Job) -> str:
    """Return the question that a job waits for, and how it is answered; empty where it waits for none."""
    question = question_to_answer(job)
    if question is None:
        return ""
    if question.is_about_price:
        choices, otherwise = ["yes", "all", "no"], "ends with the best it has"
    else:
        choices, otherwise = list(question.suggestions), "goes on without"
    lines = [f"Question: {question.text}", *(f"  - {each}" for each in choices)]
    until = f"{timezone.localtime(question.until):%Y-%m-%d %H:%M %Z}"
    how = (
        f'Answer it from another terminal: manage.py answer {job.pk} "…" (or --without), or on its page. '
        f"Without an answer by {until} it {otherwise}."
    )
    return "\n".join([*lines, how])


def _finish_as_it_stands(lease: Lease, error: str) -> None:
    """End a job with what its journal holds so far."""
    try:
        snapshot = load_job(lease)
        strategy = strategy_of(snapshot)
    except CannotContinue as reason:
        end_as_it_stands(lease, str(reason))
        return
    for result in snapshot.told:
        strategy.tell(result)
    best = strategy.best()
    finish(lease, Outcome(StopReason.NO_PROGRESS if best else StopReason.FAILED, best, error))


class _interrupts:  # noqa: N801  (used like a function)
    """Turn Ctrl-C into a wish of the user while a job runs."""

    def __init__(self, host: WorkerHost, job: Job, report: Callable[[str], None]) -> None:
        self._host, self._job, self._report = host, job, report
        self._presses = 0
        self._carried_out = 0

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def carry_out(self) -> None:
        """Write what was wished while no worker held the job, as while it waits for an answer."""
        if self._presses > self._carried_out:
            self._carried_out = self._presses
            verb = finish_early if self._presses == 1 else cancel_job
            verb(job=self._job)

    def _pressed(self, *_: object) -> None:
        self._presses += 1
        if self._presses == 1:
            self._report("Finishing with the best answer so far (press Ctrl-C again to cancel).")
            self._host.stop_job(self._job.pk, None, Stop.FINISH)
        else:
            self._report("Cancelling.")
            self._host.stop_job(self._job.pk, None, Stop.CANCEL)


def printed(job: Job) -> str:
    """Return what a job came to as a program reads it: an answer, a whole text, a program or data without its fence."""
    text = (
        as_markdown(job.result_kind, job.answer, job.answer_text)
        if job.result_kind == ResultKind.TEXT
        else ""
    )
    return text or job.answer or job.answer_text


def unread_notes(job: Job) -> list[str]:
    """Return what is to be said of answers that the checker could not judge: of the one that is shown, and of many."""
    return [note for note in (job.checked if job.checked.startswith(UNREAD) else "", unread_of(job)) if note]


def rubric_lines(job: Job) -> list[str]:
    """Return what a judge said of the text by each criterion of the rubric, a line each."""
    return [JudgedCriterion.from_json(each).line() for each in job.rubric]


def _as_read(file: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": file["name"],
        "summary": file["summary"],
        "read_whole": file["is_whole"],
        "passages": len(file["passages"]),
    }


def summary(job: Job, wall_s: float) -> dict[str, Any]:
    """Return what programs read of an ended job; money as decimal strings of dollars."""
    quote = JobQuote.objects.filter(job=job).first()
    return {
        "answer": printed(job) or None,
        **({"conclusion": job.answer or None} if job.result_kind is ResultKind.TEXT else {}),
        "confidence": job.confidence,
        "is_guess": job.is_guess,
        "stop_reason": job.stop_reason,
        "budget_usd": usd_decimal(job.budget_nano),
        "charged_usd": usd_decimal(job.charged_nano),
        "calls": job.calls,
        "may_wait_s": JobOptions.from_json(job.options).may_wait_s,
        "flex_calls": job_costs(job.pk).flex_calls,
        "programs_run": job.programs_run,
        "programs_cpu_ms": job.programs_cpu_ms,
        "wall_s": round(wall_s, 3),
        "job_id": str(job.pk),
        "state": job.state,
        "explanation": job.explanation,
        "checked": job.checked,
        **({"rubric": job.rubric} if job.rubric else {}),
        **({"files": [_as_read(each) for each in job.files]} if job.files else {}),
        **(
            {
                "questions": [
                    {"text": q.text, "answer": q.answer, "outcome": q.outcome} for q in shown_questions(job)
                ]
            }
            if job.questions
            else {}
        ),
        "unread": unread_of(job) or None,
        "error": job.error,
        "quote": quote and quote_json(quote),
    }
