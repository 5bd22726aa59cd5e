"""What the books say of a provider's models by UTC day, and which of our models a provider's name means."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from billing.models import Price

_DATED = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest|preview-\d\d-\d\d|\d{4})$")


@dataclass(frozen=True, slots=True)
class Ours:
    """Sums of one day and model, in nano-USD; see ReconciliationItem for their meaning."""

    settled_nano: int = 0
    estimated_nano: int = 0
    accrued_nano: int = 0
    doubts: int = 0
    waiting_nano: int = 0


# A call in doubt belongs to the day on which it was made: who waited for it may have given up days later.
_SUMS = """
    SELECT (c.moment AT TIME ZONE 'UTC')::date, c.model,
        coalesce(sum(c.cost_nano) FILTER (WHERE c.state = 'settled'), 0)::bigint,
        coalesce(sum(c.cost_nano) FILTER (WHERE c.state = 'settled' AND c.usage_missing), 0)::bigint,
        coalesce(sum(c.hold_nano) FILTER (WHERE c.state = 'in_doubt' AND a.closed_at IS NOT NULL), 0)::bigint,
        count(*) FILTER (WHERE c.state = 'in_doubt' AND a.closed_at IS NOT NULL),
        coalesce(sum(c.hold_nano) FILTER (WHERE c.state = 'in_doubt' AND a.closed_at IS NULL), 0)::bigint
    FROM (
        SELECT *, finished_at AS moment FROM billing_call
        WHERE state = 'settled' AND finished_at >= %(begin)s AND finished_at < %(end)s
        UNION ALL
        SELECT *, created_at AS moment FROM billing_call
        WHERE state = 'in_doubt' AND created_at >= %(begin)s AND created_at < %(end)s
    ) c JOIN billing_account a ON a.id = c.escrow_id
    WHERE split_part(c.model, '/', 1) = %(provider)s
    GROUP BY 1, 2
"""
_NAMES = """
    SELECT DISTINCT served_model, model FROM billing_call
    WHERE finished_at >= %s AND finished_at < %s AND split_part(model, '/', 1) = %s AND served_model <> ''
"""


def bounds(first_day: date, last_day: date) -> tuple[datetime, datetime]:
    """Return when the first UTC day begins and the last one ends."""
    begin = datetime.combine(first_day, time.min, tzinfo=UTC)
    return begin, datetime.combine(last_day, time.min, tzinfo=UTC) + timedelta(days=1)


def ours_by_day(provider: str, first_day: date, last_day: date) -> dict[tuple[date, str], Ours]:
    """Return the sums of a provider's calls by model and UTC day: of their end, or where in doubt of their begin."""
    begin, end = bounds(first_day, last_day)
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"begin": begin, "end": end, "provider": provider})
        return {(day, model): Ours(*sums) for day, model, *sums in cursor.fetchall()}


class Names:
    """Which of our models a provider's name for one means."""

    def __init__(self, provider: str, known: Iterable[str], served: Mapping[str, str]) -> None:
        self._provider = provider
        self._exact = {model: model for model in known}
        self._served = {_bare(name, provider): model for name, model in served.items()}
        self._undated: dict[str, str] = {}
        for model in sorted(self._exact):
            self._undated.setdefault(_undated(model, provider), model)

    def ours(self, name: str) -> str:
        """Return our model; a name that means none of ours is returned with its provider before it."""
        full = f"{self._provider}/{_bare(name, self._provider)}"
        return (
            self._exact.get(full)
            or self._served.get(_bare(name, self._provider))
            or self._undated.get(_undated(name, self._provider))
            or full
        )


def names_of(provider: str, first_day: date, last_day: date, called: Iterable[str]) -> Names:
    """Return the names of a provider's models: those called in these days come first, then those of the price book."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [*bounds(first_day, last_day), provider])
        served = dict(cursor.fetchall())
    book = Price.objects.filter(provider=provider).order_by("model").values_list("model", flat=True)
    # A model that was called is meant before one that only has a price, whichever of the two is dated.
    called = sorted(set(called))
    taken = {_undated(model, provider) for model in called}
    rest = [model for model in book.distinct() if _undated(model, provider) not in taken]
    return Names(provider, [*called, *rest], served)


def _bare(name: str, provider: str) -> str:
    return name.strip().lower().removeprefix(f"{provider}/").removeprefix("models/").replace(" ", "-")


def _undated(name: str, provider: str) -> str:
    """Return a name without its date; a version is the same with points and with dashes (“Claude Sonnet 4.5”)."""
    return _DATED.sub("", _bare(name, provider)).replace(".", "-")
