"""What the proofs share with the tests of jobs: money, a scripted endpoint, an audit after each test."""

import os

import pytest

from billing.prices.book import load_prices
from tests.jobs.conftest import alice, endpoint, host, prices, shared_host, workspace
from tests.proof.replies import reply
from tests.support.endpoint import Answer, Call, Endpoint

__all__ = ["alice", "endpoint", "host", "prices", "shared_host", "workspace"]

LONG = os.environ.get("PONDER_PROOF") == "long"
"""Whether the exhaustive form is asked for (`make proof`)."""


@pytest.fixture
def seeded(endpoint: Endpoint, prices, settings, monkeypatch) -> Endpoint:
    """The endpoint in place of the bundled model: workers send it each step's seed, on which its replies depend."""
    settings.PONDER_MODELS = ["demo/intern"]
    # Room for the prompts of every strategy, which are longer than what the real one can read.
    settings.PONDER_PRICES = "demo/intern=1/2/32000/2000"
    load_prices()
    settings.DEMO_INTERN_URL = endpoint.url
    monkeypatch.setenv("PONDER_MODELS", "demo/intern")

    def answer(call: Call) -> Answer:
        usage = {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100}
        roles = {message["role"] for message in call.body["messages"]}
        if names := [tool["function"]["name"] for tool in call.body.get("tools", ()) if "tool" not in roles]:
            return Answer("", usage=usage, tool_calls=tuple((name, '{"question": "?"}') for name in names))
        return Answer(reply(call.prompt, call.body["seed"], ability=0.85), usage=usage)

    endpoint.behaviour = answer
    return endpoint
