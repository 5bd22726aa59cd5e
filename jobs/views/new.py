"""The new-job page, its live quote and its preview. Writing needs no account; starting does."""

from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from jobs.access import get_job_for, workspace_of
from jobs.forms import (
    CHECKERS,
    CUSTOM,
    MAX_PROBLEM_CHARACTERS,
    PRESETS,
    STRATEGIES,
    NewJobForm,
    budget_fields,
    fields_of_checker,
)
from jobs.markdown import has_math, render_markdown
from jobs.services import SubmitError, quote_job, submit_job
from jobs.services.panel import model_names
from solver.money import MoneyError, format_usd, parse_usd
from solver.strategies import DEFAULT

_DRAFT = "new_job_draft"
_DRAFT_FIELDS = tuple(NewJobForm.base_fields)


def form_context(form: NewJobForm) -> dict[str, Any]:
    """Return what the form's partial needs."""
    budget = str(form["budget"].value() or "")
    custom = str(form["budget_custom"].value() or (budget if budget not in {CUSTOM, *PRESETS} else ""))
    return {
        "form": form,
        "presets": PRESETS,
        "checkers": CHECKERS,
        "strategies": STRATEGIES,
        "budget": budget if budget in PRESETS else CUSTOM,
        "budget_custom": custom,
        "budget_label": _label(budget if budget in PRESETS else custom),
        "max_characters": MAX_PROBLEM_CHARACTERS,
        "can_compare": len(model_names()) > 1,
    }


def _label(typed: str) -> str:
    """Return the amount on the Start button."""
    try:
        return format_usd(parse_usd(typed))
    except MoneyError:
        return "the budget"


@require_http_methods(["GET", "POST"])
def new_job(request: HttpRequest) -> HttpResponse:
    """Show the form; on Start submit the job, or keep the draft and ask the person to sign in."""
    if request.method == "GET":
        return render(request, "jobs/new.html", form_context(NewJobForm(initial=_initial(request))))
    form = NewJobForm(request.POST)
    user = request.user
    if form.is_valid():
        if not isinstance(user, User):
            return ask_to_sign_in(request)
        try:
            job = submit_job(user=user, workspace=workspace_of(user), **form.job_arguments())
        except SubmitError as error:
            form.add_submit_error(error)
        else:
            return redirect(job)
    return render(request, "jobs/new.html", form_context(form), status=422)


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Keep what was typed and lead to the sign-in page and back."""
    request.session[_DRAFT] = {name: request.POST.get(name, "") for name in _DRAFT_FIELDS}
    return redirect_to_login(reverse("job-new"))


def _initial(request: HttpRequest) -> dict[str, Any]:
    """Return what stands in the fields at first: an earlier job, a draft kept over sign-in, or nothing."""
    earlier = request.GET.get("from", "")
    if earlier and isinstance(request.user, User):
        try:
            job = get_job_for(request.user, UUID(earlier))
        except ValueError as error:
            raise Http404 from error
        return {"problem": job.problem, **budget_fields(job.budget_nano), **fields_of_checker(job.checker)}
    draft = (
        request.session.pop(_DRAFT, None) if request.user.is_authenticated else request.session.get(_DRAFT)
    )
    return draft or {"budget": "0.25", "strategy": DEFAULT}


@require_POST
def quote(request: HttpRequest) -> HttpResponse:
    """Say what a budget buys, as the form stands now."""
    form = NewJobForm(request.POST)
    form.is_valid()
    budget_nano = form.cleaned_data.get("budget")
    context: dict[str, Any] = {"budget_nano": budget_nano, "error": "", "quote": None}
    if budget_nano is None:
        context["error"] = " ".join(str(error) for error in form.errors.get("budget", []))
    elif "problem" in form.cleaned_data:
        try:
            context["quote"] = quote_job(
                problem=form.cleaned_data["problem"],
                budget_nano=budget_nano,
                checker=form.cleaned_data["parsed_checker"],
            )
        except SubmitError as error:
            context["error"] = error.message
    return render(request, "jobs/_quote.html", context)


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Show the problem as it will be read."""
    rendered = render_markdown(request.POST.get("problem", "")[:MAX_PROBLEM_CHARACTERS], prefix="preview")
    return render(request, "jobs/_preview.html", {"rendered": rendered, "has_math": has_math(rendered)})
