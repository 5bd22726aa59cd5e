"""Quotes of posed problems, and the record of what came of them."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import Workspace
from jobs.core.options import JobOptions
from jobs.core.site_tools import paid_use_nano
from jobs.learning.lookup import learned_habits, learned_shift, learned_store
from jobs.models import Job, JobQuote
from jobs.models.question import waited_for_answers
from solver import longest_batch_s
from solver.core.models import ModelCard
from solver.core.money import format_usd, format_usd_about, usd_decimal
from solver.core.pricing import FLEX
from solver.core.problem.statement import Problem
from solver.learning.observations import BY_ITSELF, WON
from solver.learning.posteriors import seconds_per_call
from solver.quotes.quote import Quote, Terms, quote

# Of models that write only the working of a puzzle, and of others.
_DEFAULT_CALL_S = {True: 1.0, False: 30.0}
_FLEX_SLOWNESS = 3.0
"""How many times longer calls at the tier `flex` are expected to take: a guess, for no provider promises it."""


def terms_of(
    strategy: str,
    options: JobOptions,
    panel: Sequence[ModelCard],
    kind: str,
    *,
    workspace: Workspace | None,
) -> Terms:
    """Return the terms under which this installation would run a job; calls take as long as they took so far."""
    names, is_quick = [card.name for card in panel], all(not card.writes for card in panel)
    slowness = _FLEX_SLOWNESS if any(card.service == FLEX for card in panel) else 1.0
    return Terms(
        strategy=strategy,
        markup_bp=settings.PONDER_MARKUP_BP,
        call_s=slowness
        * seconds_per_call(names, learned_store(names, kind, workspace), default=_DEFAULT_CALL_S[is_quick]),
        slots=settings.PONDER_CALLS_PER_JOB,
        paid_use_nano=paid_use_nano(),
        habits=learned_habits(strategy, kind, workspace),
        batch_s=longest_batch_s(panel, may_wait_s=options.may_wait_s),
        **({"target": options.confidence_target} if options.confidence_target else {}),
    )


def quote_of(
    problem: Problem,
    panel: Sequence[ModelCard],
    *,
    budget_nano: int,
    terms: Terms,
    workspace: Workspace | None,
) -> Quote:
    """Return what a budget buys for a posed problem, by the committed table and by what jobs have taught."""
    learned = learned_shift(terms.strategy, problem.kind, workspace, checked=problem.is_checkable)
    return quote(problem, panel, budget_nano=budget_nano, terms=terms, learned=learned)


def record_quote(job: Job, problem: Problem, panel: Sequence[ModelCard]) -> None:
    """Keep what is expected of a job that is being started."""
    terms = terms_of(
        job.strategy, JobOptions.from_json(job.options), panel, problem.kind, workspace=job.workspace
    )
    said = quote_of(problem, panel, budget_nano=job.budget_nano, terms=terms, workspace=job.workspace)
    JobQuote.objects.create(
        job=job,
        strategy=said.strategy,
        kind=problem.kind,
        checked=problem.is_checkable,
        budget_nano=said.budget_nano,
        cost_p10_nano=said.cost_p10_nano,
        cost_p50_nano=said.cost_p50_nano,
        cost_p90_nano=said.cost_p90_nano,
        time_low_s=said.time_low_s,
        time_high_s=said.time_high_s,
        win_probability=said.win_probability,
    )


def record_outcome(job: Job) -> None:
    """Record the outcome of a quote if the job ran to completion under the quoted budget."""
    if job.version != 1 or job.stop_reason not in BY_ITSELF or job.started_at is None:
        return
    now = timezone.now()
    JobQuote.objects.filter(job=job, budget_nano=job.budget_nano).update(
        charged_nano=job.charged_nano,
        took_s=(now - job.started_at - waited_for_answers(job)).total_seconds(),
        won=job.stop_reason in WON,
        ended_at=now,
    )


def quote_text(quote: Quote) -> str:
    """Return a quote as a paragraph for the terminal, to be read before the start."""
    return (
        f"{quote.sentence} {quote.chance} "
        f"Typical cost {format_usd_about(quote.cost_p50_nano)}; nine in ten such jobs cost at most "
        f"{format_usd_about(quote.cost_p90_nano)}, and this one never more than {format_usd(quote.budget_nano)}. "
        f"Usually takes {quote.time_low_s}–{quote.time_high_s} s."
    )


def quote_json(quote: Quote | JobQuote) -> dict[str, Any]:
    """Return what programs read of a quote; money as decimal strings of dollars."""
    return {
        "budget_usd": usd_decimal(quote.budget_nano),
        "cost_p10_usd": usd_decimal(quote.cost_p10_nano),
        "cost_p50_usd": usd_decimal(quote.cost_p50_nano),
        "cost_p90_usd": usd_decimal(quote.cost_p90_nano),
        "time_low_s": quote.time_low_s,
        "time_high_s": quote.time_high_s,
        "win_probability": round(quote.win_probability, 4),
        **(
            {"tries_low": quote.tries_low, "tries_high": quote.tries_high} if isinstance(quote, Quote) else {}
        ),
        "strategy": quote.strategy,
    }
