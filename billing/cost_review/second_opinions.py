"""Second opinions on settled calls, by a worker, after the settlement: litellm's and genai-prices' cost beside ours.

Each call gets one within minutes; a nightly sample of the last day is looked at again, also where none was to be had.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_CEILING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from billing.cost_review import opinion_of_litellm
from billing.cost_review.reported_tokens import reported_tokens
from billing.models import Call, CallState, Price, SecondOpinion
from billing.prices.book import SETTING_SOURCE
from billing.prices.comparison import agree
from billing.prices.drafts import RAISED
from billing.prices.sources import genai
from solver.core.money import NANO_PER_USD

logger = logging.getLogger(__name__)

_RECENT = timedelta(minutes=15)
_AT_ONCE = 500
_MOST_NANO = 10**18
_SAMPLE = 500
_SAME_HOUR = timedelta(minutes=20)
MEANT = (
    Q(call__price__source=SETTING_SOURCE)
    | Q(call__price__source__contains=RAISED)
    | Q(call__usage__has_key="cost")
)
"""Differences that nobody needs to look at: the price was decided here, or the provider said what it billed."""
_OURS = Q(model__startswith="demo/") | Q(model__startswith="local/")


def give_opinions() -> int:
    """Give the calls that were settled in the last minutes their opinions; return how many got one."""
    waiting = _calls(since=timezone.now() - _RECENT).filter(
        ~Exists(SecondOpinion.objects.filter(call=OuterRef("pk")))
    )
    return _give(waiting.order_by("finished_at")[:_AT_ONCE])


def check_sample() -> int:
    """Look again at a sample of the last day's calls; return how many differ, and say so in the log."""
    chosen = list(
        _calls(since=timezone.now() - timedelta(days=1)).order_by("?").values_list("pk", flat=True)[:_SAMPLE]
    )
    _give(Call.objects.filter(pk__in=chosen))
    differing = SecondOpinion.objects.filter(call__in=chosen, differs=True).count()
    if differing:
        logger.warning(
            "Of %d calls of the last day, %d cost otherwise by litellm or genai-prices: see /staff/costs/opinions/.",
            len(chosen),
            differing,
        )
    return differing


def _calls(*, since: datetime) -> QuerySet[Call]:
    """Return the settled calls whose tokens a provider reported."""
    settled = Call.objects.filter(state=CallState.SETTLED, usage_missing=False, finished_at__gte=since)
    return settled.exclude(_OURS).filter(usage__has_any_keys=["prompt_tokens", "input_tokens"])


def _give(calls: Iterable[Call]) -> int:
    found = list(calls)
    prices = Price.objects.in_bulk({call.price_id for call in found if call.price_id})
    rows = [_opinion(call, prices.get(call.price_id or 0)) for call in found]
    SecondOpinion.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["call"],
        update_fields=["litellm_nano", "genai_nano", "differs", "shape", "checked_at"],
    )
    return len(rows)


def _opinion(call: Call, price: Price | None) -> SecondOpinion:
    assert call.finished_at is not None  # it is settled
    now, report = timezone.now(), call.usage or {}
    tokens = reported_tokens(report)
    # litellm knows the price of this hour alone.
    is_timely = not (price and price.windows) or now - call.finished_at < _SAME_HOUR
    litellm_nano = (
        opinion_of_litellm.cost_nano(call.model, report, service=call.service_tier) if is_timely else None
    )
    usd = genai.cost_usd(call.model, tokens, at=call.finished_at, service=call.service_tier)
    genai_nano = None if usd is None else int((usd * NANO_PER_USD).to_integral_value(ROUND_CEILING))
    litellm_nano, genai_nano = _storable(litellm_nano), _storable(genai_nano)
    theirs = [nano for nano in (litellm_nano, genai_nano) if nano is not None]
    differs = any(not agree(call.cost_nano, nano) for nano in theirs)
    return SecondOpinion(
        call=call,
        litellm_nano=litellm_nano,
        genai_nano=genai_nano,
        differs=differs,
        shape=tokens if differs else None,
        checked_at=now,
    )


def _storable(nano: int | None) -> int | None:
    """Return a figure within what a column holds: of a count that cannot be, others reckon sums that cannot be."""
    return None if nano is None else max(min(nano, _MOST_NANO), -_MOST_NANO)
