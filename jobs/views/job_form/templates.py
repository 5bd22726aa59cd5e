"""Templates of one's own: saved from the new-job form, started from, renamed, run every week, deleted."""

from datetime import time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import AuthedRequest, require_role, signed_in, workspace_of
from accounts.models import Role, User
from jobs.core.errors import SubmitError
from jobs.lifecycle.saved.templates import rename_template, save_template
from jobs.lifecycle.saved.weekly import first_run, start_weekly, stop_weekly
from jobs.models import JobTemplate
from jobs.models.template import MOST_NAME_CHARS
from jobs.views.access import get_template_for
from jobs.views.job_form.forms import NewJobForm, typed_fields
from jobs.views.job_form.new import ask_to_sign_in, refused_form
from solver.core.money import format_usd

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MORNING = time(8)
_CORRECT = "Start from this template, correct it, and save it again."


class TemplateNameForm(forms.Form):
    """What a template is called."""

    name = forms.CharField(
        label="Name", max_length=MOST_NAME_CHARS, widget=forms.TextInput(attrs={"dir": "auto"})
    )


class WeeklyForm(forms.Form):
    """On which day and at what time a template is run."""

    weekday = forms.TypedChoiceField(label="Day", choices=list(enumerate(WEEKDAYS)), coerce=int)
    at = forms.TimeField(
        label="Time", initial=_MORNING, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )


@require_POST
def save_as_template(request: HttpRequest) -> HttpResponse:
    """Save what stands in the new-job form, and show the template; the signed-out sign in first."""
    form = NewJobForm(request.POST)
    user = request.user
    if not isinstance(user, User):
        return ask_to_sign_in(request, form)
    workspace = form.workspace_for(user)
    require_role(user, Role.MEMBER, workspace)
    try:
        template = save_template(user=user, workspace=workspace, fields=typed_fields(request.POST))
    except SubmitError as error:
        form.is_valid()
        form.add_submit_error(error)
        return render(request, "jobs/form/new.html", refused_form(request, form), status=422)
    messages.success(request, "Saved as a template.")
    return redirect(template)


@signed_in
@require_safe
def template_list(request: AuthedRequest) -> HttpResponse:
    """List the user's templates, with the next weekly run of each."""
    return render(request, "jobs/templates/list.html", {"templates": templates_of(request.user)})


def templates_of(user: User) -> list[JobTemplate]:
    """Return the user's templates in the workspace that they have chosen, by name."""
    mine = JobTemplate.objects.filter(created_by=user, workspace=workspace_of(user))
    return list(mine.select_related("last_job").order_by("name", "pk"))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def template(request: AuthedRequest, template_id: UUID) -> HttpResponse:
    """Show a template; a POST renames it."""
    shown = get_template_for(request.user, template_id)
    form = TemplateNameForm(request.POST or None, initial={"name": shown.name})
    if request.method == "POST" and form.is_valid():
        try:
            rename_template(shown, form.cleaned_data["name"])
        except SubmitError as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, "Renamed.")
            return redirect(shown)
    return _page(request, shown, form, WeeklyForm(auto_id="weekly-%s"))


@signed_in
@require_POST
def run_template_weekly(request: AuthedRequest, template_id: UUID) -> HttpResponse:
    """Start the weekly runs of a template, or give them another day and time."""
    shown = get_template_for(request.user, template_id)
    require_role(request.user, Role.MEMBER, shown.workspace)
    name, when = TemplateNameForm(initial={"name": shown.name}), WeeklyForm(request.POST, auto_id="weekly-%s")
    if not when.is_valid():
        return _page(request, shown, name, when)
    asked = NewJobForm({**shown.form, "workspace": str(shown.workspace.public_id)})
    if not asked.is_valid():
        when.add_error(None, f"{next(iter(asked.errors.values()))[0]} {_CORRECT}")
        return _page(request, shown, name, when)
    try:
        zone = zone_of(request.user)
        at = when.cleaned_data["at"]
        first = first_run(
            weekday=when.cleaned_data["weekday"], hour=at.hour, minute=at.minute, time_zone=zone
        )
        start_weekly(shown, asked.job_request(request.user), first=first, time_zone=zone)
    except SubmitError as error:
        when.add_error(None, f"{error.message} {_CORRECT}")
        return _page(request, shown, name, when)
    messages.success(
        request,
        f"It runs every week, first on {first.astimezone(ZoneInfo(zone)):%A %-d %B at %H:%M} ({zone}), each time with "
        f"at most {format_usd(asked.cleaned_data['budget'])}.",
    )
    return redirect(shown)


@signed_in
@require_POST
def stop_template_weekly(request: AuthedRequest, template_id: UUID) -> HttpResponse:
    """Stop the weekly runs of a template."""
    shown = get_template_for(request.user, template_id)
    stop_weekly(shown)
    messages.success(request, "No further run will start.")
    return redirect(shown)


@signed_in
@require_POST
def delete_template(request: AuthedRequest, template_id: UUID) -> HttpResponse:
    """Delete a template, with its weekly runs; jobs that it started stay."""
    get_template_for(request.user, template_id).delete()
    messages.success(request, "The template was deleted.")
    return redirect("job-template-list")


def zone_of(user: User) -> str:
    """Return the time zone of a person, or the site's where they chose none."""
    return user.time_zone or str(settings.TIME_ZONE)


def _page(request: AuthedRequest, shown: JobTemplate, name: forms.Form, when: forms.Form) -> HttpResponse:
    asked = NewJobForm({**shown.form, "workspace": str(shown.workspace.public_id)})
    budget: Any = asked.cleaned_data.get("budget") if asked.is_valid() or asked.errors else None
    context = {
        "template": shown,
        "form": name,
        "weekly_form": when,
        "budget_nano": budget,
        "zone": zone_of(request.user),
    }
    status = 422 if name.errors or when.errors else 200
    return render(request, "jobs/templates/template.html", context, status=status)
