"""The amounts that are offered where a budget is raised."""

from typing import Any

from django.conf import settings

from jobs.models import Job
from jobs.views.job_form.forms import CUSTOM, RaiseForm
from solver.core.money import usd_decimal

_FACTORS = (2, 4, 10)


def raise_context(job: Job, form: RaiseForm | None = None) -> dict[str, Any]:
    """Return what the form that raises a budget needs."""
    amounts = [job.budget_nano * factor for factor in _FACTORS]
    offered = [usd_decimal(each) for each in amounts if each <= settings.PONDER_MAX_BUDGET_NANO]
    typed = str(form["budget"].value() or "") if form and form.is_bound else (offered or [CUSTOM])[0]
    return {
        "raise_form": form or RaiseForm(),
        "raise_amounts": offered,
        "raise_to": typed,
        "raise_custom": str(form["budget_custom"].value() or "") if form and form.is_bound else "",
        "least_nano": job.budget_nano,
    }
