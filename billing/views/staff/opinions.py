"""Second opinions, for staff: by model how many calls others reckon otherwise, and those calls with both readings."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.models import Call, SecondOpinion

DAYS = 30
_PAGE = 50
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
    """Show the last days' calls that litellm or genai-prices reckons otherwise by more than one in a hundred."""
    recent = SecondOpinion.objects.filter(checked_at__gte=timezone.now() - timedelta(days=DAYS))
    differing = recent.filter(differs=True).select_related("call").order_by("-checked_at", "pk")
    page = Paginator(differing, _PAGE).get_page(request.GET.get("page"))
    context = {
        "days": DAYS,
        "models": _by_model(recent),
        "page": page,
        "link": "?page=",
        "rows": [(opinion, _readings(opinion.call, opinion.shape or {})) for opinion in page],
    }
    return render(request, "billing/staff/opinions.html", context)


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
