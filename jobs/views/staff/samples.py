"""What the style guide shows: a job that never was, its money and its search."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from billing.books.job_costs import JobCosts
from billing.cost_review.chart import Chart, cost_chart
from billing.cost_review.sums import Line
from jobs.lifecycle.quotes.offer import QuoteResult
from jobs.lifecycle.quotes.suggestion import LARGER, why_suggested
from jobs.models import Job
from jobs.presenters.pictures import BurnDown
from jobs.presenters.progress import Cluster, Clusters, Phase, Totals
from jobs.presenters.search.caption import caption_of
from jobs.presenters.search.journal import Search
from jobs.presenters.search.layout import draw
from jobs.presenters.search.marks import Mark, Role, State
from jobs.presenters.search.outline import outline_of
from jobs.presenters.spend import Spend
from solver.quotes.quote import Quote

_BUDGET_NANO = 250_000_000
_ANSWER = "25 + 12 + 7 * 3"
TOTALS = Totals(calls=23, tokens=4_393, open_calls=1)
PHASES = [Phase("Explore", 23, 20, "$0.03", is_now=False), Phase("Verify", 4, 4, "< $0.01", is_now=True)]
CLUSTERS = Clusters(
    [
        Cluster(_ANSWER, 11, 14_900_000, 550, passed=True, is_best=True, unread=""),
        Cluster("(25 - 7) * 3 + 12", 5, 5_400_000, 250, passed=False, is_best=False, unread=""),
        Cluster("an answer that no checker could judge", 2, 2_700_000, 100, passed=None, is_best=False, unread=""),
    ],
    more_answers=1, more_votes=1, without_answer=1,
)  # fmt: skip
BURN = BurnDown("M0 86H60V60H140V40H220V20H320", "M0 86H60V60H140V40H220V20H320V86Z", 2, 86, 31_200_000,
                is_capped=False, length="14 min")  # fmt: skip
COSTS = JobCosts(
    **{name: 0 for name in JobCosts.__slots__ if name not in {"models", "tools", "cheaper_tiers"}}
    | {"provider_nano": 28_400_000, "fee_nano": 2_800_000, "input_tokens": 3_210, "cached_tokens": 1_024,
       "output_tokens": 1_183, "models": ["demo/expert"], "cheaper_tiers": ""},  # type: ignore[arg-type]
)  # fmt: skip
DAYS = [
    Line(f"2026-11-{day:02}", f"2026-11-{day:02}", settled=40 + day * 37 % 50, cost_nano=day * 7919 % 31 * 9_000_000,
         billed_nano=day * 7919 % 31 * 9_900_000)
    for day in range(1, 29)
]  # fmt: skip


class Row(NamedTuple):
    """A line of the list of jobs."""

    job: Job
    spend: Spend
    said: str
    judged: str


def spend(spent_nano: int) -> Spend:
    """Return so much spent of a quarter of a dollar."""
    return Spend(_BUDGET_NANO, spent_nano, 4_000_000, spent_nano * 1000 // _BUDGET_NANO)


def job_of(state: str, **fields: Any) -> Job:
    """Return a job in a state, which is in no table."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "id": UUID(int=58), "title": "Use 3, 7, 12, 25 to make 58", "problem": "Use 3, 7, 12, 25 to make 58.",
        "state": state, "stop_reason": "solved" if state == "done" else "", "budget_nano": _BUDGET_NANO,
        "queued_at": now, "created_at": now - timedelta(minutes=15), "started_at": now - timedelta(minutes=14),
        "finished_at": now - timedelta(minutes=2), "answer": _ANSWER, "confidence": 0.93, "tags": ["weekly"],
        "explanation": "A checker confirmed it after 23 attempts.",
        "checked": "✓ 25 + 12 + 7 * 3 = 58, with each number used once.",
    }  # fmt: skip
    return Job(**defaults | fields)


def marks() -> list[Mark]:
    """Return a search with every kind of step and every verdict."""

    def mark(number: int, role: Role, parents: tuple[int, ...] = (), **more: Any) -> Mark:
        keys = tuple(f"s/{parent}" for parent in parents)
        return Mark(
            UUID(int=1000 + number),
            f"s/{number}",
            role,
            keys,
            charged_nano=number * 1_000_000 + 500_000,
            **more,
        )

    other = "(25 - 7) * 3 + 12"
    return [
        mark(0, Role.TRY, group="a", answer=_ANSWER),
        mark(1, Role.TRY, group="b", answer=other, passed=False),
        mark(2, Role.TRY, group="c", answer="25 * 3 - 12 - 7"),
        mark(3, Role.TRY, state=State.FAILED),
        mark(4, Role.CHECK, (0,), passed=True),
        mark(5, Role.CHECK, (2,), passed=False),
        mark(6, Role.COMPARISON, (0, 2), better=0),
        mark(7, Role.REVISION, (1,), group="a", answer=_ANSWER, passed=True),
        mark(8, Role.MERGE, (0, 2), group="a", answer=_ANSWER),
        mark(9, Role.TOOL, (8,)),
        mark(10, Role.TRY, state=State.OPEN),
    ]


def search() -> Search | None:
    """Return its picture."""
    some = marks()
    picture = draw(some, "s/7")
    return Search(picture, caption_of(some, "s/7"), some) if picture else None


def rows() -> list[Row]:
    """Return lines of the list: ended well, ended badly, under way."""
    outline = outline_of(marks(), "s/7")
    return [
        Row(job_of("done", outline=outline), spend(31_200_000), "✓ 93 % sure", "Judged right"),
        Row(job_of("exhausted", outline=outline, confidence=0.41), spend(_BUDGET_NANO), "41 % sure", ""),
        Row(job_of("failed", answer="", explanation="No model answers.", tags=[]), spend(0), "", ""),
        Row(job_of("running", answer="", explanation=""), spend(209_000_000), "", ""),
    ]


def offer() -> QuoteResult:
    """Return a quote of a problem that its models can do."""
    said = Quote(
        strategy="auto", budget_nano=_BUDGET_NANO, models=("demo/expert",), tries_low=4, tries_high=61,
        cost_p10_nano=9_000_000, cost_p50_nano=69_000_000, cost_p90_nano=190_000_000, time_low_s=40, time_high_s=260,
        win_probability=0.7, right_probability=0.64, sentence="Pays for about 4–61 attempts with demo/expert.",
    )  # fmt: skip
    larger = replace(said, budget_nano=LARGER * _BUDGET_NANO, right_probability=0.66)
    return QuoteResult(said, why_suggested(said, larger, value_nano=None))


def chart() -> Chart:
    """Return four weeks of costs."""
    return cost_chart(DAYS)
