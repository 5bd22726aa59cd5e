"""Asks each model of the panel for a fraction of a cent, by jobs as any other: what works, and what it was billed as."""

import io
import math
from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing.models import Call, CallState
from files.errors import FileError
from files.models import Attachment
from files.store import take_in
from jobs.core.errors import SubmitError
from jobs.core.options import JobOptions
from jobs.lifecycle import JobRequest
from jobs.lifecycle.submission.panel import build_panel
from jobs.management.terminal import solve
from jobs.models import Job, StepState
from solver import least_budget_nano
from solver.core.models import ModelCard
from solver.core.money import NANO_PER_CENT, format_usd_exact
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import Status, StepKind

_ASKED = "What is 6 times 7?"
_ASKED_PICTURE = "Which colour is the picture: red, green, blue or none of these? Answer with one word."
_SIDE_PIXELS = 64
_ASKED_TOOL = "Call the tool “add” to add 20417 and 31337. Give their sum."
_SUM = "51754"
_CONVERSATION_BYTES = 20_000
_ASKED_JSON = 'Return a JSON object whose only member is "answer", with the number 6 times 7.'


def check_model(name: str, *, user: User, report: Callable[[str], None]) -> dict[str, Any]:
    """Run two small jobs on one model, and one each where it should see and call tools; return what they came to.

    `works` says whether a reply with a text came and was counted; `error` why not.
    Money goes from the user's wallet, through holds as for any job.
    """
    try:
        [card] = build_panel([name])
        text = _ask(card, _ASKED, ResultKind.ANSWER, user=user, report=report)
        calls = _calls(text)
        data = _ask(card, _ASKED_JSON, ResultKind.DATA, user=user, report=report) if calls else None
        seen = _ask_of_a_picture(card, user=user, report=report) if calls and card.sees else None
        used = _ask_for_a_tool(card, user=user, report=report) if calls and card.calls_tools else None
    except SubmitError as error:
        return {"model": name, "works": False, "error": error.message}
    except FileError as error:
        return {"model": name, "works": False, "error": str(error)}
    jobs = [job for job in (text, data, seen, used) if job]
    settled = [call for job in jobs for call in _calls(job)]
    thought = any(call.reasoning_tokens for call in settled) or any(
        step.reasoning for job in jobs for step in job.steps.all()
    )
    wrote = any(step.text.strip() for step in text.steps.all())
    return {
        "model": name,
        "works": wrote and bool(calls) and not any(call.usage_missing for call in settled),
        "text": text.answer or text.answer_text or "no answer",
        "json": bool(data and data.answer),
        "reasoning": thought,
        "images": bool(seen and "red" in seen.answer.lower()) if card.sees else "not by the price list",
        "tools": _tool_words(used)
        if used
        else ("not asked" if card.calls_tools else "not by the price list"),
        "tier": next((call.service_tier for call in settled if call.service_tier), "standard"),
        "counted": not any(call.usage_missing for call in settled) if settled else False,
        "served_as": next((call.served_model for call in settled if call.served_model), ""),
        "charged": format_usd_exact(sum(job.charged_nano for job in jobs)),
        "error": "" if wrote else text.error or "its replies are empty",
    }


def _ask_of_a_picture(card: ModelCard, *, user: User, report: Callable[[str], None]) -> Job:
    """Show a model a small red square. Raises SubmitError and FileError."""
    held = io.BytesIO()
    Image.new("RGB", (_SIDE_PIXELS, _SIDE_PIXELS), (220, 20, 20)).save(held, "PNG")
    workspace = ensure_personal_workspace(user)
    square = take_in(ContentFile(held.getvalue()), raw_name="square.png", user=user, workspace=workspace)
    return _ask(card, _ASKED_PICTURE, ResultKind.ANSWER, user=user, report=report, files=(square,))


def _ask_for_a_tool(card: ModelCard, *, user: User, report: Callable[[str], None]) -> Job:
    """Have a model use a tool that adds. Raises SubmitError."""
    return _ask(card, _ASKED_TOOL, ResultKind.ANSWER, user=user, report=report, checks_tools=True)


def _tool_words(job: Job) -> str:
    """Return what a model did that should have called a tool."""
    steps = job.steps.filter(state=StepState.TOLD)
    uses = steps.filter(kind=StepKind.TOOL)
    if any(use.text.strip() == _SUM for use in uses):
        return "works" if _SUM in job.answer else "calls them, and does not read what they bring"
    if steps.filter(kind=StepKind.TURN).exists():
        return "does not work: its calls could not be carried out"
    if steps.filter(kind=StepKind.SAMPLE, status=Status.OK).exists():
        return "answered in text"
    return f"does not work: {job.error or 'the call failed'}"


def _ask(
    card: ModelCard,
    problem: str,
    result: ResultKind,
    *,
    user: User,
    report: Callable[[str], None],
    files: tuple[Attachment, ...] = (),
    checks_tools: bool = False,
) -> Job:
    """Run one job of one try on one model. Raises SubmitError."""
    options = JobOptions(models=(card.name,), max_tries=1, result=result, checks_tools=checks_tools)
    # Tools are offered where the turns that follow can be paid for, too. What is not used comes back.
    size = Problem("0" * _CONVERSATION_BYTES if checks_tools else problem, result=result)
    least_nano = least_budget_nano([card], size, markup_bp=0)
    budget_nano = NANO_PER_CENT * max(math.ceil(3 * least_nano / NANO_PER_CENT), 1)
    request = JobRequest(
        user=user,
        workspace=ensure_personal_workspace(user),
        problem=problem,
        budget_nano=budget_nano,
        strategy="agent" if checks_tools else "vote",
        options=options,
        files=files,
    )
    return solve(request, report)


def _calls(job: Job) -> list[Call]:
    return list(Call.objects.filter(job_id=job.pk, state=CallState.SETTLED).order_by("created_at"))
