"""What of a problem's files its models are told: decided once, at the submission, and kept with the job."""

from collections.abc import Callable, Sequence

from django.conf import settings

from files.passages import Chooser, ReadFile
from jobs.core.errors import SubmitError
from jobs.lifecycle.submission.panel import panel_for
from solver import least_budget_nano
from solver.core.problem.attached import AttachedFile
from solver.core.problem.statement import Problem

MOST_BYTES = 100_000
"""Of all files together in one prompt, in UTF-8; what is longer is ranked."""
LEAST_BYTES = 4_000
_CALLS = 8
"""So many calls the budget should pay for, before less of the files is told."""


def told_files(
    files: Sequence[ReadFile],
    *,
    problem: str,
    posed: Callable[[Sequence[AttachedFile]], Problem],
    models: Sequence[str],
    budget_nano: int | None,
    rank: bool = True,
) -> tuple[AttachedFile, ...]:
    """Return as much of the files as the models' context windows hold and the budget pays for several times over.

    `posed` makes the problem with what is told of the files. `rank=False` counts without ranking, for a quote.
    """
    if not files:
        return ()
    chooser, most_bytes = Chooser(files, problem, rank=rank), MOST_BYTES
    while True:
        told = chooser.within(most_bytes)
        if most_bytes < LEAST_BYTES or _fits(posed(told), models, budget_nano):
            return told
        most_bytes //= 2


def _fits(problem: Problem, models: Sequence[str], budget_nano: int | None) -> bool:
    try:
        panel = panel_for(problem, models)
    except SubmitError as error:
        # Any other refusal is told when the whole request is looked at.
        return error.code != "too_long_for_models"
    least = least_budget_nano(panel, problem, markup_bp=settings.PONDER_MARKUP_BP)
    return budget_nano is None or least * _CALLS <= budget_nano
