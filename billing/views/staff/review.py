"""Cost review, for staff: what providers cost, what was billed and what is left, down to each call."""

from collections.abc import Iterator, Sequence
from typing import Any, cast
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.cost_review.chart import cost_chart, ranking
from billing.cost_review.sums import (
    TIMES,
    Line,
    Lines,
    Scope,
    budget_nano,
    owners,
    series,
    stream_lines,
    total_of,
    workspaces,
)
from billing.cost_review.waterfall import waterfall
from billing.models import AuditRun, Call, CallState
from billing.views.staff.period import chosen, page_link, period, zoned_csv
from solver.core.money import usd_decimal

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
        **period(request, scope),
        "by": by.value,
        "groups": GROUPS,
        "word": dict(GROUPS)[by.value].removeprefix("By ").capitalize(),
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
    ]
    rows = (_line_row(line) for line in stream_lines(scope, by))
    return zoned_csv(f"ponder-costs-by-{by.value}-{scope.first_day}-to-{scope.last_day}.csv", header, rows)


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
    return zoned_csv(f"ponder-calls-{job_id}.csv", CALL_HEADER, _call_rows(_calls_of(job_id)))


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
    return zoned_csv("ponder-open-calls.csv", CALL_HEADER, _call_rows(_open_calls()))


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
    ]


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
