"""The run contract: what a budget buys, shown before any money moves. No model is called."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Avg, F

from billing.models import Call, CallState
from jobs.services.errors import SubmitError
from jobs.services.panel import build_panel
from jobs.services.problem_text import MAX_PROBLEM_CHARS
from jobs.services.submit import check_affordable
from solver.plan import Quote, quote
from solver.problem import Problem
from solver.recognise import problem_kind

_DEFAULT_CALL_S = {True: 1.0, False: 30.0}
_RECENT_CALLS = 200


def quote_job(*, problem: str, budget_nano: int, checker: Mapping[str, Any] | None = None) -> Quote:
    """Return what the budget buys for this problem with this installation's panel. Raises SubmitError."""
    panel = build_panel()
    text = problem[:MAX_PROBLEM_CHARS]
    if budget_nano <= 0:
        raise SubmitError("Enter a budget.", field="budget", code="out_of_range")
    posed = Problem(text, problem_kind(text, checker), checker)
    check_affordable(posed, panel, budget_nano)
    return quote(
        posed,
        panel,
        budget_nano=budget_nano,
        markup_bp=settings.PONDER_MARKUP_BP,
        slots=settings.PONDER_CALLS_PER_JOB,
        call_s=_call_s([card.name for card in panel], bundled=all(card.bundled for card in panel)),
    )


def _call_s(models: list[str], *, bundled: bool) -> float:
    """Return how long a call took of late, in seconds; a rough guess where there is no history."""
    recent = Call.objects.filter(state=CallState.SETTLED, model__in=models).order_by("-finished_at")[
        :_RECENT_CALLS
    ]
    took = recent.aggregate(mean=Avg(F("finished_at") - F("created_at")))["mean"]
    return took.total_seconds() if took else _DEFAULT_CALL_S[bundled]
