"""The gateway's background mode over real HTTP: one submission a call, replies by reference, errors by what is owed."""

import asyncio
import dataclasses
import socket

import pytest

from solver.core.errors import InDoubt, NotExecuted
from solver.core.pricing import Usage
from solver.core.request import Message, Request
from solver.providers.litellm_gateway import LiteLLMGateway
from tests.solver.simulated import card
from tests.support.responses import ResponsesEndpoint


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    server = ResponsesEndpoint()
    yield server
    server.close()


@pytest.fixture
async def gateway():
    made = LiteLLMGateway()
    yield made
    await made.close()


def request(url: str, *, timeout_s: float = 120.0, reasons: bool = False, at_length: bool = False) -> Request:
    model = dataclasses.replace(
        card("openai/test", bundled=False),
        litellm_model="openai/test",
        api_base=url,
        timeout_s=timeout_s,
        background=True,
        reasons=reasons,
    )
    return Request(model, (Message("user", "What is 6 times 7?"),), 100, 1, at_length=at_length)


async def test_a_call_is_submitted_once_and_collected_by_its_reference(gateway, endpoint):
    """The reference is the provider's own; another gateway collects by it; the body asks for what was meant."""
    asked = request(endpoint.url, reasons=True, at_length=True)
    reference = await gateway.submit(asked)
    [work] = endpoint.submissions
    assert reference == work.id
    assert (work.body["model"], work.body["max_output_tokens"]) == ("test", 100)
    assert work.body["reasoning"] == {"effort": "high"}
    assert work.body["input"] == [{"role": "user", "content": "What is 6 times 7?"}]
    other = LiteLLMGateway()
    collecting = asyncio.create_task(other.collect(asked, reference))
    while not work.looks:  # noqa: ASYNC110  (nothing tells of it)
        await asyncio.sleep(0.05)
    endpoint.deaf = True
    await asyncio.sleep(0.5)
    endpoint.deaf = False
    endpoint.done.set()
    reply = await collecting
    await other.close()
    assert work.looks >= 2
    assert (reply.text, reply.finish_reason, reply.provider_ref) == ("Answer: 42", "stop", work.id)
    assert reply.usage == Usage(20, 10, cache_read_tokens=3, cache_write_tokens=7, reasoning_tokens=4)
    assert len(endpoint.submissions) == 1


async def test_a_cut_submission_is_in_doubt_and_not_sent_again(gateway, endpoint):
    """Left to itself litellm sends it once more: then the provider might work on it twice."""
    endpoint.cut = 5
    with pytest.raises(InDoubt):
        await gateway.submit(request(endpoint.url))
    assert len(endpoint.submissions) == 1


async def test_a_refused_connection_costs_nothing(gateway, monkeypatch):
    """Nothing listens: provably not executed."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    with pytest.raises(NotExecuted, match="Is it running"):
        await gateway.submit(request(url))


async def test_what_cannot_be_collected_is_in_doubt(gateway, endpoint):
    """Unknown, failed, cancelled, or too late: the reply is nobody's; incomplete is a reply."""
    first, second, third, fourth = [await gateway.submit(request(endpoint.url)) for _ in range(4)]
    asked = request(endpoint.url, timeout_s=3.0)
    with pytest.raises(InDoubt, match="did not answer within 3 s") as late:
        await gateway.collect(asked, first)
    # A busy machine may take as long as that for an answer.
    asked = request(endpoint.url)
    assert "did not finish" in late.value.detail
    endpoint.done.set()
    endpoint.works[second].status = "failed"
    with pytest.raises(InDoubt, match="failed in the middle") as broken:
        await gateway.collect(asked, second)
    assert "It broke" in broken.value.detail
    assert "It broke" not in str(broken.value)
    await gateway.cancel(asked, third)
    assert endpoint.works[third].cancelled
    with pytest.raises(InDoubt) as cancelled:
        await gateway.collect(asked, third)
    assert "cancelled" in cancelled.value.detail
    endpoint.works[fourth].status = "incomplete"
    reply = await gateway.collect(asked, fourth)
    assert (reply.finish_reason, reply.usage) == ("length", Usage(20, 10, 3, 7, 4))
    endpoint.forget()
    with pytest.raises(InDoubt, match="cannot be collected") as unknown:
        await gateway.collect(asked, fourth)
    assert "no longer knows" in unknown.value.detail
