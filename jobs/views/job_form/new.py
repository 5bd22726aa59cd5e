"""The new-job page, its live quote and its preview. Writing needs no account; starting does."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.csrf import csrf_failure as default_csrf_failure
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import has_role, keep_places, require_role, workspace_of
from accounts.models import Role, User, Workspace
from accounts.sign_in.begin import begin_sign_in
from files.store import read_files
from jobs.core.options import answer_time_words
from jobs.core.rates import within_rate
from jobs.core.site_tools import why_no_agents
from jobs.core.states import JobState
from jobs.lifecycle import SubmitError, quote_job, submit_job
from jobs.lifecycle.limits.uses import Use, limits_of_members, uses_of
from jobs.lifecycle.saved.drafts import drafts_of, revision_of_draft
from jobs.lifecycle.submission.follow_up import earlier_of
from jobs.lifecycle.submission.panel import is_bundled_panel, model_names, offers_half_price
from jobs.lifecycle.submission.problem_text import MAX_PROBLEM_CHARS
from jobs.models import Job
from jobs.presenters.markdown import render_markdown
from jobs.presenters.tools import tools_in_words
from jobs.views.access import get_draft_for, get_job_for, get_template_for, job_named, jobs_of
from jobs.views.job_form.form_fields import (
    budget_fields,
    checker_choices,
    checkers_left_out,
    fields_of_checker,
    fields_of_options,
)
from jobs.views.job_form.forms import (
    CUSTOM,
    MAY_WAIT,
    PRESETS,
    RESULTS,
    NewJobForm,
    names_in,
    offered_strategies,
    typed_fields,
)
from jobs.views.job_page.file_rows import files_context
from solver.checkers import BaseChecker
from solver.core.money import MoneyError, format_usd, parse_usd
from solver.strategies import DEFAULT, current_name

_DRAFT = "new_job_draft"
_KEPT_CHARACTERS = 10_000
_PREVIEW_CHARACTERS = 20_000
_PREVIEWS_PER_MINUTE = 60
_EMPTY: Mapping[str, Any] = {"budget": "0.25", "strategy": DEFAULT}


def form_context(form: NewJobForm) -> dict[str, Any]:
    """Return what the form's partial needs."""
    budget = str(form["budget"].value() or "")
    custom = str(form["budget_custom"].value() or (budget if budget not in {CUSTOM, *PRESETS} else ""))
    no_agents = why_no_agents(model_names(), has_files=bool(form["attached"].value()))
    chosen = current_name(str(form["strategy"].value() or ""))
    strategies = offered_strategies(with_tools=not no_agents, chosen=chosen)
    return {
        "form": form,
        "presets": PRESETS,
        "results": RESULTS,
        "waits": MAY_WAIT if offers_half_price() or form["may_wait"].value() else [],
        "checkers": checker_choices(form),
        "checkers_left_out": checkers_left_out(),
        "strategies": strategies,
        "strategy": chosen if any(card.name == chosen for card in strategies) else DEFAULT,
        "no_agents": no_agents,
        "tools": tools_in_words(),
        "models": _models(str(form["models"].value() or "")),
        "budget": budget if budget in PRESETS else CUSTOM,
        "budget_custom": custom,
        "budget_label": _label(budget if budget in PRESETS else custom),
        "max_characters": MAX_PROBLEM_CHARS,
        "can_compare": len(model_names()) > 1,
        "is_bundled_panel": is_bundled_panel(),
    }


def _models(typed: str) -> list[tuple[str, bool]]:
    """Return the models that a job may use, and whether each was chosen; a chosen one that is gone can be taken back."""
    chosen, offered = names_in(typed), model_names()
    return [(name, name in chosen) for name in dict.fromkeys([*offered, *chosen])]


def _label(typed: str) -> str:
    """Return the amount on the Start button; empty if it is not valid."""
    try:
        return format_usd(parse_usd(typed))
    except MoneyError:
        return ""


