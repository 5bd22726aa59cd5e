"""How a model is asked to think for long, as its provider takes it: an effort, or a budget of tokens below the cap.

What a model takes is what litellm's own translation makes of the wish, so no name of a model stands here.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_HIGHEST = "high"
_LEAST_TOKENS = 1_024
"""No provider takes a smaller one."""
_BUDGETS = frozenset({"budget_tokens", "thinkingBudget", "thinking_budget"})


@lru_cache(maxsize=1_024)
def long_thought(model: str, *, cap: int) -> Mapping[str, Any]:
    """Return the arguments for litellm that ask for long thought within `cap` output tokens; none where it takes none.

    Where a model wants a budget of tokens, it leaves a quarter of the cap to the answer: else all of it could be thought.
    """
    translated = _translated(model, cap)
    if translated is None:
        # litellm drops the wish (drop_params) where a provider has no such control.
        return {"reasoning_effort": _HIGHEST}
    budget = _budget_in(translated)
    if budget is None or budget <= cap * 3 // 4:
        return {"reasoning_effort": _HIGHEST}
    fitting = cap * 3 // 4
    return {"thinking": {"type": "enabled", "budget_tokens": fitting}} if fitting >= _LEAST_TOKENS else {}


def _translated(model: str, cap: int) -> Mapping[str, Any] | None:
    """Return what litellm makes of the highest effort; None where it cannot say."""
    from litellm import get_llm_provider
    from litellm.utils import get_optional_params

    try:
        name, provider, _, _ = get_llm_provider(model)
        found: Mapping[str, Any] = get_optional_params(
            model=name,
            custom_llm_provider=provider,
            max_tokens=cap,
            reasoning_effort=_HIGHEST,
            drop_params=True,
        )
    except Exception:  # noqa: BLE001  (it raises whatever its providers' modules do)
        return None
    return found


def _budget_in(value: Any) -> int | None:
    """Return the budget of thought somewhere in translated arguments."""
    if not isinstance(value, Mapping):
        return None
    for name, inner in value.items():
        if name in _BUDGETS and type(inner) is int:
            return inner
        if (found := _budget_in(inner)) is not None:
            return found
    return None
