"""Verified traces for fine-tuning: what models wrote that a checker proved, of users who agreed to it.

Only tries at the whole problem count, whose verdict came from an exact checker; of equal texts one is taken. A line is
in the conversational form that trainers read: for supervised tuning `messages`, the last one the proven reply; for
preference tuning (Rafailov et al., “Direct Preference Optimization”, 2023) `prompt`, `chosen` and `rejected`, a proven
and a refused reply to the very same prompt.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from jobs.core.states import ENDED
from jobs.models import Job, Prompt, StepRecord, StepState
from solver.checkers import CheckerError, checker_from_json, problem_kind
from solver.core.lines import line_of
from solver.core.steps import StepKind

logger = logging.getLogger(__name__)

FORMS = ("sft", "pairs")
_STEPS_AT_ONCE = 500


def traces(form: str, *, per_job: int = 4, kind: str = "", model: str = "") -> Iterator[dict[str, Any]]:
    """Yield the traces of ended jobs, oldest first, at most `per_job` of each; `kind` and `model` choose among them.

    `form` is one of FORMS. Users agree on their settings page (`User.share_traces`), and may take it back at any time:
    what was exported before is out of reach.
    """
    jobs = Job.objects.filter(state__in=ENDED, created_by__share_traces=True, texts_deleted_at=None)
    for job in jobs.exclude(checker={}).order_by("created_at", "pk").iterator(100):
        try:
            checker = checker_from_json(job.checker)
            of_kind = problem_kind(job.problem, checker)
        except CheckerError:
            logger.warning(
                "Job %s has a checker that this release does not know; its traces are left out.", job.pk
            )
            continue
        # What passed a check of form alone is not known to be right.
        if (kind and of_kind != kind) or checker is None or not checker.is_checkable:
            continue
        right, wrong = _judged(job, model)
        facts = {"job": str(job.pk), "kind": of_kind, "checker": job.checker}
        lines = _proven(right) if form == "sft" else _pairs(right, wrong)
        for number, line in enumerate(lines):
            if number == per_job:
                break
            yield line | facts


def _judged(job: Job, model: str) -> tuple[Sequence[StepRecord], Sequence[StepRecord]]:
    """Return the proven and the refused tries of a job, as told; of the same text to the same prompt the first."""
    steps = StepRecord.objects.filter(
        job=job,
        state=StepState.TOLD,
        kind=StepKind.SAMPLE,
        status="ok",
        subproblem=False,
        verdict__passed__in=[True, False],
    )
    if model:
        steps = steps.filter(model=model)
    known: dict[tuple[str, str], StepRecord] = {}
    for step in steps.order_by("seq").iterator(_STEPS_AT_ONCE):
        # A reply that was cut short is no example, whatever it came to; one that read what tools brought shows texts that
        # are not the user's to give.
        if line_of(step.key):
            continue
        if step.text.strip() and step.finish_reason in {"", "stop"}:
            known.setdefault((step.prompt_sha256, step.text), step)
    return (
        [step for step in known.values() if _passed(step)],
        [step for step in known.values() if not _passed(step)],
    )


def _passed(step: StepRecord) -> bool:
    return bool(step.verdict and step.verdict["passed"])


def _proven(right: Sequence[StepRecord]) -> Iterator[dict[str, Any]]:
    for step in right:
        prompt = _prompt(step)
        if prompt:
            yield {"messages": [*prompt, _reply(step)], "model": step.model}


def _pairs(right: Sequence[StepRecord], wrong: Sequence[StepRecord]) -> Iterator[dict[str, Any]]:
    """Yield pairs, each reply in one of them at most."""
    left = list(wrong)
    for good in right:
        bad = next((step for step in left if step.prompt_sha256 == good.prompt_sha256), None)
        prompt = _prompt(good)
        if bad is None or not prompt:
            continue
        left.remove(bad)
        models = {"chosen_model": good.model, "rejected_model": bad.model}
        yield {"prompt": prompt, "chosen": [_reply(good)], "rejected": [_reply(bad)], **models}


def _prompt(step: StepRecord) -> list[dict[str, str]]:
    found = Prompt.objects.filter(job_id=step.job_id, sha256=step.prompt_sha256).first()
    messages: list[dict[str, str]] = found.messages if found else []
    return [{"role": each["role"], "content": each["content"]} for each in messages]


def _reply(step: StepRecord) -> dict[str, str]:
    thoughts = {"reasoning_content": step.reasoning} if step.reasoning else {}
    return {"role": "assistant", "content": step.text, **thoughts}
