"""One action on several jobs of the list: a page that says how many and what becomes of their money, then the act."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import AuthedRequest, signed_in
from accounts.models import Role, User
from jobs.core.errors import SubmitError
from jobs.core.ids import ids_in
from jobs.core.states import JobState
from jobs.core.tags import checked_tags, tags_in
from jobs.lifecycle import cancel_job, finish_early
from jobs.lifecycle.rename import set_tags
from jobs.lifecycle.saved.drafts import delete_draft
from jobs.models import Job
from jobs.presenters.spend import spend_of
from jobs.upkeep.delete_texts import delete_texts, may_delete_texts, reader_role
from jobs.views.access import jobs_of
from jobs.views.job_page.job_actions import CANCEL, FINISH, offers_of

MOST_JOBS = 100
ACTIONS = {
    "finish": "Finish",
    "cancel": "Cancel",
    "delete": "Delete",
    "tag": "Add tags",
    "compare": "Compare two",
}


class Chosen(NamedTuple):
    """The chosen jobs with which the action can be done, the others, and what the first ones cost."""

    able: Sequence[Job]
    others: Sequence[Job]
    spent_nano: int
    budget_nano: int
    drafts: int

    @property
    def left_nano(self) -> int:
        """What the able jobs have reserved and not spent."""
        return self.budget_nano - self.spent_nano


def _is_able(action: str, user: User, job: Job) -> bool:
    role = reader_role(user, job)
    if role is None or not role.includes(Role.MEMBER):
        return False
    if action == "finish":
        return FINISH in offers_of(job)
    if action == "cancel":
        return CANCEL in offers_of(job)
    if job.state == JobState.DRAFT:
        return action == "delete"
    has_texts = job.texts_deleted_at is None and (action == "tag" or job.has_ended)
    return has_texts and may_delete_texts(user, job)


def _chosen(action: str, user: User, named: QueryDict) -> Chosen:
    ids = ids_in(named.getlist("job"))[:MOST_JOBS]
    jobs = list(jobs_of(user).with_reader_role().filter(pk__in=ids).order_by("-created_at"))
    able = [job for job in jobs if _is_able(action, user, job)]
    spends = [spend_of(job) for job in able if job.escrow_id]
    return Chosen(
        able=able,
        others=[job for job in jobs if job not in able],
        spent_nano=sum(spend.spent_nano for spend in spends),
        budget_nano=sum(spend.budget_nano for spend in spends),
        drafts=sum(job.state == JobState.DRAFT for job in able),
    )


@signed_in
@require_http_methods(["GET", "POST"])
def bulk(request: AuthedRequest) -> HttpResponse:
    """Say what happens to the chosen jobs; a POST does it. Each that came too late is left as it is, and counted."""
    given = request.POST if request.method == "POST" else request.GET
    action = given.get("action", "")
    if action not in ACTIONS:
        messages.error(
            request, "Choose what to do with the jobs: finish, cancel, delete, add tags, or compare two."
        )
        return redirect("job-list")
    if action == "compare":
        return _compare(request)
    chosen = _chosen(action, request.user, given)
    if not (chosen.able or chosen.others):
        messages.info(request, "No jobs were chosen. Tick some in the list first.")
        return redirect("job-list")
    typed, error = given.get("tags", "")[:400], ""
    if request.method == "POST" and chosen.able:
        try:
            done = _do(action, request.user, chosen.able, typed)
        except SubmitError as refusal:
            error = refusal.message
        else:
            messages.success(request, _said(action, done, len(chosen.able) - done + len(chosen.others)))
            return redirect("job-list")
    context: dict[str, Any] = {"action": action, "label": ACTIONS[action], "chosen": chosen}
    context |= {"tags": typed, "error": error}
    return render(request, "jobs/actions/bulk.html", context, status=422 if error else 200)


def _compare(request: AuthedRequest) -> HttpResponse:
    """Lead to the page of two jobs, or say how many were ticked."""
    ids = ids_in(request.GET.getlist("job"))
    jobs = jobs_of(request.user).exclude(state=JobState.DRAFT).filter(pk__in=ids)
    if len(jobs) == 2:
        first, second = jobs
        return redirect("job-beside", first.pk, second.pk)
    ticked = "1 was" if len(jobs) == 1 else f"{len(jobs) or 'none'} were"
    messages.info(request, f"To compare jobs, tick exactly two that have been started; {ticked} ticked.")
    return redirect("job-list")


def _do(action: str, user: User, jobs: Sequence[Job], typed: str) -> int:
    """Do it to each job; return how many it was done to. Raises SubmitError for tags, before anything is done."""
    if action == "tag":
        added = tags_in(typed)
        if not added:
            raise SubmitError("Enter at least one tag.", field="tags", code="empty")
        wanted = [(job, _tagged(job, added)) for job in jobs]
        return sum(set_tags(job=job, tags=tags) for job, tags in wanted)
    acts: dict[str, Callable[[Job], bool]] = {
        "finish": lambda job: finish_early(job=job),
        "cancel": lambda job: cancel_job(job=job),
        "delete": lambda job: (
            delete_draft(user=user, draft_id=job.pk)
            if job.state == JobState.DRAFT
            else delete_texts(job_id=job.pk)
        ),
    }
    return sum(acts[action](job) for job in jobs)


def _tagged(job: Job, added: Sequence[str]) -> tuple[str, ...]:
    try:
        return checked_tags([*job.tags, *added])
    except SubmitError as error:
        raise SubmitError(f"“{job.title}”: {error.message}", field="tags", code=error.code) from error


def _said(action: str, done: int, skipped: int) -> str:
    jobs = "1 job" if done == 1 else f"{done} jobs"
    is_are = "is" if done == 1 else "are"
    was_were = "was" if done == 1 else "were"
    words = {
        "finish": f"{jobs} {is_are} being finished; unused money returns when {'it ends' if done == 1 else 'they end'}.",
        "cancel": f"{jobs} {is_are} being cancelled; unused money returns when {'it ends' if done == 1 else 'they end'}.",
        "delete": f"The texts of {jobs} {was_were} deleted; receipts are kept.",
        "tag": f"{jobs} {was_were} tagged.",
    }
    return words[action] + (
        f" {skipped} left as {'it was' if skipped == 1 else 'they were'}." if skipped else ""
    )
