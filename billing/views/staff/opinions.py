"""Second opinions, for staff: by model how many calls others reckon otherwise, and those calls with both readings."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.cost_review.sums import Scope
from billing.models import Call, SecondOpinion
from billing.views.staff.period import chosen, page_link, period, zoned_csv
from solver.core.money import usd_decimal

_PAGE = 50
_HEADER = (
    *("call", "job", "model", "served_model", "service_tier", "finished_at", "ours_usd", "litellm_usd"),
    *("genai_usd", "read_again"),
)
_OURS = {
    "input_tokens": "input_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "audio_tokens": "input_audio_tokens",
    "output_tokens": "output_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
}
"""Columns of a call, and what a report's reading calls the same count."""


@staff_with(Right.SEE_COSTS)
@require_GET
def opinions(request: AuthedRequest) -> HttpResponse:
    """Show the calls of a period that litellm or genai-prices reckons otherwise by more than one in a hundred."""
    scope, _ = chosen(request)
    found = _of(scope)
    page = Paginator(_differing(found), _PAGE).get_page(request.GET.get("page"))
    context = {
        **period(request, scope),
        "models": _by_model(found),
        "page": page,
        "link": page_link(request),
        "rows": [(opinion, _readings(opinion.call, opinion.shape or {})) for opinion in page],
    }
    return render(request, "billing/staff/opinions.html", context)


@staff_with(Right.SEE_COSTS)
@require_GET
def opinions_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download them, each with the counts that were read a second time."""
    scope, _ = chosen(request)
    rows = (
        [
            *(
                each.call_id,
                each.call.job_id,
                each.call.model,
                each.call.served_model,
                each.call.service_tier,
            ),
            *(each.call.finished_at, usd_decimal(each.call.cost_nano)),
            *("" if nano is None else usd_decimal(nano) for nano in (each.litellm_nano, each.genai_nano)),
            each.shape or "",
        ]
        for each in _differing(_of(scope)).iterator(chunk_size=2_000)
    )
    return zoned_csv(f"ponder-opinions-{scope.first_day}-to-{scope.last_day}.csv", _HEADER, rows)


def _of(scope: Scope) -> QuerySet[SecondOpinion]:
    """Return the opinions that were given in a period."""
    return SecondOpinion.objects.filter(checked_at__gte=scope.since, checked_at__lt=scope.until)


def _differing(found: QuerySet[SecondOpinion]) -> QuerySet[SecondOpinion]:
    return found.filter(differs=True).select_related("call").order_by("-checked_at", "pk")


def _by_model(recent: Any) -> list[dict[str, Any]]:
    """Return per model how many calls were compared, how many differ, and the sums of those."""
    differs = Q(differs=True)
    sums = {
        "ours_nano": Sum("call__cost_nano", filter=differs),
        "sum_litellm_nano": Sum("litellm_nano", filter=differs),
        "sum_genai_nano": Sum("genai_nano", filter=differs),
    }
    known = recent.filter(Q(litellm_nano__isnull=False) | Q(genai_nano__isnull=False))
    rows = known.values(model=F("call__model")).annotate(
        compared=Count("pk"), differing=Count("pk", filter=differs), **sums
    )
    return list(rows.order_by("-differing", "model"))


def _readings(call: Call, shape: dict[str, int]) -> list[tuple[str, int, int]]:
    """Return the counts of each kind of token: as charged, and as the report was read a second time."""
    counts = {theirs: (getattr(call, ours), shape.get(theirs, 0)) for ours, theirs in _OURS.items()}
    counts |= {name: (0, count) for name, count in shape.items() if name not in counts}
    return [(name.replace("_", " "), *both) for name, both in counts.items() if any(both)]
