"""The style guide: tokens and components in their states, made by the very templates of the pages."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.messages import DEFAULT_LEVELS
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, any_staff
from jobs.presenters.markdown import render_markdown
from jobs.presenters.tools import tools_in_words
from jobs.views.job_form.forms import offered_strategies
from jobs.views.job_page.actions import hint_context
from jobs.views.job_page.job_actions import CANCEL, FINISH, HINT, PAUSE, RAISE
from jobs.views.job_page.raise_form import raise_context
from jobs.views.staff import samples
from jobs.views.staff.samples import job_of, spend

_COLOURS = (
    "bg", "surface", "surface-2", "border", "border-strong", "text", "text-muted", "accent", "accent-hover", "accent-bg",
    "spend", "spend-bg", "ok", "ok-bg", "warn", "warn-bg", "bad", "bad-bg",
)  # fmt: skip
_STATES = ("queued", "running", "waiting", "asking", "paused", "awaiting_payment", "done", "unanswered", "exhausted",
           "failed", "cancelled")  # fmt: skip
_SAID = {
    "success": "The job was submitted.",
    "info": "This job had ended already.",
    "warning": "The link works for 10 minutes.",
    "error": "Enter a budget between $0.01 and $100.",
}


class _Form(forms.Form):
    """Fields with and without a fault."""

    name = forms.CharField(label="Name")
    amount = forms.CharField(
        label="Amount", error_messages={"required": "Enter an amount such as 5 or 0.25."}
    )
    mails = forms.BooleanField(label="Email me when a job ends", required=False)


_ERRORS = ("400", "403", "403_csrf", "404", "405", "429", "500", "503")
_DIALOGS = (HINT, PAUSE, RAISE, FINISH, CANCEL)


def styleguide(request: HttpRequest) -> HttpResponseBase:
    """Show it to staff; where DEBUG is on, to everybody."""
    return _page(request) if settings.DEBUG else _of_staff(request)


def styleguide_error(request: HttpRequest, name: str) -> HttpResponseBase:
    """Show an error page as it looks, to the same people."""
    if name not in _ERRORS:
        raise Http404
    return _error(request, name) if settings.DEBUG else any_staff(_error)(request, name)


@require_safe
def _error(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, f"{name}.html")


@any_staff
def _of_staff(request: AuthedRequest) -> HttpResponse:
    return _page(request)


@require_safe
def _page(request: HttpRequest) -> HttpResponse:
    job, running = job_of("done"), job_of("running")
    context: dict[str, Any] = {
        "colours": _COLOURS,
        "steps": ("-1", "0", "1", "2", "3", "4"),
        "states": [job_of(state) for state in _STATES],
        "spends": [spend(0), spend(31_200_000), spend(209_000_000), spend(250_000_000)],
        "said": [Message(DEFAULT_LEVELS[level.upper()], words) for level, words in _SAID.items()],
        "form": _Form({"name": "Ada", "amount": ""}),
        "page": Paginator(range(200), 25).page(2),
        "link": "?page=",
        "job": job,
        "running": running,
        "spend": spend(31_200_000),
        "costs": samples.COSTS,
        "totals": samples.TOTALS,
        "burn": samples.BURN,
        "phases": samples.PHASES,
        "clusters": samples.CLUSTERS,
        "search": samples.search(),
        "rows": samples.rows(),
        "chart": samples.chart(),
        "days": samples.DAYS,
        "answer": job.answer,
        "answer_html": render_markdown("12 + 7 · 3 = 33, and 25 + 33 = 58.", prefix="sample"),
        "has_headline": True,
        "confidence": job.confidence,
        "explanation": job.explanation,
        "checked": job.checked,
        "offer": samples.offer(),
        "strategies": offered_strategies(),
        "strategy": "vote",
        "tools": tools_in_words(),
        "offers": _DIALOGS,
        "errors_shown": _ERRORS,
        **raise_context(job),
        **hint_context(),
        # Its links would lead to jobs that are not there.
        "is_shared": True,
    }
    return render(request, "staff/styleguide.html", context)
