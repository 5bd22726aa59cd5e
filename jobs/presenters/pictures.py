"""Geometry of the pictures, in the units of their viewBox; templates draw them."""

from typing import NamedTuple

from django.db.models import F, FloatField, Func, IntegerField, QuerySet, Sum, Value
from django.db.models.functions import Extract
from django.utils import timezone

from jobs.models import Job, StepRecord, StepState
from jobs.presenters.spend import Spend
from jobs.templatetags.ponder import seconds_words

WIDTH, TOP, BOTTOM = 320, 2, 86
_BUCKETS = 80
_SHOWS_CAP = 3
"""The picture reaches up to the budget once the third part of it is spent."""


class BurnDown(NamedTuple):
    """The spend of a job over time, as a step line; at its top stands `top_nano`: the cap, or all that was spent."""

    line: str
    area: str
    top_y: int
    base_y: int
    top_nano: int
    is_capped: bool
    length: str


def burn_down(job: Job, spend: Spend) -> BurnDown | None:
    """Return the step line of what was spent since the start. None: nothing to draw yet."""
    if job.started_at is None:
        return None
    end = job.finished_at or timezone.now()
    lasted = max((end - job.started_at).total_seconds(), 1.0)
    points = [(0, 0)]
    total = 0
    for bucket, cost in _costs(job, job.started_at.timestamp(), lasted):
        total += cost
        points.append((min(bucket, _BUCKETS) * WIDTH // _BUCKETS, total))
    if total == 0:
        return None
    # A few per cent of the budget would be a flat line.
    is_capped = total * _SHOWS_CAP >= spend.budget_nano
    top_nano = spend.budget_nano if is_capped else total
    steps = [f"M0 {BOTTOM}"]
    for x, spent in points[1:]:
        y = BOTTOM - min(1000, spent * 1000 // top_nano) * (BOTTOM - TOP) // 1000
        steps.append(f"H{x}V{y}")
    line = "".join([*steps, f"H{WIDTH}"])
    return BurnDown(line, f"{line}V{BOTTOM}Z", TOP, BOTTOM, top_nano, is_capped, seconds_words(lasted))


def _costs(job: Job, start: float, lasted: float) -> QuerySet[StepRecord, tuple[int, int]]:
    """Return what was paid in each of a fixed number of spans of time; one query however many calls there are."""
    bucket = Func(
        Extract("told_at", "epoch", output_field=FloatField()),
        Value(start, FloatField()),
        Value(start + lasted, FloatField()),
        Value(_BUCKETS),
        function="width_bucket",
        output_field=IntegerField(),
    )
    told = StepRecord.objects.filter(job=job, state=StepState.TOLD, charged_nano__gt=0)
    return (
        told.annotate(bucket=bucket)
        .values_list("bucket")
        .annotate(cost=Sum("charged_nano"))
        .order_by(F("bucket"))
    )
