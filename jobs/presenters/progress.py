"""What a job has done so far, read from its journal: phases, answers, totals."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.db.models.fields.json import KT

from jobs.models import Job, StepRecord, StepState
from solver.core.money import format_usd_parts
from solver.core.problem.result_kind import ResultKind
from solver.core.steps import StepKind
from solver.inference.explanation import UNREAD, count_of, unread_sentence

CLUSTERS_SHOWN = 8
_MANY_UNREAD = 3

_PHASES = {
    "question": "Look for what is unclear",
    "plan": "Plan",
    "turn": "Look up",
    "tool": "Use tools",
    "sample": "Explore",
    "revise": "Revise",
    "grade": "Verify",
    "compare": "Compare",
    "aggregate": "Combine",
    "program": "Explore",
    "tests": "Write tests",
    "run": "Run",
    "output": "Run",
    "write_up": "Write up",
}
_OF_TEXTS = {
    "question": "Look for what is unclear",
    "plan": "Plan",
    "turn": "Look up",
    "tool": "Use tools",
    "sample": "Draft",
    "group": "Group conclusions",
    "rubric": "Judge by the rubric",
    "compare": "Compare",
    "revise": "Revise",
    "aggregate": "Combine",
}
"""The phases of a text, in their own order."""
_CALLS = {
    "Draft": ("draft", "drafts"),
    "Explore": ("attempt", "attempts"),
    "Revise": ("revision", "revisions"),
    "Verify": ("check", "checks"),
    "Judge by the rubric": ("verdict", "verdicts"),
    "Compare": ("comparison", "comparisons"),
    "Combine": ("combination", "combinations"),
    "Run": ("run", "runs"),
    "Look up": ("turn", "turns"),
    "Use tools": ("use", "uses"),
}

_ANSWERS = [kind for kind in StepKind if kind.answers and kind is not StepKind.WRITE_UP]
_FREE = [kind for kind in StepKind if not kind.calls_model]

# JSON's null: a verdict that is there, and undecided.
_IS_UNREAD = Q(verdict__passed=None)
Row = Mapping[str, Any]


class Phase(NamedTuple):
    """One phase and its results."""

    label: str
    tries: int
    kept: int
    charged_usd: str
    """What it was charged, in cents that add up over the phases of a job."""
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
    unread: str
    """That and why the checker could not judge it, as a sentence; empty where it could, or where there is none."""


class Clusters(NamedTuple):
    """The leading clusters, the one of the answer that is shown among them, and counts of the others."""

    shown: list[Cluster]
    more_answers: int
    more_votes: int
    without_answer: int
    unread_votes: int = 0
    votes: int = 0
    why_unread: str = ""

    @property
    def unread(self) -> str:
        """One sentence for all answers that the checker could not judge, where they are many; else empty."""
        if self.unread_votes < _MANY_UNREAD:
            return ""
        return (
            f"{UNREAD} {self.unread_votes:,} of {count_of(self.votes, 'answer', 'answers')}, so they count as neither "
            f"right nor wrong. For example: {self.why_unread}"
        )


class Totals(NamedTuple):
    """Calls and tokens so far."""

    calls: int
    tokens: int
    open_calls: int


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
    phases = _OF_TEXTS if job.result_kind is ResultKind.TEXT else _PHASES
    for row in rows:
        counts = merged.setdefault(phases.get(row["kind"], "Other"), [0, 0, 0, 0])
        values = (row["tries"], row["kept"], row["cost"] or 0)
        counts[:3] = [a + b for a, b in zip(counts, values, strict=False)]
        counts[3] = max(counts[3], row["last"] or 0)
    newest = max((counts[3] for counts in merged.values()), default=0)
    order = list(dict.fromkeys(phases.values()))
    labels = sorted(merged, key=lambda label: order.index(label) if label in order else len(order))
    shown = format_usd_parts([merged[label][2] for label in labels])
    return [
        Phase(label, tries, kept, charged_usd, is_now=not job.has_ended and last == newest)
        for label, charged_usd in zip(labels, shown, strict=True)
        for tries, kept, _, last in [merged[label]]
    ]


def clusters_of(job: Job) -> Clusters:
    """Return the answers that were found, most votes first."""
    # An answer to a part of the problem is none to the problem.
    samples = _told(job).filter(status="ok", kind__in=_ANSWERS, subproblem=False)
    answered = samples.exclude(answer_key="")
    rows: list[Row] = list(
        answered.values("answer_key")
        .annotate(
            votes=Count("pk"),
            answer_text=Min("answer"),
            cost=Sum("charged_nano"),
            first=Min("seq"),
            passed=Count("pk", filter=Q(verdict__passed=True)),
            failed=Count("pk", filter=Q(verdict__passed=False)),
            unread=Count("pk", filter=_IS_UNREAD),
            why=Min(KT("verdict__detail"), filter=_IS_UNREAD),
        )
        .order_by("-passed", "-votes", "first")
    )
    best = job.answer or job.best.get("answer", "")
    # The answer that is shown may be put otherwise than others that equal it.
    best_key = answered.filter(answer=best).values_list("answer_key", flat=True).first() if best else None
    shown, rest = _with_best(rows, best_key)
    without_answer = samples.filter(answer_key="").count()
    attempts = sum(row["votes"] for row in rows) + without_answer
    return Clusters(
        [_cluster(row, attempts, best if row["answer_key"] == best_key else "") for row in shown],
        len(rest),
        sum(row["votes"] for row in rest),
        without_answer,
        sum(row["unread"] for row in rows),
        sum(row["votes"] for row in rows),
        next((row["why"] for row in rows if row["why"]), ""),
    )


def unread_of(job: Job) -> str:
    """Return in a sentence that the checker could not judge many of the answers; empty where it could."""
    return clusters_of(job).unread if job.checker else ""


def _with_best(rows: list[Row], best_key: str | None) -> tuple[list[Row], list[Row]]:
    """Return the rows to show and the others; the one of the shown answer is always among the first."""
    shown, rest = rows[:CLUSTERS_SHOWN], rows[CLUSTERS_SHOWN:]
    best = next((row for row in rest if row["answer_key"] == best_key), None)
    if best is None:
        return shown, rest
    return [*shown[:-1], best], [shown[-1], *(row for row in rest if row is not best)]


def _cluster(row: Row, attempts: int, best: str) -> Cluster:
    """Return one line of the list; `best` is the answer that is shown if it is of this cluster, else empty."""
    passed = True if row["passed"] else False if row["failed"] else None
    return Cluster(
        answer=best or row["answer_text"],
        votes=row["votes"],
        charged_nano=row["cost"] or 0,
        permille=row["votes"] * 1000 // attempts,
        passed=passed,
        is_best=bool(best),
        unread=unread_sentence(row["why"] or "") if passed is None and row["unread"] else "",
    )


def totals_of(job: Job) -> Totals:
    """Return calls and tokens so far."""
    row = (
        StepRecord.objects.filter(job=job)
        .exclude(kind__in=_FREE)
        .aggregate(
            calls=Count("pk", filter=Q(state=StepState.TOLD)),
            tokens=Sum("tokens"),
            open=Count("pk", filter=Q(state=StepState.OPEN)),
        )
    )
    return Totals(row["calls"], row["tokens"] or 0, row["open"])
