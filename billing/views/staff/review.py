"""Cost review, for staff: what providers cost, what was billed and what is left, down to each call."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.cost_review.chart import cost_chart, ranking
from billing.cost_review.csv_reply import csv_reply
from billing.cost_review.sums import (
    TIMES,
    By,
    Line,
    Lines,
    Scope,
    budget_nano,
    lines,
    owners,
    series,
    total_of,
    workspaces,
)
from billing.cost_review.waterfall import waterfall
from billing.models import AuditRun, Call, CallState
from solver.core.money import usd_decimal

DAYS = (7, 30, 90)
MOST_DAYS = 1_000
GROUPS = [
    ("day", "By day"),
    ("week", "By week"),
    ("month", "By month"),
    ("model", "By model"),
    ("provider", "By provider"),
    ("workspace", "By workspace"),
    ("member", "By user"),
    ("tag", "By tag"),
    ("job", "By job"),
]
DEFAULT_DAYS = 30
PAGE_CALLS = 100
PAGE_LINES = 100
MAX_DIGITS = 6


@staff_with(Right.SEE_COSTS)
@require_GET
def costs(request: AuthedRequest) -> HttpResponse:
    """Show the sums of a period by time, model, workspace, user, tag or job."""
    scope, by = chosen(request)
    times = series(scope, by) if by in TIMES else []
    number = request.GET.get("page", "1")
    skip = max(int(number) - 1, 0) * PAGE_LINES if number.isdecimal() and len(number) <= MAX_DIGITS else 0
    found = Lines(scope, by, PAGE_LINES, skip)
    page = None if times else Paginator(cast("Sequence[Line]", found), PAGE_LINES).get_page(number)
    shown = times[::-1] if page is None else list(page.object_list)
    context: dict[str, Any] = {
        "scope": scope,
        "by": by.value,
        "groups": GROUPS,
        "months": months(),
        "word": dict(GROUPS)[by.value].removeprefix("By ").capitalize(),
        "all_days": DAYS,
        "filters": _filters(scope),
        "total": total_of(times) if times else found.total,
        "chart": cost_chart(times) if times else None,
        "lines": shown,
        "bars": ranking(shown) if page and page.number == 1 else [],
        "page": page,
        "link": page_link(request),
        "open_calls": _open_sums(),
        "audit": AuditRun.objects.order_by("-started_at", "-pk").first(),
        "scope_workspace": workspaces([scope.workspace_id]).get(scope.workspace_id)
        if scope.workspace_id
        else "",
    }
    return render(request, "billing/staff/costs.html", context)


@staff_with(Right.SEE_COSTS)
@require_GET
def costs_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download the lines that the page shows."""
    scope, by = chosen(request)
    header = [
        by.value,
        "label",
        "settled",
        "void",
        "in_doubt",
        "cost_usd",
        "billed_usd",
        "margin_usd",
        "overrun_usd",
        "time_zone",
    ]
    rows = (_line_row(line) for line in lines(scope, by))
    return csv_reply(f"ponder-costs-by-{by.value}-{scope.first_day}-to-{scope.last_day}.csv", header, rows)


