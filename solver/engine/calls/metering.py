"""What a call cost: the provider's own count where it sent one, otherwise a bound, flagged as such."""

from datetime import datetime

from solver.core.models import ModelCard
from solver.core.pricing import Usage, billed_nano, bound_nano, cost_nano
from solver.core.request import Reply
from solver.engine.calls.bounds import Bound
from solver.engine.journal import Charge
from solver.inference.emptiness import CUT_REASONS


def charge_for(
    card: ModelCard, bound: Bound, reply: Reply, markup_bp: int, *, at: datetime | None = None
) -> Charge:
    """Return the charge of a complete reply that came `at` a moment. Only here is what the user pays limited to the hold.

    Without usage it is the byte bound of what was received; of a model that thinks out of sight, or of a reply that was
    cut at its cap, the whole hold.
    """
    if reply.usage is not None:
        usage = reply.usage
        cost = reply.reported_cost_nano
        if cost is None:
            cost = cost_nano(card.rates, usage, at=at)
    else:
        called = "".join(call.name + call.arguments for call in reply.tool_calls)
        received_bytes = len((reply.text + reply.reasoning + called).encode("utf-8", "replace"))
        longest = bound.max_output_tokens
        is_whole_hold = card.reasons or reply.finish_reason in CUT_REASONS
        output_tokens = longest if is_whole_hold else min(received_bytes + 1, longest)
        usage = Usage(input_tokens=bound.prompt_bytes, output_tokens=output_tokens)
        cost = bound_nano(card.asked_rates, prompt_tokens=bound.prompt_bytes, max_output_tokens=output_tokens)
    billed = billed_nano(cost, markup_bp)
    return Charge(
        cost_nano=cost,
        billed_nano=billed,
        charged_nano=min(billed, bound.hold_nano),
        usage=usage,
        raw_usage=reply.raw_usage,
        usage_missing=reply.usage is None,
        provider_ref=reply.provider_ref,
        served_model=reply.served_model,
    )
