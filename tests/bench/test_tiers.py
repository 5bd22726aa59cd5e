"""What the measurement of half prices and caches computes with: a bill of its own, and jobs within their budgets."""

import pytest

from bench.engine.tiers import BUDGET_NANO, Way, cost_nano, run_all


@pytest.mark.parametrize("rule", ["openai", "anthropic"])
def test_the_books_come_to_the_providers_bill(rule):
    """Refusals, replays and cached prompts included; each job stays within its budget and none pays more for waiting."""
    seeds = range(1, 4)
    now = run_all("vote", seeds, Way(rule=rule))
    later = run_all("vote", seeds, Way(BUDGET_NANO // 2, may_wait_s=3_600.0, rule=rule))
    assert all(job.cost_nano <= BUDGET_NANO // 2 for job in later)
    assert cost_nano(later) < cost_nano(now)
    assert not any(job.cheap_calls for job in now)
    assert any(job.cheap_calls for job in later)