@staff_with(Right.SEE_COSTS)
@require_GET
def calls(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Show every call and attempt of one job."""
    found = _calls_of(job_id)
    sought = _asked_call(request)
    page = Paginator(found, PAGE_CALLS).get_page(_page_of(found, sought) or request.GET.get("page"))
    first = found.first()
    context = {
        "job_id": job_id,
        "page": page,
        "sought": sought,
        "bars": waterfall(page.object_list),
        "link": "?page=",
        "budget_nano": budget_nano(job_id),
        "sums": _sums_of(found),
        "owner": owners([first.workspace_id]).get(first.workspace_id, "") if first else "",
    }
    return render(request, "billing/staff/calls.html", context)


@staff_with(Right.SEE_COSTS)
@require_GET
def calls_csv(request: AuthedRequest, job_id: UUID) -> StreamingHttpResponse:
    """Download every call of one job."""
    del request
    return csv_reply(f"ponder-calls-{job_id}.csv", CALL_HEADER, _call_rows(_calls_of(job_id)))


@staff_with(Right.SEE_COSTS)
@require_GET
def open_calls(request: AuthedRequest) -> HttpResponse:
    """Show every hold that is open and every call whose outcome nobody knows."""
    page = Paginator(_open_calls(), PAGE_CALLS).get_page(request.GET.get("page"))
    return render(
        request, "billing/staff/open_calls.html", {"page": page, "link": "?page=", "open_calls": _open_sums()}
    )


@staff_with(Right.SEE_COSTS)
@require_GET
def open_calls_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download them."""
    del request
    return csv_reply("ponder-open-calls.csv", CALL_HEADER, _call_rows(_open_calls()))


CALL_HEADER = (
    *(
        "call",
        "job",
        "step",
        "attempt",
        "model",
        "state",
        "created_at",
        "finished_at",
        "hold_usd",
        "cost_usd",
    ),
    *(
        "billed_usd",
        "overrun_usd",
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "audio_tokens",
        "image_tokens",
        "output_tokens",
    ),
    *("reasoning_tokens", "service_tier", "served_model", "usage_missing", "provider_ref", "error"),
)


def _call_rows(found: QuerySet[Call]) -> Iterator[list[object]]:
    for call in found.iterator():
        yield [
            *(call.pk, call.job_id, call.step_key, call.attempt, call.model, call.state, call.created_at),
            *(call.finished_at or "", usd_decimal(call.hold_nano), usd_decimal(call.cost_nano)),
            *(usd_decimal(call.billed_nano), usd_decimal(call.overrun_nano), call.input_tokens),
            *(call.cache_read_tokens, call.cache_write_tokens, call.cache_write_1h_tokens),
            *(call.audio_tokens, call.image_tokens, call.output_tokens, call.reasoning_tokens),
            *(call.service_tier, call.served_model),
            *(call.usage_missing, call.provider_ref, call.error),
        ]


def _line_row(line: Line) -> list[object]:
    money = (line.cost_nano, line.billed_nano, line.margin_nano, line.overrun_nano)
    return [
        line.key,
        line.label,
        line.settled,
        line.void,
        line.in_doubt,
        *(usd_decimal(nano) for nano in money),
        settings.TIME_ZONE,
    ]


def chosen(request: AuthedRequest) -> tuple[Scope, By]:
    """Read the period, the grouping and the filters of an address; anything unknown means the default."""
    days = request.GET.get("days", "")
    by = request.GET.get("by", "")
    workspace = request.GET.get("workspace", "")
    first, last = _range(request)
    number_of_days = int(days) if days in {str(number) for number in DAYS} else DEFAULT_DAYS
    if first and last:
        number_of_days = (last - first).days + 1
    scope = Scope(
        days=number_of_days,
        last=last if first else None,
        model=request.GET.get("model", "").replace("\0", "")[:200],
        member=request.GET.get("member", "").replace("\0", "")[:254],
        tag=request.GET.get("tag", "").replace("\0", "")[:200],
        workspace_id=int(workspace)
        if workspace.isascii() and workspace.isdigit() and len(workspace) < 19
        else None,
    )
    return scope, By(by) if by in set(By) else By.DAY


def _range(request: AuthedRequest) -> tuple[date | None, date | None]:
    """Read `from` and `to`, or a `month`; both are None where they name no range of at most MOST_DAYS days."""
    month = request.GET.get("month", "")
    try:
        if month:
            first = date.fromisoformat(f"{month}-01")
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        else:
            first = date.fromisoformat(request.GET.get("from", ""))
            last = date.fromisoformat(request.GET.get("to", "") or timezone.localdate().isoformat())
    except (ValueError, OverflowError):
        return None, None
    # The first and the last year have days that no time zone can hold.
    fits = 0 <= (last - first).days < MOST_DAYS and date.min.year < first.year and last.year < date.max.year
    return (first, last) if fits else (None, None)


def months() -> list[str]:
    """Return this month and the five before it."""
    first = timezone.localdate().replace(day=1)
    found = []
    for _ in range(6):
        found.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def page_link(request: AuthedRequest) -> str:
    """Return this page's address up to the number of another page."""
    asked = request.GET.copy()
    asked.pop("page", None)
    return f"?{asked.urlencode()}&page=" if asked else "?page="


def _filters(scope: Scope) -> dict[str, str]:
    chosen = {
        "model": scope.model,
        "workspace": str(scope.workspace_id or ""),
        "member": scope.member,
        "tag": scope.tag,
    }
    return {name: value for name, value in chosen.items() if value}


def _asked_call(request: AuthedRequest) -> UUID | None:
    """Return the call that an address asks for."""
    try:
        return UUID(request.GET.get("call", ""))
    except ValueError:
        return None


def _page_of(found: QuerySet[Call], sought: UUID | None) -> int | None:
    """Return the page on which a call stands; None: it is not among them."""
    call = found.filter(pk=sought).first() if sought else None
    if call is None:
        return None
    before = found.filter(
        Q(created_at__lt=call.created_at) | Q(created_at=call.created_at, pk__lt=call.pk)
    ).count()
    return before // PAGE_CALLS + 1


def _calls_of(job_id: UUID) -> QuerySet[Call]:
    return Call.objects.filter(job_id=job_id).order_by("created_at", "pk")


def _open_calls() -> QuerySet[Call]:
    return Call.objects.filter(state__in=[CallState.HELD, CallState.IN_DOUBT]).order_by("created_at", "pk")


def _sums_of(found: QuerySet[Call]) -> dict[str, int]:
    """Return cost, billed, overrun, margin and open holds of calls."""
    open_ = Q(state__in=[CallState.HELD, CallState.IN_DOUBT])
    sums = found.aggregate(
        cost=Sum("cost_nano", default=0),
        billed=Sum("billed_nano", default=0),
        overrun=Sum("overrun_nano", default=0),
        open=Sum("hold_nano", filter=open_, default=0),
    )
    return {**sums, "margin": sums["billed"] - sums["cost"]}


def _open_sums() -> dict[str, tuple[int, int]]:
    """Return how many calls are held and in doubt, and for how much, by state."""
    rows = _open_calls().order_by().values_list("state").annotate(number=Count("pk"), total=Sum("hold_nano"))
    found = {state: (number, nano) for state, number, nano in rows}
    return {state.value: found.get(state.value, (0, 0)) for state in (CallState.HELD, CallState.IN_DOUBT)}
