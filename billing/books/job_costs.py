"""What a job's calls cost and how its charge is made up, for its receipt. Amounts are nano-USD."""

import uuid
from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, Sum
from django.db.models.functions import Least

from billing.models import Call, CallState

_TOOL = Q(kind="tool")


class ToolCost(NamedTuple):
    """What the paid uses of one tool came to: how many there were, and what they cost the user."""

    tool: str
    uses: int
    charged_nano: int


@dataclass(frozen=True, slots=True)
class JobCosts:
    """Provider cost and fee make up the charge. Doubts are calls that nobody answered: reserved for, never charged.

    Cached tokens are part of `input_tokens`, reasoning tokens of `output_tokens`.
    """

    provider_nano: int
    fee_nano: int
    doubts: int
    doubts_nano: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    flex_calls: int
    """Settled calls that were served at half price, as their replies say."""
    models: tuple[str, ...]
    tools: tuple[ToolCost, ...] = ()


def job_costs(job_id: uuid.UUID) -> JobCosts:
    """Return the costs of a job over all its versions."""
    calls = Call.objects.filter(job_id=job_id)
    settled, in_doubt = Q(state=CallState.SETTLED), Q(state=CallState.IN_DOUBT)
    sums = calls.aggregate(
        provider=Sum(Least("cost_nano", "billed_nano"), filter=settled, default=0),
        billed=Sum("billed_nano", filter=settled, default=0),
        doubts=Count("pk", filter=in_doubt),
        doubts_nano=Sum("hold_nano", filter=in_doubt, default=0),
        input=Sum("input_tokens", default=0),
        cached=Sum("cache_read_tokens", default=0),
        output=Sum("output_tokens", default=0),
        reasoning=Sum("reasoning_tokens", default=0),
        flex=Count("pk", filter=settled & Q(service_tier="flex")),
        models=ArrayAgg("model", filter=settled & ~_TOOL, distinct=True, order_by="model", default=[]),
    )
    used = calls.filter(_TOOL, state=CallState.SETTLED).values("model")
    tools = used.annotate(uses=Count("pk"), charged=Sum("billed_nano")).order_by("model")
    return JobCosts(
        provider_nano=sums["provider"],
        fee_nano=sums["billed"] - sums["provider"],
        doubts=sums["doubts"],
        doubts_nano=sums["doubts_nano"],
        input_tokens=sums["input"],
        cached_tokens=sums["cached"],
        output_tokens=sums["output"],
        reasoning_tokens=sums["reasoning"],
        flex_calls=sums["flex"],
        models=tuple(sums["models"]),
        tools=tuple(ToolCost(row["model"].partition("/")[2], row["uses"], row["charged"]) for row in tools),
    )
