"""What the pages of a job show of its work: all that is read from its journal, kept for a while."""

from typing import Any, NamedTuple
from uuid import UUID

from django.utils.safestring import SafeString

from jobs.models import Job
from jobs.presenters.code_runs import CodeRuns, code_runs_of
from jobs.presenters.data_fields import DataView, data_view_of
from jobs.presenters.kept import Kept
from jobs.presenters.pictures import BurnDown, burn_down
from jobs.presenters.progress import Clusters, Phase, Totals, clusters_of, phases_of, totals_of
from jobs.presenters.search.journal import Search, search_of
from jobs.presenters.spend import spend_of


class Work(NamedTuple):
    """Nothing in it depends on who looks; `parts` are pieces of pages that show it, by name."""

    phases: list[Phase]
    clusters: Clusters
    totals: Totals
    burn: BurnDown | None
    search: Search | None
    code_runs: CodeRuns | None
    data: DataView | None
    parts: dict[tuple[Any, ...], SafeString]


class _Key(NamedTuple):
    """Whatever the work of a job depends on changes its revision, but for the deletion of its texts."""

    job_id: UUID
    revision: str
    has_texts: bool


def _weight(work: Work) -> int:
    """Return about how many kilobytes it takes."""
    return 100 + (len(work.search.marks) if work.search else 0)


_kept = Kept[_Key, Work](most=60_000, weight=_weight)


def shown_answer(job: Job) -> tuple[str, str]:
    """Return the answer that a job's pages show, and its text.

    While an ended job continues, its earlier answer stands until a better one is found.
    """
    best = job.best if isinstance(job.best, dict) else {}
    answer, text = str(best.get("answer") or ""), str(best.get("text") or "")
    if job.has_ended or not (answer or text):
        answer, text = job.answer or answer, job.answer_text or text
    return answer, text


def work_of(job: Job, revision: str) -> Work:
    """Return the work of a job, whose `revision` was read with it; it is not read again while nothing happens."""
    return _kept.get(_Key(job.pk, revision, job.texts_deleted_at is None), lambda: _read(job))


def _read(job: Job) -> Work:
    answer, _ = shown_answer(job)
    return Work(
        phases_of(job),
        clusters_of(job),
        totals_of(job),
        burn_down(job, spend_of(job)),
        search_of(job),
        code_runs_of(job, answer),
        data_view_of(job, answer),
        {},
    )
