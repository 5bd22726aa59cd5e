"""What providers' replies cost, shape by shape, through the real gateway: to the nano-dollar.

`usage_shapes.json` holds each reply, its model's rates, and how its right cost is reckoned: tokens and dollars a million.
"""

import dataclasses
import json
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

import pytest

from bench.conformance.families import Fixture, load, replies
from solver.core.models import ModelCard, OutputQuantiles
from solver.core.pricing import Rates
from solver.engine.calls.bounds import Bound
from solver.engine.calls.metering import charge_for

FILE = json.loads(Path(__file__).with_name("usage_shapes.json").read_text(encoding="utf-8"))
SHAPES = FILE["shapes"]
BOUND = Bound(hold_nano=10**12, max_output_tokens=400, prompt_bytes=100)


def fixture_of(shape: dict, ways: dict[str, Fixture]) -> Fixture:
    provider = shape["model"].partition("/")[0]
    raw = shape.get("raw") or json.dumps(shape["body"])
    is_response = shape.get("body", {}).get("object") == "response"
    return dataclasses.replace(
        ways[provider],
        name=shape["name"],
        model=shape["model"],
        rates=Rates.from_json(FILE["models"][shape["model"]]),
        raw=raw.encode(),
        through="reader" if is_response else ways[provider].through,
    )


@pytest.fixture(scope="module")
def read() -> dict:
    """What the engine is told of every shape, by name: all of them go through one gateway."""
    ways = {
        each.provider: dataclasses.replace(each, status=200)
        for each in load()
        if each.family != "openai_responses"
    }
    told = replies([fixture_of(shape, ways) for shape in SHAPES])
    return dict(zip([shape["name"] for shape in SHAPES], told, strict=True))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_a_reply_costs_what_its_provider_charges(shape, read):
    """Tokens by class at the published rates of tier, size and hour; what cannot be true is bound, and flagged."""
    reply, rates = read[shape["name"]], Rates.from_json(FILE["models"][shape["model"]])
    assert reply is not None
    card = ModelCard(
        *(shape["model"], shape["model"], "", rates, 0, 10**6, 400, OutputQuantiles(60, 100, 200)),
    )
    at = datetime.fromisoformat(shape["at"]) if "at" in shape else None
    charge = charge_for(card, BOUND, reply, 0, at=at)
    reckoned = sum((count * Decimal(rate) / 1_000_000 for count, rate in shape["parts"]), Decimal(0))
    right_usd = reckoned + Decimal(shape.get("fees_usd", 0))
    right_nano = int((right_usd * 10**9).to_integral_value(ROUND_CEILING))
    assert (charge.cost_nano, charge.usage_missing) == (shape["right_nano"], shape["ends"] == "bound")
    assert shape["right_nano"] == right_nano


def test_there_are_ninety_six_shapes_with_their_sources():
    """No two are the same, and each says where its rule comes from."""
    bodies = {
        json.dumps([shape["model"], shape.get("at"), shape.get("raw") or shape["body"]]) for shape in SHAPES
    }
    assert len(SHAPES) == len(bodies) == len({shape["name"] for shape in SHAPES}) == 96
    assert all(shape["source"] for shape in SHAPES)
