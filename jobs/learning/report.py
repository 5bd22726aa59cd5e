"""What was learned, in words and figures, for the terminal and the staff page."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import Avg, Count, F, Q

from accounts.models import Workspace
from jobs.core.states import UserVerdict
from jobs.models import Job, JobQuote, Learned
from solver.learning.censored_histogram import quantiles
from solver.learning.observations import Aspect, count
from solver.learning.posteriors import win_share
from solver.learning.tool_habits import habits_of

_RECENT_QUOTES = 1_000
_GIVERS_SHOWN = 3


class Posterior(NamedTuple):
    """One posterior as people read it: of one workspace, or the one that all share."""

    aspect: str
    subject: str
    kind: str
    taught_by: str
    """The workspace whose jobs taught it, or which workspaces have how large a part in what all share."""
    jobs: int
    text: str
    row: Learned


def posteriors(subject: str = "", kind: str = "", *, most: int | None = None) -> list[Posterior]:
    """Return what was learned, of all or of one model or strategy, on all kinds of problems or one.

    What all workspaces share comes first, then what each has taught itself, most jobs first.
    """
    rows = Learned.objects.exclude(jobs=0).select_related("workspace")
    if subject:
        rows = rows.filter(subject=subject)
    if kind:
        rows = rows.filter(kind=kind)
    ordered = rows.order_by("subject", "kind", "aspect", F("workspace").asc(nulls_first=True), "-jobs")[:most]
    return [
        Posterior(
            row.aspect, row.subject, row.kind, _taught_by(row), row.jobs, text_of(row.aspect, row.stats), row
        )
        for row in ordered
    ]


def _taught_by(row: Learned) -> str:
    """Return who taught a posterior; of a shared one the workspaces with the largest parts."""
    if row.workspace:
        return _named(row.workspace)
    same = Learned.objects.filter(aspect=row.aspect, subject=row.subject, kind=row.kind).exclude(given={})
    parts = [
        (
            sum(count(own.given, name) for name in own.given) / 2.0 ** (row.halvings - own.halvings),
            own.workspace,
        )
        for own in same.exclude(workspace=None).select_related("workspace")
    ]
    whole = sum(given for given, _ in parts)
    largest = sorted(parts, key=lambda part: -part[0])[:_GIVERS_SHOWN]
    said = ", ".join(
        f"{_named(workspace)} {given / whole:.0%}" for given, workspace in largest if workspace and whole
    )
    more = len(parts) - len(largest)
    return f"shared: {said}{f' and {more} more' if more else ''}"


def _named(workspace: Workspace) -> str:
    return f"{workspace.name} #{workspace.pk}"


def text_of(aspect: str, stats: Mapping[str, Any]) -> str:
    """Return counts as a sentence."""
    match aspect:
        case Aspect.ABILITY:
            return _share("first attempts right:", stats, "right", "wrong")
        case Aspect.OUTPUT:
            return "median {:,.0f}, nine in ten at most {:,.0f} tokens".format(*_spread(stats))
        case Aspect.SECONDS:
            return "median {:.1f} s, nine in ten at most {:.1f} s".format(*_spread(stats))
        case Aspect.JUDGING:
            return "; ".join(
                [
                    _share("accepts right answers:", stats, "pass_right", "fail_right"),
                    _share("rejects wrong ones:", stats, "fail_wrong", "pass_wrong"),
                    _share("prefers the right of two:", stats, "better_right", "better_wrong"),
                ]
            )
        case Aspect.STRATEGY:
            return "; ".join(_wins(stats, which) for which in ("checked", "open") if _ended(stats, which))
        case Aspect.QUOTE:
            return "; ".join(_cover(stats, w) for w in ("checked", "open") if count(stats, f"{w}_jobs"))
        case Aspect.TOOLS:
            turns, paid_uses, turn_bytes = habits_of(stats)
            return (
                f"an attempt with tools: {turns:.1f} calls, {paid_uses:.1f} paid uses, {turn_bytes:,.0f} bytes more "
                "with each turn"
            )
    return ""


def coverage() -> dict[str, Any]:
    """Return how often recent jobs stayed within their quotes."""
    recent = list(JobQuote.objects.exclude(charged_nano=None).order_by("-ended_at")[:_RECENT_QUOTES])
    jobs = len(recent)
    if not jobs:
        return {"jobs": 0}

    def share(hits: Iterable[object]) -> float:
        return round(sum(map(bool, hits)) / jobs, 3)

    costs = [(row, row.charged_nano or 0) for row in recent]
    return {
        "jobs": jobs,
        "p10_covers": share(cost <= row.cost_p10_nano for row, cost in costs),
        "p50_covers": share(cost <= row.cost_p50_nano for row, cost in costs),
        "p90_covers": share(cost <= row.cost_p90_nano for row, cost in costs),
        "time_within": share(row.time_low_s <= (row.took_s or 0.0) <= row.time_high_s for row in recent),
        "win_expected": round(sum(row.win_probability for row in recent) / jobs, 3),
        "win_rate": share(row.won for row in recent),
    }


class Verdicts(NamedTuple):
    """What people said of answers with a confidence, and how confident those were."""

    jobs: int
    right_share: float
    confidence: float


def verdicts() -> Verdicts | None:
    """Return how many of the answers that people judged were right, beside their mean confidence; None: none was."""
    judged = Job.objects.filter(
        user_verdict__in=[UserVerdict.RIGHT, UserVerdict.WRONG], confidence__isnull=False
    )
    found = judged.aggregate(
        jobs=Count("pk"),
        right=Count("pk", filter=Q(user_verdict=UserVerdict.RIGHT)),
        confidence=Avg("confidence"),
    )
    jobs = found["jobs"]
    return Verdicts(jobs, found["right"] / jobs, found["confidence"]) if jobs else None


def _ended(stats: Mapping[str, Any], which: str) -> float:
    return win_share(stats, checked=which == "checked")[1]


def _wins(stats: Mapping[str, Any], which: str) -> str:
    won, ended = win_share(stats, checked=which == "checked")
    words = "with a checker, solved" if which == "checked" else "without a checker, confident"
    return f"{words} {won:.0f} of {ended:.0f}"


def _cover(stats: Mapping[str, Any], which: str) -> str:
    jobs, covered = count(stats, f"{which}_jobs"), count(stats, f"{which}_covered")
    words = "with a checker" if which == "checked" else "without a checker"
    return f"{words}, within p90 {covered:.0f} of {jobs:.0f}"


def _share(words: str, stats: Mapping[str, Any], yes: str, no: str) -> str:
    of = count(stats, yes) + count(stats, no)
    return f"{words} {count(stats, yes) / of:.0%} of {of:.0f}" if of else f"{words} unknown"


def _spread(stats: Mapping[str, Any]) -> list[float]:
    return quantiles({name: count(stats, name) for name in stats}, (0.5, 0.9))
