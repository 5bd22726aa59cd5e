"""What the new-job form offers, and what stands in it for the next run of an earlier job."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django import forms

from jobs.core.code_checks import left_out, why_not_offered
from jobs.core.options import ANSWER_TIMES, NOTHING_CHOSEN, WAITS, JobOptions
from jobs.models import Job
from jobs.views.job_form.forms import CUSTOM, NO_CHECK, PRESETS, NewJobForm
from solver.checkers import REGISTRY, CheckerError, Field, checker_from_json
from solver.core.money import usd_decimal
from solver.core.problem.result_kind import ResultKind
from solver.strategies import strategy_for


class CheckerChoice(NamedTuple):
    """A checker as the form offers it, with its fields."""

    kind: str
    title: str
    hint: str
    fields: Sequence[tuple[Field, forms.BoundField]]


def checker_choices(form: NewJobForm) -> list[CheckerChoice]:
    """Return what the form offers to check answers with, what the problem itself says first."""
    return [
        CheckerChoice("", "Automatic", "", []),
        CheckerChoice(NO_CHECK, "No", "", []),
        *(
            CheckerChoice(
                kind, each.title, each.form_hint, [(one, form[one.name]) for one in each.form_fields]
            )
            for kind, each in REGISTRY.items()
            if not why_not_offered(each)
        ),
    ]


def checkers_left_out() -> list[str]:
    """Return why some checkers are not offered."""
    return left_out(REGISTRY.values())


def fields_of_checker(data: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the form fields that say what the checker of a job says; automatic for one that is known no longer."""
    try:
        checker = checker_from_json(data)
    except CheckerError:
        return {}
    return {"checker": checker.kind, **checker.to_fields()} if checker else {"checker": NO_CHECK}


def budget_fields(budget_nano: int) -> dict[str, str]:
    """Return the form fields of a budget: a chip where one fits."""
    text = usd_decimal(budget_nano).removesuffix(".00")
    return {"budget": text} if text in PRESETS else {"budget": CUSTOM, "budget_custom": text}


def fields_of_options(job: Job) -> dict[str, str]:
    """Return the form fields that say what a job's strategy and options say."""
    try:
        chosen = JobOptions.from_json(job.options)
    except (TypeError, ValueError):
        # Of another release: the form begins without them.
        chosen = NOTHING_CHOSEN
    return {
        "strategy": strategy_for(job.strategy, ResultKind.ANSWER),
        "confidence_target": "" if chosen.confidence_target is None else f"{chosen.confidence_target:g}",
        "models": " ".join(chosen.models),
        "result": chosen.result or "",
        "value": "" if chosen.value_nano is None else usd_decimal(chosen.value_nano),
        "example": chosen.example or "",
        "asks_first": "1" if chosen.asks_first else "",
        "ask_above": "" if chosen.ask_above_nano is None else usd_decimal(chosen.ask_above_nano),
        "answer_within": str(chosen.answer_within_s) if chosen.answer_within_s in ANSWER_TIMES else "",
        "may_wait": str(chosen.may_wait_s) if chosen.may_wait_s in WAITS else "",
    }
