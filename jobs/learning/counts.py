"""The rows of what was learned: what a lesson adds to its workspace's own, and the little it adds to the shared ones.

A job teaches its own workspace in full, and all others as little as solver/learning/sharing.py allows. Jobs of the
operator (a superuser), such as benches, are taken at their word: they teach all others in full.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from jobs.models import Job, JobQuote, Learned
from solver.learning.observations import MOST_COUNTED, Aspect, CountUpdate, added, count, merged
from solver.learning.sharing import allowance
from solver.quotes.quantile_tracking import Measured, tracked, tracked_jobs


def add_counts(job: Job, update: CountUpdate) -> None:
    """Add what a job teaches to its workspace's counts and, as far as allowed, to those that all share."""
    own = _locked(job.workspace_id, update.aspect, update.subject, update.kind)
    own.stats, own.jobs = merged(own.stats, update.counts), own.jobs + 1
    if settings.PONDER_SHARE_LEARNING and (update.is_shared or job.created_by.is_superuser):
        shared = _locked(None, update.aspect, update.subject, update.kind)
        weight = sum(update.counts.values())
        taken = _taken(job, own, shared, weight=weight, there=_sum(shared.stats))
        if taken:
            part = {name: number * taken / weight for name, number in update.counts.items()}
            shared.halvings += _sum(added(shared.stats, part)) > MOST_COUNTED
            shared.stats, shared.jobs = merged(shared.stats, part), shared.jobs + 1
            shared.save()
            own.given = added(own.given, part)
    own.save()


def replace_counts(
    job: Job, before: Sequence[CountUpdate], after: Sequence[CountUpdate], *, taught_at: datetime
) -> None:
    """Put what is now known of a job in the place of what it taught `before`, in its workspace's counts alone.

    What it shared stays as it was: a person's word moves nobody else. A posterior that was reset since it was taught
    has forgotten the job, and is left alone.
    """
    old, new = ({update[:3]: update.counts for update in updates} for updates in (before, after))
    for key in sorted({*old, *new}):
        if old.get(key) == new.get(key):
            continue
        own = _locked(job.workspace_id, *key)
        if own.since > taught_at:
            continue
        gone = old.get(key, {})
        left = {name: count(own.stats, name) - count(gone, name) for name in own.stats}
        own.stats = merged({name: value for name, value in left.items() if value > 0}, new.get(key, {}))
        own.jobs = max(own.jobs + (key in new) - (key in old), 0)
        own.save()


def track_quote(job: Job, quote: JobQuote) -> list[Any]:
    """Learn from how far a quote was off; return what the drift watch reads of it."""
    seen = Measured(
        quoted_nano=(quote.cost_p10_nano, quote.cost_p50_nano, quote.cost_p90_nano),
        quoted_s=(quote.time_low_s, quote.time_high_s),
        win_probability=quote.win_probability,
        budget_nano=quote.budget_nano,
        charged_nano=quote.charged_nano or 0,
        took_s=quote.took_s or 0.0,
        won=bool(quote.won),
    )
    own = _locked(job.workspace_id, Aspect.QUOTE, quote.strategy, quote.kind)
    own.stats, own.jobs = tracked(own.stats, seen, checked=quote.checked), own.jobs + 1
    if settings.PONDER_SHARE_LEARNING:
        shared = _locked(None, Aspect.QUOTE, quote.strategy, quote.kind)
        taken = _taken(job, own, shared, weight=1.0, there=tracked_jobs(shared.stats))
        if taken:
            shared.stats = tracked(shared.stats, seen, checked=quote.checked, weight=taken)
            shared.jobs += 1
            shared.save()
            own.given = added(own.given, {"jobs": taken})
    own.save()
    return [Aspect.QUOTE, quote.strategy, quote.kind, {"covered" if seen.covered else "exceeded": 1.0}]


def forget(subject: str = "", kind: str = "") -> int:
    """Empty posteriors (of a model or strategy, of a kind, or all); return how many. What was taught stays taught."""
    rows = Learned.objects.all()
    if subject:
        rows = rows.filter(subject=subject)
    if kind:
        rows = rows.filter(kind=kind)
    now = timezone.now()
    return rows.update(stats={}, given={}, given_today=0.0, jobs=0, halvings=0, since=now, updated_at=now)


def _locked(workspace_id: int | None, aspect: str, subject: str, kind: str) -> Learned:
    """Return the locked row of a posterior (None: the shared one), made if it is not there."""
    key: dict[str, Any] = {"workspace_id": workspace_id, "aspect": aspect, "subject": subject, "kind": kind}
    Learned.objects.bulk_create([Learned(**key)], ignore_conflicts=True)
    return Learned.objects.select_for_update(no_key=True).get(**key)


def _taken(job: Job, own: Learned, shared: Learned, *, weight: float, there: float) -> float:
    """Return how much of `weight` observations is shared, `there` being shared already; note the day's sum in `own`."""
    halved = 2.0 ** (own.halvings - shared.halvings)
    own.given = {name: count(own.given, name) * halved for name in own.given}
    own.halvings = shared.halvings
    today = timezone.now().date()
    if own.given_on != today:
        own.given_on, own.given_today = today, 0.0
    allowed = allowance(shared=there, given=_sum(own.given), given_today=own.given_today)
    taken = weight if job.created_by.is_superuser else min(allowed, weight)
    own.given_today += taken
    return taken


def _sum(counts: dict[str, Any]) -> float:
    return sum(count(counts, name) for name in counts)
