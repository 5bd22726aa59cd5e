"""Two runs side by side: answers, confidence, cost and attempts, and what differs in what they delivered."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, signed_in
from jobs.models import Job
from jobs.presenters.deliverables import delivered_text
from jobs.presenters.difference import Piece, difference_of, is_the_same
from jobs.presenters.progress import Totals, totals_of
from jobs.presenters.spend import Spend, spend_of
from jobs.views.access import get_job_for
from jobs.views.compare import answers_agree, costs_in_words
from solver.core.problem.result_kind import ResultKind
from solver.strategies import current_name


class Run(NamedTuple):
    """One of the two jobs as the page shows it."""

    title: str
    job: Job
    spend: Spend
    totals: Totals
    answer: str
    text: str
    confidence: float | None
    checked: str
    strategy: str
    models: str


class Difference(NamedTuple):
    """What differs in one thing that both have; `pieces` is None where it is too long to be compared."""

    title: str
    pieces: Sequence[Piece] | None
    by_lines: bool

    @property
    def is_none(self) -> bool:
        """Whether both are the same."""
        return self.pieces is not None and is_the_same(self.pieces)


@signed_in
@never_cache
@require_safe
def beside(request: AuthedRequest, job_id: UUID, other_id: UUID) -> HttpResponse:
    """Show two of the user's jobs, as they are now."""
    jobs = sorted(
        (get_job_for(request.user, each) for each in (job_id, other_id)), key=lambda job: job.created_at
    )
    runs = [_run(title, job) for title, job in zip(("First run", "Second run"), jobs, strict=True)]
    differences = _differences(*runs)
    context = {
        "runs": runs,
        "answers": _agreement(differences) or answers_agree(*(run.answer for run in runs)),
        "costs": costs_in_words(*((run.title, run.spend.spent_nano) for run in runs)),
        "differences": differences,
        "has_deleted_texts": any(job.texts_deleted_at for job in jobs),
    }
    return render(request, "jobs/compare/beside.html", context)


def _run(title: str, job: Job) -> Run:
    best = job.best if isinstance(job.best, dict) and not job.has_ended else {}
    answer = str(best.get("answer") or "") or job.answer
    text = str(best.get("text") or "") or job.answer_text
    return Run(
        title=title,
        job=job,
        spend=spend_of(job),
        totals=totals_of(job),
        answer=answer,
        text=delivered_text(job.result_kind, answer, text),
        confidence=best.get("confidence") if best else job.confidence,
        checked=str(best.get("checked") or "") or job.checked,
        strategy=current_name(job.strategy),
        models=", ".join(card["name"] for card in job.pinned.get("panel", [])),
    )


def _differences(first: Run, second: Run) -> list[Difference]:
    """Return what differs in the problems, and in what came back where that is more than a short answer."""
    found = [
        Difference(
            "The problem",
            difference_of(first.job.problem, second.job.problem, by_lines=False),
            by_lines=False,
        )
    ]
    kinds = {first.job.result_kind, second.job.result_kind}
    if first.text and second.text and len(kinds) == 1:
        [kind] = kinds
        by_lines = kind is not ResultKind.TEXT
        pieces = difference_of(first.text, second.text, by_lines=by_lines)
        found.append(Difference(f"The {_NAMES[kind]}", pieces, by_lines))
    return found


def _agreement(differences: Sequence[Difference]) -> str:
    """Return in a sentence whether both delivered the same; empty where what came back is short."""
    if len(differences) == 1:
        return ""
    what = "Both came to the same" if differences[-1].is_none else "What they came to differs: see below"
    return f"{what}."


_NAMES = {ResultKind.TEXT: "text", ResultKind.CODE: "program", ResultKind.DATA: "data"}
