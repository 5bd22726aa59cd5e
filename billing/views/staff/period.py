"""Periods of the cost review: what an address asks for, what its pages show of it, and lists in pages."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone

from accounts.access import AuthedRequest
from billing.cost_review.csv_reply import csv_reply
from billing.cost_review.sums import By, Scope

_DAYS = (7, 30, 90)
_DEFAULT_DAYS = 30
_MOST_DAYS = 1_000
_ASKED = ("from", "to", "month")


def period(request: AuthedRequest, scope: Scope) -> dict[str, Any]:
    """Return what `billing/staff/_period.html` needs; what was asked for and is no period, it says."""
    asked = [value for name in _ASKED if (value := request.GET.get(name, "").strip()[:20])]
    first, _ = _range(request)
    kept = {name: value for name, value in request.GET.items() if name not in {*_ASKED, "days", "page"}}
    return {
        "scope": scope,
        "all_days": _DAYS,
        "months": _months(),
        "kept": kept,
        "not_a_period": " to ".join(asked) if asked and first is None else "",
        "most_days": _MOST_DAYS,
    }


def chosen(request: AuthedRequest) -> tuple[Scope, By]:
    """Read the period, the grouping and the filters of an address; anything unknown means the default."""
    days = request.GET.get("days", "")
    by = request.GET.get("by", "")
    workspace = request.GET.get("workspace", "")
    first, last = _range(request)
    number_of_days = int(days) if days in {str(number) for number in _DAYS} else _DEFAULT_DAYS
    if first and last:
        number_of_days = (last - first).days + 1
    scope = Scope(
        days=number_of_days,
        last=last if first else None,
        model=request.GET.get("model", "").replace("\0", "")[:200],
        member=request.GET.get("member", "").replace("\0", "")[:254],
        tag=request.GET.get("tag", "").replace("\0", "")[:200],
        workspace_id=int(workspace)
        if workspace.isascii() and workspace.isdigit() and len(workspace) < 19
        else None,
    )
    return scope, By(by) if by in set(By) else By.DAY


def _range(request: AuthedRequest) -> tuple[date | None, date | None]:
    """Read `from` and `to`, or a `month`; both are None where they name no range of at most MOST_DAYS days."""
    month = request.GET.get("month", "")
    try:
        if month:
            first = date.fromisoformat(f"{month}-01")
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        else:
            first = date.fromisoformat(request.GET.get("from", ""))
            last = date.fromisoformat(request.GET.get("to", "") or timezone.localdate().isoformat())
    except (ValueError, OverflowError):
        return None, None
    # The first and the last year have days that no time zone can hold.
    fits = 0 <= (last - first).days < _MOST_DAYS and date.min.year < first.year and last.year < date.max.year
    return (first, last) if fits else (None, None)


def _months() -> list[str]:
    """Return this month and the five before it."""
    first = timezone.localdate().replace(day=1)
    found = []
    for _ in range(6):
        found.append(f"{first:%Y-%m}")
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def page_link(request: AuthedRequest, name: str = "page") -> str:
    """Return this page's address up to the number of another page of one of its lists."""
    asked = request.GET.copy()
    asked.pop(name, None)
    return f"?{asked.urlencode()}&{name}=" if asked else f"?{name}="


def paged(request: AuthedRequest, found: QuerySet[Any], *, name: str, rows: int) -> dict[str, Any]:
    """Return what a template needs of one list among several: the page that the address asks for, and its link."""
    page = Paginator(found, rows).get_page(request.GET.get(name))
    return {name: page, f"{name}_link": page_link(request, name)}


def zoned_csv(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Return a download whose last column says of which time zone its days and times are."""
    return csv_reply(name, (*header, "time_zone"), ([*row, settings.TIME_ZONE] for row in rows))
