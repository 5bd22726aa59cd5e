"""Prices of some hours: held at the dearest hour, charged by the hour at which the reply came."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import billing.prices
from solver.core.pricing import Rates, Usage, bound_nano, cost_nano

SHIPPED = json.loads((Path(billing.prices.__file__).parent / "price_list.json").read_text())
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)


def rates_of(model: str) -> Rates:
    """Return the shipped rates of a model."""
    rows = SHIPPED["models"] if isinstance(SHIPPED, dict) else SHIPPED
    return Rates.from_json(next(row for row in rows if row["model"] == model))


@pytest.mark.parametrize(
    ("at", "nano"),
    [
        (datetime(2026, 11, 30, 2, 0, tzinfo=UTC), 3_861_440),  # a weekday's peak
        (datetime(2026, 11, 30, 15, 0, tzinfo=UTC), 1_930_720),
        (datetime(2026, 11, 29, 2, 0, tzinfo=UTC), 1_930_720),  # a Sunday
    ],
)
def test_a_reply_is_charged_by_its_hour(at, nano):
    """Off the peak DeepSeek charges half for every class of token."""
    assert cost_nano(rates_of("deepseek/deepseek-v4-pro"), Usage(3_000, 800, 2_560), at=at) == nano


@pytest.mark.parametrize("model", ["deepseek/deepseek-v4-pro", "deepseek/deepseek-v4-flash"])
def test_a_hold_covers_every_hour_of_the_week(model):
    """Whenever the reply comes, it costs at most what was held."""
    rates = rates_of(model)
    bound = bound_nano(rates, prompt_tokens=3_000, max_output_tokens=800)
    costs = {cost_nano(rates, Usage(3_000, 800), at=MONDAY + timedelta(hours=hour)) for hour in range(24 * 7)}
    assert max(costs) <= bound
    assert max(costs) == 2 * min(costs)