@require_http_methods(["GET", "POST"])
def new_job(request: HttpRequest) -> HttpResponse:
    """Show the form; on Start, submit the job, or keep the draft and ask the person to sign in."""
    if request.method == "GET":
        if isinstance(request.user, User):
            keep_places(request)
        context = blank_form(request)
        if isinstance(request.user, User):
            require_role(request.user, Role.MEMBER, context["pays"])
        return render(request, "jobs/form/new.html", context)
    form = NewJobForm(request.POST)
    user = request.user
    needs_money, status = False, 422
    if form.is_valid():
        if not isinstance(user, User):
            return ask_to_sign_in(request, form)
        try:
            job = _submit(request, user, form)
        except SubmitError as error:
            form.add_submit_error(error)
            needs_money, status = error.code == "not_enough_money", 403 if error.code == "role" else 422
        else:
            return redirect(job)
    context = refused_form(request, form) | {"needs_money": needs_money}
    return render(request, "jobs/form/new.html", context, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is void, as after signing in in another tab; what was typed stays in its form."""
    own = f"{request.scheme}://{request.get_host()}"
    if request.path != reverse("job-new") or request.headers.get("Origin") != own:
        return default_csrf_failure(request, reason)
    form = NewJobForm(request.POST)
    form.add_error(
        None,
        "You signed in or out since this page was opened, so nothing was started. Your text is still here: press Start "
        "again.",
    )
    return render(request, "jobs/form/new.html", refused_form(request, form), status=403)


def refused_form(request: HttpRequest, form: NewJobForm) -> dict[str, Any]:
    """Return what the partial needs to show a form again, with what is wrong in it."""
    typed = {
        "email": request.POST.get("email", ""),
        "draft_id": uuid_of(request.POST.get("draft", "")) or uuid4(),
        "draft_revision": request.POST.get("draft_revision", ""),
    }
    pays = _payer(request, form)
    names = {
        "from_id": uuid_of(request.POST.get("from", "")),
        "follows": _followed(request, form),
        "pays": pays,
        "own_uses": _own_uses(request, pays),
        "files": files_context(request.user, str(form["attached"].value() or ""), workspace=pays),
    }
    return form_context(form) | typed | names


def _payer(request: HttpRequest, form: NewJobForm) -> Workspace | None:
    """Return the workspace that the job would be in; None for somebody who is not signed in."""
    return form.workspace_for(request.user) if isinstance(request.user, User) else None


def _own_uses(request: HttpRequest, pays: Workspace | None) -> list[Use]:
    """Return the limits that owners set on what the user may spend in the workspace that pays."""
    if pays is None or not isinstance(request.user, User):
        return []
    return uses_of(limits_of_members(pays, user=request.user))


def _followed(request: HttpRequest, form: NewJobForm) -> Job | None:
    """Return the job that a form follows up on, if it is the user's."""
    named = str(form["follows"].value() or "")
    return job_named(request.user, named) if named and isinstance(request.user, User) else None


def ask_to_sign_in(request: HttpRequest, form: NewJobForm) -> HttpResponse:
    """Keep what was typed, and begin signing in, which leads back.

    A text that is too long to be kept for somebody without an account stays in the form.
    """
    typed = typed_fields(request.POST)
    if sum(map(len, typed.values())) > _KEPT_CHARACTERS:
        form.add_error(
            "problem",
            f"Sign in first, then start this job: until you sign in, at most {_KEPT_CHARACTERS:,} characters are kept "
            "for you here. This browser keeps your text and shows it again once you have signed in.",
        )
        return render(request, "jobs/form/new.html", refused_form(request, form), status=422)
    request.session[_DRAFT] = typed
    messages.info(request, "Your draft is saved. Sign in, and you can start it.")
    return begin_sign_in(request, leads_to=reverse("job-new"))


def _submit(request: HttpRequest, user: User, form: NewJobForm) -> Job:
    """Submit the job of a valid form; the same form sent twice is one job. Raises SubmitError."""
    asked = form.job_request(user)
    form_id, parent_id = uuid_of(request.POST.get("draft", "")), uuid_of(request.POST.get("from", ""))
    earlier = Job.objects.filter(pk=form_id).exclude(state=JobState.DRAFT).first() if form_id else None
    if earlier and earlier.created_by_id == user.pk and asked.is_met_by(earlier):
        messages.info(
            request,
            "This job was already started, so no second one was. To start another, use “Run again with changes” once it "
            "has ended, or change the form.",
        )
        return earlier
    return submit_job(
        replace(
            asked,
            parent=jobs_of(user).filter(pk=parent_id).first() if parent_id else None,
            request_id=None if earlier else form_id,
            when_paid="when_paid" in request.POST,
        )
    )


class FormSource(NamedTuple):
    """What stands in the first form, and the draft or the earlier job that it comes from."""

    initial: Mapping[str, Any] = _EMPTY
    draft: Job | None = None
    from_id: UUID | None = None


def blank_form(request: HttpRequest) -> dict[str, Any]:
    """Return the first form: from an earlier job, a draft, what was typed before signing in, or empty."""
    source = _source_of(request)
    form = NewJobForm(initial=dict(source.initial))
    pays = _payer(request, form)
    return form_context(form) | {
        "follows": _followed(request, form),
        "pays": pays,
        "own_uses": _own_uses(request, pays),
        "files": files_context(request.user, str(form["attached"].value() or ""), workspace=pays),
        "draft": source.draft,
        "draft_id": source.draft.pk if source.draft else uuid4(),
        "draft_revision": revision_of_draft(source.draft) if source.draft else "",
        "from_id": source.from_id,
        "has_templates": isinstance(request.user, User) and request.user.job_templates.exists(),
    }


def _source_of(request: HttpRequest) -> FormSource:
    user = request.user if isinstance(request.user, User) else None
    if user and request.GET.get("from"):
        return _rerun(request, user, get_job_for(user, uuid_or_404(request.GET["from"])))
    if user and request.GET.get("follow"):
        return _follow_up(user, get_job_for(user, uuid_or_404(request.GET["follow"])))
    if user and request.GET.get("template"):
        template = get_template_for(user, uuid_or_404(request.GET["template"]))
        return FormSource({**_EMPTY, **template.form, **_in_workspace(user, template.workspace)})
    if user and request.GET.get("draft"):
        return _continued(get_draft_for(user, uuid_or_404(request.GET["draft"])))
    if kept := _kept_over_sign_in(request):
        return FormSource(kept)
    drafts = drafts_of(user, workspace_of(user)) if user and "empty" not in request.GET else []
    return next(map(_continued, drafts), FormSource())


def _in_workspace(user: User, workspace: Workspace) -> dict[str, str]:
    """Return the field that keeps a form in the workspace that it comes from, if the user may submit there."""
    return {"workspace": str(workspace.public_id)} if has_role(user, Role.MEMBER, workspace) else {}


def _rerun(request: HttpRequest, user: User, job: Job) -> FormSource:
    if job.texts_deleted_at:
        messages.warning(
            request,
            "The texts of that job were deleted, so it cannot be run again. Enter the problem again.",
        )
        return FormSource()
    return FormSource({**_initial_of(job), **_in_workspace(user, job.workspace)}, from_id=job.pk)


def _follow_up(user: User, job: Job) -> FormSource:
    """Return an empty form that follows up on a job, with the budget that one had."""
    fields = {**budget_fields(job.budget_nano), "follows": str(job.pk), "attached": _files_of(job)}
    return FormSource({**_EMPTY, **fields, **_in_workspace(user, job.workspace)})


def _continued(draft: Job) -> FormSource:
    strategy = current_name(draft.form.get("strategy", DEFAULT))
    kept = {**draft.form, "workspace": str(draft.workspace.public_id)}
    return FormSource({**kept, "problem": draft.problem, "strategy": strategy}, draft, draft.parent_id)


def _initial_of(job: Job) -> dict[str, Any]:
    return {
        "problem": job.problem,
        "follows": str(job.follows_id or ""),
        "tags": ", ".join(job.tags),
        "attached": _files_of(job),
        **budget_fields(job.budget_nano),
        **fields_of_checker(job.checker),
        **fields_of_options(job),
    }


def _files_of(job: Job) -> str:
    return " ".join(str(each) for each in job.attachments.filter(is_made=False).values_list("pk", flat=True))


def _kept_over_sign_in(request: HttpRequest) -> Any:
    if request.user.is_authenticated:
        kept = request.session.pop(_DRAFT, None)
        if kept:
            messages.info(request, "Here is your draft. Press Start when you are ready.")
        return kept
    return request.session.get(_DRAFT)


def uuid_of(text: str) -> UUID | None:
    """Return the id that a form or an address names. None: it names none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def uuid_or_404(text: str) -> UUID:
    """Return the id that an address names, or raise Http404."""
    found = uuid_of(text)
    if found is None:
        raise Http404
    return found


@require_POST
def quote(request: HttpRequest) -> HttpResponse:
    """Say what a budget buys, as the form stands now."""
    form = NewJobForm(request.POST)
    form.is_valid()
    data = form.cleaned_data
    budget_nano = data.get("budget")
    chosen = form.chosen_options()
    context: dict[str, Any] = {"budget_nano": budget_nano, "error": "", "offer": None}
    if chosen.asks_first or chosen.ask_above_nano:
        context["waits_for"] = answer_time_words(chosen.answer_within_s or settings.PONDER_ANSWER_WITHIN_S)
    if budget_nano is None and form.typed_budget():
        context["error"] = " ".join(str(error) for error in form.errors.get("budget", []))
    elif "problem" in data:
        try:
            context["offer"] = quote_job(
                problem=data["problem"],
                budget_nano=budget_nano,
                checker=data["parsed_checker"],
                strategy=data.get("strategy", DEFAULT),
                options=chosen,
                workspace=_payer(request, form),
                earlier=earlier_of(follows) if (follows := _followed(request, form)) else None,
                files=read_files(form.attached_files(request.user)) if isinstance(request.user, User) else (),
            )
        except SubmitError as error:
            context["error"] = error.message
    context["unread_check"] = " ".join(str(error) for error in form.errors.get("checker", []))
    if checker := data.get("parsed_checker"):
        context["recognised"] = "" if data.get("checker") else _recognised_words(checker)
        context["passes_nothing"] = checker.passes_nothing
    return render(request, "jobs/form/_quote.html", context)


def _recognised_words(checker: BaseChecker) -> str:
    """Say how an answer is checked; one of given options is not known to be right by that."""
    if checker.is_checkable:
        return f"An answer is right if it {checker.describe()}: each one is checked."
    return f"An answer {checker.describe()}: all others are refused."


@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Show the signed-in the beginning of their problem as it will be read, so many times a minute."""
    problem = request.POST.get("problem", "")
    context = {"rendered": "", "refusal": "", "limit": _PREVIEW_CHARACTERS}
    if not isinstance(request.user, User):
        context["refusal"] = "Sign in to see a preview."
    elif not within_rate(f"preview:{request.user.pk}", limit=_PREVIEWS_PER_MINUTE):
        context["refusal"] = "Too many previews. Wait a minute, then continue typing to see another."
    else:
        context["rendered"] = render_markdown(problem[:_PREVIEW_CHARACTERS], prefix="preview")
        context["is_cut"] = len(problem) > _PREVIEW_CHARACTERS
    # 200 also for a refusal: htmx shows no other reply.
    return render(request, "jobs/form/_preview.html", context)
