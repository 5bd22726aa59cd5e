"""How the installation does, on one page: jobs, workers, providers, email, the audit, the disk."""

import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, superusers_only
from billing.models import AuditRun, Call, CallState, StopScope
from billing.stops import open_stops
from jobs.core.model_limits import limits_by_model
from jobs.core.states import CLAIMABLE, JobState
from jobs.models import Job, OutboxMessage, OutboxState
from jobs.presenters.tools import tools_in_words
from solver.core.errors import NOT_SENT

_LATE = timedelta(minutes=1)
"""A job that nobody took for so long waits for a worker."""
_AUDIT_GOOD_FOR = timedelta(hours=30)
_LITTLE_SPACE_PERCENT = 10
_HOUR = timedelta(hours=1)
_GIB = 1 << 30
_ENDS = (CallState.SETTLED, CallState.VOID, CallState.IN_DOUBT)


class Fact(NamedTuple):
    """One line: how it does (`ok`, `warn`, `bad`), in words, and where to look."""

    name: str
    look: str
    words: str
    address: str = ""


@superusers_only
@never_cache
@require_safe
def status(request: AuthedRequest) -> HttpResponse:
    """Show how the installation does."""
    facts = [*_jobs(), *_email(), _audit(), _disk(), _tools()]
    return render(request, "staff/status.html", {"facts": facts, "providers": _providers()})


def _jobs() -> Iterator[Fact]:
    now = timezone.now()
    ready = Q(state__in=sorted(CLAIMABLE)) & (Q(next_at=None) | Q(next_at__lte=Now()))
    free = ready & (Q(lease_until=None) | Q(lease_until__lte=Now()))
    busy = Q(state=JobState.RUNNING, lease_until__gt=Now())
    found = Job.objects.filter(
        state__in=sorted({*CLAIMABLE, JobState.PAUSED, JobState.ASKING, JobState.AWAITING_PAYMENT})
    ).aggregate(
        queued=Count("pk", filter=free),
        oldest=Min("queued_at", filter=free),
        running=Count("pk", filter=busy),
        hosts=Count("owner", filter=busy, distinct=True),
        # Who waits for a batch alone waits for nothing that failed.
        waiting=Count("pk", filter=Q(state=JobState.WAITING, waits__gt=0)),
        asking=Count("pk", filter=Q(state=JobState.ASKING)),
        unpaid=Count("pk", filter=Q(state=JobState.AWAITING_PAYMENT)),
    )
    is_late = found["oldest"] is not None and now - found["oldest"] > _LATE
    words = f"{found['queued']} waiting for a worker"
    yield Fact(
        "Queue",
        "bad" if is_late else "ok",
        words + (", the oldest for more than a minute" if is_late else ""),
    )
    look = "ok" if found["hosts"] or not found["queued"] else "warn"
    yield Fact("Workers", look, f"{_of(found['running'], 'running job')}, on {_of(found['hosts'], 'host')}")
    yield Fact("Waiting for a provider", "warn" if found["waiting"] else "ok", _of(found["waiting"], "job"))
    yield Fact("Waiting for an answer", "ok", _of(found["asking"], "job"))
    yield Fact("Waiting for money", "ok", _of(found["unpaid"], "job"))


def _email() -> Iterator[Fact]:
    late = Q(state=OutboxState.PENDING, next_at__lte=timezone.now() - _LATE)
    found = OutboxMessage.objects.exclude(state=OutboxState.SENT).aggregate(
        late=Count("pk", filter=late),
        bounced=Count("pk", filter=Q(state=OutboxState.BOUNCED)),
        gave_up=Count("pk", filter=Q(state=OutboxState.GAVE_UP)),
    )
    look = "bad" if found["late"] else "warn" if found["bounced"] or found["gave_up"] else "ok"
    words = f"{found['late']} overdue, {found['bounced']} bounced, {found['gave_up']} given up"
    yield Fact("Email", look, words, reverse("staff-outbox"))


def _audit() -> Fact:
    run = AuditRun.objects.order_by("-started_at").first()
    if run is None:
        return Fact("Audit", "warn", "none yet; one runs every night", reverse("staff-audit"))
    is_old = timezone.now() - run.started_at > _AUDIT_GOOD_FOR
    look = "bad" if run.violations else "warn" if is_old else "ok"
    found = _of(len(run.violations), "violation") if run.violations else f"all {run.checked} checks passed"
    return Fact("Audit", look, f"{found} on {run.started_at:%Y-%m-%d %H:%M} UTC", reverse("staff-audit"))


def _of(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def _disk() -> Fact:
    usage = shutil.disk_usage(settings.DATA_DIR)
    is_full = usage.free * 100 < usage.total * _LITTLE_SPACE_PERCENT
    words = f"{usage.free // _GIB} of {usage.total // _GIB} GiB free where {settings.DATA_DIR} lies"
    return Fact("Disk", "bad" if is_full else "ok", words)


def _tools() -> Fact:
    private = len(settings.PONDER_TOOLS.allowed_hosts)
    words = ", ".join(tools_in_words())
    warning = f"; {_of(private, 'private host')} may be read (PONDER_TOOLS_ALLOW_HOSTS)" if private else ""
    return Fact("Tools of models", "warn" if private else "ok", words + warning)


class Provider(NamedTuple):
    """A model's calls of the last hour."""

    model: str
    settled: int
    void: int
    in_doubt: int
    is_suspended: bool
    at_once: str
    """How many calls are under way, of how many that it bears; empty where nothing was called lately."""

    @property
    def look(self) -> str:
        """How it does: `bad` where most calls fail."""
        failed = self.void + self.in_doubt
        return "bad" if self.is_suspended or failed > self.settled else "warn" if failed else "ok"


def _providers() -> list[Provider]:
    ended = (
        Call.objects.filter(finished_at__gt=timezone.now() - _HOUR).exclude(error=NOT_SENT).values("model")
    )
    counted = ended.annotate(**{state: Count("pk", filter=Q(state=state)) for state in _ENDS})
    suspended = set(open_stops(StopScope.MODEL).values_list("subject", flat=True))
    rows: dict[str, dict[str, Any]] = {each["model"]: dict(each) for each in counted}
    limits = _at_once()
    return [
        _provider(model, rows.get(model, {}), is_suspended=model in suspended, at_once=limits.get(model, []))
        for model in sorted({*rows, *suspended, *limits})
    ]


def _provider(model: str, counted: dict[str, Any], *, is_suspended: bool, at_once: Sequence[str]) -> Provider:
    settled, void, in_doubt = (int(counted.get(state, 0)) for state in _ENDS)
    return Provider(model, settled, void, in_doubt, is_suspended, "; ".join(at_once))


def _at_once() -> dict[str, list[str]]:
    """Return, by model, how many calls are under way and how many it bears, a text for each of its service tiers."""
    found: dict[str, list[str]] = {}
    for lane, limit in limits_by_model().items():
        model, _, service = lane.partition(" ")
        now_s = time.time()
        closed_s = limit.closed_until_s - now_s
        words = f"{service} {limit.under_way(now_s):,} of {int(limit.limit):,}".strip()
        found.setdefault(model, []).append(words + (f", none for {closed_s:.0f} s" if closed_s > 0 else ""))
    return found
