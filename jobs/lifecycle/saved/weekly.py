"""Weekly runs: a template is submitted every week, as its owner would submit it, each run with a budget of its own."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from jobs.core.errors import SubmitError
from jobs.core.options import JobOptions
from jobs.lifecycle.submission.request import JobRequest
from jobs.lifecycle.submission.submit import submit_job
from jobs.mail.enqueue import mail_people
from jobs.models import JobTemplate, OutboxKind
from solver.checkers import CheckerError, checker_from_json

_WEEK_DAYS = 7
_MOST_AT_ONCE = 100


def first_run(
    *, weekday: int, hour: int, minute: int, time_zone: str, now: datetime | None = None
) -> datetime:
    """Return the next moment of this weekday (Monday is 0) and time of day in a time zone, as UTC."""
    local = (now or timezone.now()).astimezone(ZoneInfo(time_zone))
    day = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    day += timedelta(days=(weekday - local.weekday()) % _WEEK_DAYS)
    return day.astimezone(UTC) if day > local else _week_later(day)


def next_run(after: datetime, *, time_zone: str, now: datetime | None = None) -> datetime:
    """Return the first run in the future, whole weeks after one that was due: what was missed is run once, not often."""
    due, moment = after.astimezone(ZoneInfo(time_zone)), now or timezone.now()
    missed_weeks = max(0, (moment - after).days // _WEEK_DAYS)
    later = _week_later(due + timedelta(days=missed_weeks * _WEEK_DAYS))
    return later if later > moment else _week_later(later.astimezone(due.tzinfo))


def _week_later(local: datetime) -> datetime:
    """Return the same time of day a week later: the hour stays when clocks change."""
    return (local + timedelta(days=_WEEK_DAYS)).astimezone(UTC)


def weekly_of(request: JobRequest) -> dict[str, Any]:
    """Return what is kept of a request to submit it again."""
    return {
        "problem": request.problem,
        "budget_nano": request.budget_nano,
        "checker": request.checker.to_json() if request.checker else {},
        "strategy": request.strategy,
        "options": request.options.to_json(),
        "tags": list(request.tags),
    }


def start_weekly(template: JobTemplate, request: JobRequest, *, first: datetime, time_zone: str) -> None:
    """Submit what a request asks for every week from `first` on. Raises SubmitError for what no job can have."""
    request.checked()
    JobTemplate.objects.filter(pk=template.pk).update(
        weekly=weekly_of(request), next_run_at=first, time_zone=time_zone, paused_because=""
    )


def stop_weekly(template: JobTemplate) -> None:
    """Submit no further run; those that were submitted go on."""
    JobTemplate.objects.filter(pk=template.pk).update(weekly={}, next_run_at=None, paused_because="")


def run_due() -> int:
    """Submit the weekly runs that are due; return how many templates were dealt with.

    Safe to call twice at once, and after a crash at any point: the id of a run's job is derived from the template and
    from the moment that was due, so that each run is one job.
    """
    due = JobTemplate.objects.filter(next_run_at__lte=timezone.now()).select_related(
        "workspace", "created_by", "last_job"
    )
    templates = list(due.order_by("next_run_at", "pk")[:_MOST_AT_ONCE])
    for template in templates:
        _run(template)
    return len(templates)


def _run(template: JobTemplate) -> None:
    due = template.next_run_at
    assert due is not None  # it was asked for
    as_it_was = JobTemplate.objects.filter(pk=template.pk, next_run_at=due)
    try:
        job = submit_job(_request_of(template, due))
    except SubmitError as error:
        with transaction.atomic():
            if as_it_was.update(next_run_at=None, paused_because=error.message[:500]):
                _tell_paused(template, error.message, due)
        return
    as_it_was.update(next_run_at=next_run(due, time_zone=template.time_zone), last_job=job)


def _request_of(template: JobTemplate, due: datetime) -> JobRequest:
    """Return the request of one run. Raises SubmitError for what this release does not know."""
    kept: Mapping[str, Any] = template.weekly
    try:
        checker, options = checker_from_json(kept["checker"]), JobOptions.from_json(kept["options"])
    except (CheckerError, TypeError, ValueError) as error:  # of another release
        raise SubmitError(
            "What it checks or how it works is not known any more. Save the form again."
        ) from error
    return JobRequest(
        user=template.created_by,
        workspace=template.workspace,
        problem=kept["problem"],
        budget_nano=kept["budget_nano"],
        checker=checker,
        strategy=kept["strategy"],
        options=options,
        tags=tuple(kept["tags"]),
        parent=template.last_job,
        request_id=uuid.uuid5(template.pk, due.astimezone(UTC).isoformat()),
    )


def _tell_paused(template: JobTemplate, why: str, due: datetime) -> None:
    address = settings.PONDER_BASE_URL + reverse("job-template", args=[template.pk])
    text = (
        f"The weekly run of “{template.name}” was not started, and further runs are paused.\n\n{why}\n\n"
        f"Start it again here once that is solved:\n{address}\n"
    )
    mail_people(
        OutboxKind.WEEKLY,
        to=[template.created_by],
        subject=f"Paused: the weekly run of {template.name}",
        text=text,
        key=f"weekly.{template.pk}.{due.astimezone(UTC):%Y%m%dT%H%M%S}",
    )
