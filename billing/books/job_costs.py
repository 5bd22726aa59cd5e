"""What a job's calls cost and how its charge is made up, for its receipt. Amounts are nano-USD."""

import uuid
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import Count, Sum

from billing.models import Call, CallState


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
    """Settled calls that were served at half price, as their replies say, or in a batch."""
    cheaper_tiers: str
    """The service tiers of those, in words; empty: there are none."""
    models: tuple[str, ...]
    tools: tuple[ToolCost, ...] = ()


_SUMS = f"""
SELECT coalesce(sum(least(cost_nano, billed_nano)) FILTER (WHERE state = '{CallState.SETTLED}'), 0)::bigint,
       coalesce(sum(billed_nano) FILTER (WHERE state = '{CallState.SETTLED}'), 0)::bigint,
       count(*) FILTER (WHERE state = '{CallState.IN_DOUBT}'),
       coalesce(sum(hold_nano) FILTER (WHERE state = '{CallState.IN_DOUBT}'), 0)::bigint,
       coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(cache_read_tokens), 0)::bigint,
       coalesce(sum(output_tokens), 0)::bigint, coalesce(sum(reasoning_tokens), 0)::bigint,
       count(*) FILTER (WHERE state = '{CallState.SETTLED}' AND service_tier IN ('flex', 'batch')),
       array_remove(
           array_agg(DISTINCT CASE WHEN state = '{CallState.SETTLED}' AND service_tier IN ('flex', 'batch')
                                   THEN service_tier END), NULL
       ),
       array_remove(
           array_agg(DISTINCT CASE WHEN state = '{CallState.SETTLED}' AND kind <> 'tool' THEN model END), NULL
       ),
       count(*) FILTER (WHERE state = '{CallState.SETTLED}' AND kind = 'tool')
FROM billing_call WHERE job_id = %s
"""  # noqa: S608  (our own names)


def job_costs(job_id: uuid.UUID) -> JobCosts:
    """Return the costs of a job over all its versions."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [job_id])
        provider, billed, doubts, doubts_nano, *tokens, flex, tiers, models, uses = cursor.fetchone()
    given, cached, made, reasoned = tokens
    return JobCosts(
        provider_nano=provider,
        fee_nano=billed - provider,
        doubts=doubts,
        doubts_nano=doubts_nano,
        input_tokens=given,
        cached_tokens=cached,
        output_tokens=made,
        reasoning_tokens=reasoned,
        flex_calls=flex,
        cheaper_tiers=" and ".join(sorted(tiers or (), reverse=True)),
        models=tuple(sorted(models or ())),
        tools=_tool_costs(job_id) if uses else (),
    )


def _tool_costs(job_id: uuid.UUID) -> tuple[ToolCost, ...]:
    used = Call.objects.filter(job_id=job_id, kind="tool", state=CallState.SETTLED).values("model")
    sums = used.annotate(uses=Count("pk"), charged=Sum("billed_nano")).order_by("model")
    return tuple(ToolCost(row["model"].partition("/")[2], row["uses"], row["charged"]) for row in sums)
