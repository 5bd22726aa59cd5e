"""What a job has done so far, read from its journal: phases, answers, totals, and a revision that says what changed."""

import hashlib
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from jobs.models import Job, StepRecord, StepState
from jobs.presenters.spend import Spend
from solver.inference.explanation import count_of

CLUSTERS_SHOWN = 8

_PHASES = {
    "plan": "Plan",
    "sample": "Explore",
    "revise": "Revise",
    "grade": "Verify",
    "compare": "Compare",
    "aggregate": "Combine",
    "write_up": "Write up",
}
_ORDER = list(dict.fromkeys(_PHASES.values()))
_CALLS = {
    "Explore": ("attempt", "attempts"),
    "Revise": ("revision", "revisions"),
    "Verify": ("check", "checks"),
    "Compare": ("comparison", "comparisons"),
    "Combine": ("combination", "combinations"),
}


class Phase(NamedTuple):
    """One phase and its results."""

    label: str
    tries: int
    kept: int
    charged_nano: int
    is_now: bool

    @property
    def calls(self) -> str:
        """The number of calls with their name, such as `3 revisions`."""
        return count_of(self.tries, *_CALLS.get(self.label, ("call", "calls")))


class Cluster(NamedTuple):
    """Attempts that gave equal answers."""

    answer: str
    votes: int
    charged_nano: int
    permille: int
    passed: bool | None
    is_best: bool


class Clusters(NamedTuple):
    """The leading clusters, and counts of the others."""

    shown: list[Cluster]
    more_answers: int
    more_votes: int
    without_answer: int


class Totals(NamedTuple):
    """Calls and tokens so far."""

    calls: int
    tokens: int
    open_calls: int


def revision_of(job: Job, spend: Spend) -> str:
    """Return a short text that changes whenever the live page would. Cheap: it is asked for every two seconds."""
    told = StepRecord.objects.filter(job=job).aggregate(last=Max("seq"))["last"]
    parts = (job.state, job.wanted, job.version, spend, told, job.phase, job.best, job.next_at)
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _told(job: Job) -> QuerySet[StepRecord]:
    return StepRecord.objects.filter(job=job, state=StepState.TOLD).exclude(kind="note")


def phases_of(job: Job) -> list[Phase]:
    """Return the phases that have begun, in the order in which jobs go through them."""
    rows = (
        _told(job)
        .values("kind")
        .annotate(
            tries=Count("pk"),
            kept=Count("pk", filter=Q(status="ok")),
            cost=Sum("charged_nano"),
            last=Max("seq"),
        )
    )
    merged: dict[str, list[int]] = {}
    for row in rows:
        counts = merged.setdefault(_PHASES.get(row["kind"], "Other"), [0, 0, 0, 0])
        values = (row["tries"], row["kept"], row["cost"] or 0)
        counts[:3] = [a + b for a, b in zip(counts, values, strict=False)]
        counts[3] = max(counts[3], row["last"] or 0)
    newest = max((counts[3] for counts in merged.values()), default=0)
    labels = sorted(merged, key=lambda label: _ORDER.index(label) if label in _ORDER else len(_ORDER))
    return [
        Phase(label, tries, kept, cost, is_now=not job.has_ended and last == newest)
        for label in labels
        for tries, kept, cost, last in [merged[label]]
    ]


def clusters_of(job: Job) -> Clusters:
    """Return the answers that were found, most votes first."""
    # An answer to a part of the problem is none to the problem.
    samples = _told(job).filter(status="ok", kind__in=["sample", "revise", "aggregate"], subproblem=False)
    answered = samples.exclude(answer_key="")
    rows = list(
        answered.values("answer_key")
        .annotate(
            votes=Count("pk"),
            answer_text=Min("answer"),
            cost=Sum("charged_nano"),
            first=Min("seq"),
            passed=Count("pk", filter=Q(verdict__passed=True)),
            failed=Count("pk", filter=Q(verdict__passed=False)),
        )
        .order_by("-passed", "-votes", "first")
    )
    best = job.answer or job.best.get("answer", "")
    most = max((row["votes"] for row in rows), default=1)
    shown = [
        Cluster(
            answer=row["answer_text"],
            votes=row["votes"],
            charged_nano=row["cost"] or 0,
            permille=row["votes"] * 1000 // most,
            passed=True if row["passed"] else False if row["failed"] else None,
            is_best=row["answer_text"] == best or row["answer_key"] == best,
        )
        for row in rows[:CLUSTERS_SHOWN]
    ]
    rest = rows[CLUSTERS_SHOWN:]
    return Clusters(
        shown, len(rest), sum(row["votes"] for row in rest), samples.filter(answer_key="").count()
    )


def totals_of(job: Job) -> Totals:
    """Return calls and tokens so far."""
    row = (
        StepRecord.objects.filter(job=job)
        .exclude(kind="note")
        .aggregate(
            calls=Count("pk", filter=Q(state=StepState.TOLD)),
            tokens=Sum("tokens"),
            open=Count("pk", filter=Q(state=StepState.OPEN)),
        )
    )
    return Totals(row["calls"], row["tokens"] or 0, row["open"])
