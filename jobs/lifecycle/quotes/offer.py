"""The run contract: what a budget buys, shown before any money moves. No model is called."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from django.conf import settings

from accounts.models import Workspace
from files.passages import ReadFile
from jobs.core.errors import SubmitError
from jobs.core.options import NOTHING_CHOSEN, WAITS, JobOptions, waiting_words
from jobs.learning.lookup import informed_panel
from jobs.lifecycle.quotes.records import quote_json, quote_of, terms_of
from jobs.lifecycle.quotes.suggestion import LARGER, why_suggested
from jobs.lifecycle.quotes.times import at_this_load
from jobs.lifecycle.submission.files import told_files
from jobs.lifecycle.submission.panel import panel_for
from jobs.lifecycle.submission.problem_text import MAX_PROBLEM_CHARS
from jobs.lifecycle.submission.submit import check_affordable
from solver import at_cheaper_tier, least_budget_nano
from solver.checkers import BaseChecker, pose, recognise_checker
from solver.core.models import ModelCard
from solver.core.money import format_usd_about
from solver.core.problem.earlier import Earlier
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.quotes.quote import Quote, suggested_budget_nano
from solver.strategies import DEFAULT, strategy_for


class Offer(NamedTuple):
    """What the budget buys for a job that may take so long (None: minutes)."""

    may_wait_s: int | None
    quote: Quote

    @property
    def words(self) -> str:
        """How long it may take and how many attempts that buys: `by tonight: up to 80 attempts, typically $0.05`."""
        count = f"{self.quote.tries_high:,} {'draft' if self.quote.is_text else 'attempt'}"
        cost = format_usd_about(self.quote.cost_p50_nano)
        return f"{waiting_words(self.may_wait_s)}: up to {count}{'s'[: self.quote.tries_high > 1]}, typically {cost}"


class QuoteResult(NamedTuple):
    """A quote, why its budget is suggested (empty: one was typed), and what waiting or not waiting would buy.

    `offers` has the job that may wait first; none where no model is cheaper for those that wait.
    """

    quote: Quote
    reason: str = ""
    offers: tuple[Offer, ...] = ()
    result: ResultKind = ResultKind.ANSWER
    is_recognised: bool = False
    """Whether the words of the problem alone say what should come back."""

    @property
    def result_words(self) -> str:
        """What comes back, as a sentence for the terminal."""
        recognised = (
            " (recognised by the problem's words; --result chooses another)" if self.is_recognised else ""
        )
        return f"What comes back: {self.result.label.lower()}{recognised}."

    @property
    def offered(self) -> str:
        """The offers as a sentence; empty where there is nothing to choose."""
        said = "; ".join(offer.words for offer in self.offers)
        return f"{said[:1].upper()}{said[1:]}." if said else ""


def offers_json(result: QuoteResult) -> list[dict[str, Any]]:
    """Return the offers as programs read them; none where waiting changes nothing."""
    return [{"may_wait_s": offer.may_wait_s, **quote_json(offer.quote)} for offer in result.offers]


def quote_job(
    *,
    problem: str,
    budget_nano: int | None,
    checker: BaseChecker | None = None,
    strategy: str = DEFAULT,
    options: JobOptions = NOTHING_CHOSEN,
    workspace: Workspace | None = None,
    earlier: Earlier | None = None,
    files: Sequence[ReadFile] = (),
) -> QuoteResult:
    """Return what the budget buys for this problem with this installation's panel. Raises SubmitError.

    `workspace` is whose jobs have taught what to expect; None: nobody's, as for the signed-out. `earlier` is what the
    problem follows up on, `files` what was attached to it. Without a budget one is suggested, by the kind of problem and
    by what a right answer is worth, if that is told.
    """
    text = problem[:MAX_PROBLEM_CHARS]
    told = told_files(
        files,
        problem=text,
        posed=lambda told: pose(text, checker, options.result, earlier, told),
        models=options.models,
        budget_nano=budget_nano,
        rank=False,
    )
    posed = pose(text, checker, options.result, earlier, told)
    panel = informed_panel(
        panel_for(posed, options.models, may_wait_s=options.may_wait_s),
        posed,
        workspace=workspace,
        budget_nano=budget_nano,
        markup_bp=settings.PONDER_MARKUP_BP,
    )
    strategy = strategy_for(strategy, posed.result)
    terms = terms_of(strategy, options, panel, posed.kind, workspace=workspace)
    is_suggested = budget_nano is None
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
    said = quote_of(posed, panel, budget_nano=budget_nano, terms=terms, workspace=workspace)
    reason = ""
    if is_suggested:
        most_nano = min(LARGER * budget_nano, settings.PONDER_MAX_BUDGET_NANO)
        larger = (
            quote_of(posed, panel, budget_nano=most_nano, terms=terms, workspace=workspace)
            if most_nano > budget_nano
            else None
        )
        reason = why_suggested(said, larger, value_nano=options.value_nano)
    is_recognised = options.result is None and (checker is None or checker == recognise_checker(text))
    chosen = Offer(options.may_wait_s, said)
    other_panel, other_options = _otherwise(panel, options)
    if other_panel == panel or _least_nano(posed, other_panel) > budget_nano:
        return QuoteResult(at_this_load(said), reason, (), posed.result, is_recognised)
    terms = terms_of(strategy, other_options, other_panel, posed.kind, workspace=workspace)
    other = Offer(
        other_options.may_wait_s,
        quote_of(posed, other_panel, budget_nano=budget_nano, terms=terms, workspace=workspace),
    )
    offers = (chosen, other) if options.may_wait else (other, chosen)
    return QuoteResult(at_this_load(said), reason, offers, posed.result, is_recognised)


def _otherwise(panel: Sequence[ModelCard], options: JobOptions) -> tuple[list[ModelCard], JobOptions]:
    """Return panel and options of the same job if it might wait, or of one that may if it might not."""
    if options.may_wait:
        return [card.at_standard() for card in panel], replace(options, may_wait_s=None)
    longest_s = max(WAITS)
    waiting = [at_cheaper_tier(card, may_wait_s=longest_s) for card in panel]
    return waiting, replace(options, may_wait_s=longest_s)


def _least_nano(problem: Problem, panel: Sequence[ModelCard]) -> int:
    return least_budget_nano(panel, problem, markup_bp=settings.PONDER_MARKUP_BP)
