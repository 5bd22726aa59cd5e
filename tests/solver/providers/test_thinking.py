"""A wish for long thought reaches each family as it takes it, and a budget of thought stays below the cap."""

import pytest
from litellm import get_llm_provider
from litellm.utils import get_optional_params

from solver.providers.thinking import _budget_in, long_thought


@pytest.mark.parametrize("cap", [700, 2_000, 4_096, 30_000])
@pytest.mark.parametrize(
    "model", ["gemini/gemini-2.5-pro", "anthropic/claude-haiku-4-5", "openai/gpt-5", "openai/unknown-model"]
)
def test_no_budget_of_thought_reaches_the_cap(model, cap):
    """What litellm sends leaves room for an answer, whatever the provider calls its control."""
    wish = long_thought(model, cap=cap)
    name, provider, _, _ = get_llm_provider(model)
    sent = get_optional_params(
        model=name, custom_llm_provider=provider, max_tokens=cap, drop_params=True, **wish
    )
    budget = _budget_in(sent)
    assert budget is None or 0 < budget < cap


def test_efforts_are_named_where_a_model_takes_efforts():
    """A model with efforts gets the highest; one with budgets gets one; too small a cap gets neither."""
    assert long_thought("openai/gpt-5", cap=700) == {"reasoning_effort": "high"}
    assert long_thought("gemini/gemini-2.5-pro", cap=30_000) == {"reasoning_effort": "high"}
    assert long_thought("gemini/gemini-2.5-pro", cap=2_000)["thinking"]["budget_tokens"] == 1_500
    assert long_thought("gemini/gemini-2.5-pro", cap=700) == {}


@pytest.mark.parametrize(
    ("model", "control", "asked"),
    [
        ("anthropic/claude-opus-5-5", "thinking", {"display": "summarized"}),
        ("gemini/gemini-3.8-flash", "thinkingConfig", {"includeThoughts": True}),
        ("gemini/gemini-2.5-pro", "thinkingConfig", {"includeThoughts": True}),
    ],
)
def test_who_thinks_for_long_sums_its_thoughts_up_where_that_is_free(model, control, asked):
    """What a step's page shows as its reasoning; OpenAI's is left out, for it refuses it to some of its customers."""
    name, provider, _, _ = get_llm_provider(model)
    sent = get_optional_params(
        model=name,
        custom_llm_provider=provider,
        max_tokens=30_000,
        drop_params=True,
        **long_thought(model, cap=30_000),
    )
    assert sent[control].items() >= asked.items()
