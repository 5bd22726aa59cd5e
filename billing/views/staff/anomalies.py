"""Odd calls, for staff: by kind how many in a period, and each with the way to its job's calls."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.cost_review.sums import Scope
from billing.models import AnomalyKind, CallAnomaly, SecondOpinion
from billing.views.staff.period import chosen, page_link, period, zoned_csv
from solver.core.money import usd_decimal

_PAGE = 100
_HEADER = ("call", "job", "kind", "model", "finished_at", "cost_usd", "usual_usd")


@staff_with(Right.SEE_COSTS)
@require_GET
def anomalies(request: AuthedRequest) -> HttpResponse:
    """Show what is odd in a period."""
    scope, _ = chosen(request)
    kind = request.GET.get("kind", "")
    counts = dict(_found(scope).values_list("kind").annotate(number=Count("pk")).order_by())
    kind = kind if kind in set(AnomalyKind) else max(counts, key=lambda each: counts[each], default="")
    page = Paginator(_listed(scope, kind), _PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        **period(request, scope),
        "kinds": [(each.value, each.label, counts.get(each.value, 0)) for each in AnomalyKind],
        "kind": kind,
        "page": page,
        "link": page_link(request),
        "differing": SecondOpinion.objects.filter(
            differs=True, checked_at__gte=scope.since, checked_at__lt=scope.until
        ).count(),
    }
    return render(request, "billing/staff/anomalies.html", context)


@staff_with(Right.SEE_COSTS)
@require_GET
def anomalies_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download them, of all kinds."""
    scope, _ = chosen(request)
    rows = (
        [
            *(odd.call_id, odd.call.job_id, odd.kind, odd.model, odd.finished_at),
            *(usd_decimal(odd.cost_nano), usd_decimal(odd.usual_nano)),
        ]
        for odd in _listed(scope, "").iterator(chunk_size=2_000)
    )
    return zoned_csv(f"ponder-anomalies-{scope.first_day}-to-{scope.last_day}.csv", _HEADER, rows)


def _found(scope: Scope) -> QuerySet[CallAnomaly]:
    found = CallAnomaly.objects.filter(finished_at__gte=scope.since, finished_at__lt=scope.until)
    return found.filter(model=scope.model) if scope.model else found


def _listed(scope: Scope, kind: str) -> QuerySet[CallAnomaly]:
    found = _found(scope).filter(kind=kind) if kind else _found(scope)
    return found.select_related("call").order_by("-finished_at", "pk")
