"""What was learned, for staff: posteriors, how quotes keep what they say, and what has drifted."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.learning.report import coverage, posteriors
from jobs.models import DriftAlarm, Lesson
from jobs.views.access import require_staff

_ALARMS = 20


@never_cache
@require_safe
def learned(request: HttpRequest) -> HttpResponse:
    """List what finished jobs have taught."""
    require_staff(request.user)
    context = {
        "posteriors": posteriors(),
        "coverage": coverage(),
        "alarms": DriftAlarm.objects.order_by("closed_at", "-opened_at")[:_ALARMS],
        "due": Lesson.objects.filter(taught_at=None).count(),
        "failed": Lesson.objects.exclude(error="").exclude(taught_at=None).count(),
    }
    return render(request, "staff/learned.html", context)
