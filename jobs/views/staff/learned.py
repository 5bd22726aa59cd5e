"""What was learned, for staff: posteriors, how quotes keep what they say, and what has drifted."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from jobs.learning.learn import DUE
from jobs.learning.report import coverage, posteriors, verdicts
from jobs.models import DriftAlarm, Lesson

_ALARMS = 20
_POSTERIORS = 1_000


@staff_with(Right.SEE_LEARNED)
@never_cache
@require_safe
def learned(request: AuthedRequest) -> HttpResponse:
    """List what finished jobs have taught."""
    context = {
        "posteriors": posteriors(most=_POSTERIORS),
        "coverage": coverage(),
        "verdicts": verdicts(),
        "alarms": DriftAlarm.objects.order_by("closed_at", "-opened_at")[:_ALARMS],
        "due": Lesson.objects.filter(DUE).count(),
        "failed": Lesson.objects.exclude(error="").exclude(taught_at=None).count(),
    }
    return render(request, "staff/learned.html", context)
