"""The run contract: what a budget buys, shown before any money moves. No model is called."""

from typing import NamedTuple

from django.conf import settings

from accounts.models import Workspace
from jobs.core.errors import SubmitError
from jobs.core.options import NOTHING_CHOSEN, JobOptions
from jobs.learning.lookup import informed_panel
from jobs.lifecycle.panel import panel_for
from jobs.lifecycle.problem_text import MAX_PROBLEM_CHARS
from jobs.lifecycle.quote_records import quote_of, terms_of
from jobs.lifecycle.submit import check_affordable
from solver.checkers import BaseChecker, pose
from solver.core.earlier import Earlier
from solver.quotes.quote import Quote, suggested_budget_nano
from solver.strategies import DEFAULT, strategy_for


class QuoteResult(NamedTuple):
    """A quote, and whether its budget is suggested because none was typed."""

    quote: Quote
    suggested: bool


def quote_job(
    *,
    problem: str,
    budget_nano: int | None,
    checker: BaseChecker | None = None,
    strategy: str = DEFAULT,
    options: JobOptions = NOTHING_CHOSEN,
    workspace: Workspace | None = None,
    earlier: Earlier | None = None,
) -> QuoteResult:
    """Return what the budget buys for this problem with this installation's panel. Raises SubmitError.

    `workspace` is whose jobs have taught what to expect; None: nobody's, as for the signed-out. `earlier` is what the
    problem follows up on. Without a budget one is suggested, by the kind of problem and by what a right answer is worth,
    if that is told.
    """
    text = problem[:MAX_PROBLEM_CHARS]
    posed = pose(text, checker, options.result, earlier)
    panel = informed_panel(
        panel_for(posed, options.models),
        posed,
        workspace=workspace,
        budget_nano=budget_nano,
        markup_bp=settings.PONDER_MARKUP_BP,
    )
    strategy = strategy_for(strategy, posed.result)
    terms = terms_of(strategy, options, panel, posed.kind, workspace=workspace)
    suggested = budget_nano is None
    if budget_nano is None:
        budget_nano = suggested_budget_nano(
            posed,
            panel,
            terms=terms,
            most_nano=settings.PONDER_MAX_BUDGET_NANO,
            value_nano=options.value_nano,
        )
    if budget_nano <= 0:
        raise SubmitError("Enter a budget.", field="budget", code="out_of_range")
    check_affordable(posed, panel, budget_nano)
    return QuoteResult(
        quote_of(posed, panel, budget_nano=budget_nano, terms=terms, workspace=workspace), suggested
    )
