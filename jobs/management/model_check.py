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
from jobs.models import Job
from solver import least_budget_nano
from solver.core.models import ModelCard
from solver.core.money import NANO_PER_CENT, format_usd_exact
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem

_ASKED = "What is 6 times 7?"
_ASKED_PICTURE = "Which colour has the picture: red, green, blue or none of these? Answer with one word."
_SIDE_PIXELS = 64
_ASKED_JSON = 'Return a JSON object whose only member is "answer", with the number 6 times 7.'


def check_model(name: str, *, user: User, report: Callable[[str], None]) -> dict[str, Any]:
    """Run two small jobs on one model, three where it sees, and return what they came to, by what was looked at.

    `works` says whether a reply came and was counted. Money goes from the user's wallet, through holds as for any job.
    """
    try:
        [card] = build_panel([name])
        text = _ask(card, _ASKED, ResultKind.ANSWER, user=user, report=report)
        calls = _calls(text)
        data = _ask(card, _ASKED_JSON, ResultKind.DATA, user=user, report=report) if calls else None
        seen = _ask_of_a_picture(card, user=user, report=report) if calls and card.sees else None
    except SubmitError as error:
        return {"model": name, "works": False, "error": error.message}
    except FileError as error:
        return {"model": name, "works": False, "error": str(error)}
    jobs = [job for job in (text, data, seen) if job]
    settled = [call for job in jobs for call in _calls(job)]
    thought = any(call.reasoning_tokens for call in settled) or any(
        step.reasoning for job in jobs for step in job.steps.all()
    )
    return {
        "model": name,
        "works": bool(calls) and not any(call.usage_missing for call in settled),
        "text": text.answer or text.answer_text or "no answer",
        "json": bool(data and data.answer),
        "reasoning": thought,
        "images": bool(seen and "red" in seen.answer.lower()) if card.sees else "not by the price list",
        "tools": "by the price list" if card.calls_tools else "not by the price list",
        "tier": next((call.service_tier for call in settled if call.service_tier), "standard"),
        "counted": not any(call.usage_missing for call in settled) if settled else False,
        "served_as": next((call.served_model for call in settled if call.served_model), ""),
        "charged": format_usd_exact(sum(job.charged_nano for job in jobs)),
        "error": "" if calls else text.error,
    }


def _ask_of_a_picture(card: ModelCard, *, user: User, report: Callable[[str], None]) -> Job:
    """Show a model a small red square. Raises SubmitError and FileError."""
    held = io.BytesIO()
    Image.new("RGB", (_SIDE_PIXELS, _SIDE_PIXELS), (220, 20, 20)).save(held, "PNG")
    workspace = ensure_personal_workspace(user)
    square = take_in(ContentFile(held.getvalue()), raw_name="square.png", user=user, workspace=workspace)
    return _ask(card, _ASKED_PICTURE, ResultKind.ANSWER, user=user, report=report, files=(square,))


def _ask(
    card: ModelCard,
    problem: str,
    result: ResultKind,
    *,
    user: User,
    report: Callable[[str], None],
    files: tuple[Attachment, ...] = (),
) -> Job:
    """Run one job of one try on one model. Raises SubmitError."""
    options = JobOptions(models=(card.name,), max_tries=1, result=result)
    least_nano = least_budget_nano([card], Problem(problem, result=result), markup_bp=0)
    budget_nano = NANO_PER_CENT * max(math.ceil(3 * least_nano / NANO_PER_CENT), 1)
    request = JobRequest(
        user=user,
        workspace=ensure_personal_workspace(user),
        problem=problem,
        budget_nano=budget_nano,
        strategy="vote",
        options=options,
        files=files,
    )
    return solve(request, report)


def _calls(job: Job) -> list[Call]:
    return list(Call.objects.filter(job_id=job.pk, state=CallState.SETTLED).order_by("created_at"))
