"""Which of a user's jobs a list, its sums and its CSV are about: words, state, tag and order."""

from dataclasses import dataclass
from typing import NamedTuple, Self
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import BigIntegerField, Case, Count, F, Func, Q, Sum, Value, When, Window
from django.db.models.functions import Coalesce
from django.http import QueryDict

from accounts.access import workspace_of
from accounts.models import User
from jobs.core.states import ACTIVE, ENDED, JobState, UserVerdict
from jobs.core.tags import MAX_TAG_CHARS
from jobs.models import JobQuerySet
from jobs.views.access import jobs_of
from jobs.views.lists.search_pattern import pattern_of

_MAX_QUERY = 200
_MOST_TAGS = 100
STATES = {
    "": ("All", Q()),
    "active": ("Active", Q(state__in=sorted(ACTIVE))),
    "draft": ("Drafts", Q(state=JobState.DRAFT)),
    "asking": ("Needs you", Q(state=JobState.ASKING)),
    "awaiting_payment": ("Awaiting payment", Q(state=JobState.AWAITING_PAYMENT)),
    "paused": ("Paused", Q(state=JobState.PAUSED)),
    "done": ("Done", Q(state=JobState.DONE)),
    "unanswered": ("Without an answer", Q(state=JobState.UNANSWERED)),
    "exhausted": ("Budget reached", Q(state=JobState.EXHAUSTED)),
    "failed": ("Failed", Q(state=JobState.FAILED)),
    "cancelled": ("Cancelled", Q(state=JobState.CANCELLED)),
    "right": ("Judged right", Q(user_verdict=UserVerdict.RIGHT)),
    "wrong": ("Judged wrong", Q(user_verdict=UserVerdict.WRONG)),
}
SORTS = {
    "": ("Newest first", ("-created_at", "pk")),
    "oldest": ("Oldest first", ("created_at", "pk")),
    "spent": ("Most spent first", ("-spent", "-created_at", "pk")),
    "budget": ("Largest budget first", ("-budget_nano", "-created_at", "pk")),
}
_SPENT = Case(
    When(state__in=sorted(ENDED), then=F("charged_nano")),
    default=F("budget_nano") - Coalesce(F("escrow__balance_nano"), F("budget_nano")),
    output_field=BigIntegerField(),
)


class Sums(NamedTuple):
    """How many jobs there are, and their money."""

    jobs: int
    spent_nano: int
    reserved_nano: int


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What was chosen; what is unknown is left out."""

    q: str = ""
    state: str = ""
    tag: str = ""
    sort: str = ""

    @classmethod
    def read(cls, chosen: QueryDict) -> Self:
        """Return what an address chooses."""
        state, sort = chosen.get("state", ""), chosen.get("sort", "")
        return cls(
            q=chosen.get("q", "").replace("\x00", "").strip()[:_MAX_QUERY],
            state=state if state in STATES else "",
            tag=" ".join(chosen.get("tag", "").replace("\x00", "").lower().split())[:MAX_TAG_CHARS],
            sort=sort if sort in SORTS else "",
        )

    @property
    def narrows(self) -> bool:
        """Whether some jobs are left out."""
        return bool(self.q or self.state or self.tag)

    @property
    def address(self) -> str:
        """The query of an address that chooses the same."""
        return urlencode({name: value for name in self.__slots__ if (value := getattr(self, name))})

    def jobs(self, user: User) -> JobQuerySet:
        """Return the jobs of the workspace that the user has chosen, each with what it `spent`, in their order."""
        mine = jobs_of(user).filter(workspace=workspace_of(user))
        jobs = mine.select_related(None).select_related("escrow").filter(STATES[self.state][1])
        if self.tag:
            jobs = jobs.filter(tags__contains=[self.tag])
        if self.q:
            pattern = pattern_of(self.q)
            jobs = jobs.filter(Q(title__regex=pattern) | Q(problem__regex=pattern) | Q(answer__regex=pattern))
        return jobs.annotate(spent=Coalesce(_SPENT, Value(0))).order_by(*SORTS[self.sort][1])


def page_of(jobs: JobQuerySet, number: int, *, size: int) -> tuple[list[UUID], int, Sums]:
    """Return the ids of a page of a filter's jobs, the page's number, and the sums of all of them.

    All of it in one statement, for the words of a search are looked for in every job. Behind the last page comes the
    last.
    """
    first = max(number - 1, 0) * size
    rows = list(
        jobs.annotate(
            all_jobs=Window(Count("pk")),
            all_spent=Window(Sum("spent"), output_field=BigIntegerField()),
            all_reserved=Window(Sum(Coalesce("escrow__balance_nano", Value(0)))),
        ).values_list("pk", "all_jobs", "all_spent", "all_reserved")[first : first + size]
    )
    if rows:
        return [row[0] for row in rows], first // size + 1, Sums(*rows[0][1:])
    last = -(-jobs.order_by().count() // size) if first else 0
    return page_of(jobs, last, size=size) if last else ([], 1, Sums(0, 0, 0))


def tags_of(user: User) -> list[str]:
    """Return the tags of the jobs in the workspace that the user has chosen, in the order of the alphabet."""
    mine = jobs_of(user).filter(workspace=workspace_of(user)).select_related(None)
    each = mine.exclude(tags=[]).annotate(tag=Func(F("tags"), function="unnest"))
    return list(each.order_by("tag").values_list("tag", flat=True).distinct()[:_MOST_TAGS])
