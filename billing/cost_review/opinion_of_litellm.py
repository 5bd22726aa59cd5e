"""What a call cost by litellm's own formula and prices. litellm is loaded on first use; workers have it already."""

import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from solver.core.money import NANO_PER_USD


def cost_nano(model: str, usage: Mapping[str, Any], *, service: str) -> int | None:
    """Return the cost in nano-USD, now; None: litellm does not know the model, or cannot read the report."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    from litellm.cost_calculator import batch_cost_calculator, cost_per_token
    from litellm.types.utils import Usage

    report = {
        "prompt_tokens": usage.get("prompt_tokens", usage.get("input_tokens")),
        "completion_tokens": usage.get("completion_tokens", usage.get("output_tokens")),
        "prompt_tokens_details": usage.get("prompt_tokens_details", usage.get("input_tokens_details")),
        "completion_tokens_details": usage.get(
            "completion_tokens_details", usage.get("output_tokens_details")
        ),
    }
    provider = model.partition("/")[0]
    try:
        said = Usage(**{**usage, **report})
        parts = (
            batch_cost_calculator(said, model, provider)
            if service == "batch"
            else cost_per_token(
                model=model, usage_object=said, custom_llm_provider=provider, service_tier=service or None
            )
        )
    except Exception:  # noqa: BLE001  (it raises whatever its providers' modules do)
        return None
    usd = sum((Decimal(str(part)) for part in parts), Decimal(0))
    # To the nearest: it reckons in binary fractions, which are a trifle too much as often as too little.
    return int((usd * NANO_PER_USD).to_integral_value())
