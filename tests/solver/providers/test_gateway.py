"""The gateway against real HTTP: one hit a call, usage only where it was sent, errors sorted by what is owed."""

import dataclasses
import json
import socket

import pytest

from solver.core.errors import ErrorCategory, InDoubt, NotExecuted
from solver.core.pricing import Usage
from solver.core.request import Message, Reply, Request
from solver.providers.litellm_gateway import LiteLLMGateway
from solver.providers.replies.reading import read_reply
from solver.providers.usage import json_safe, parse_usage, service_tier, with_tier_of
from tests.solver.simulated import card
from tests.support.endpoint import Answer, Endpoint


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    server = Endpoint()
    yield server
    server.close()


@pytest.fixture
async def gateway():
    made = LiteLLMGateway()
    yield made
    await made.close()


def request(url: str, *, timeout_s: float = 120.0) -> Request:
    model = dataclasses.replace(
        card("openai/test", bundled=False), litellm_model="openai/test", api_base=url, timeout_s=timeout_s
    )
    return Request(model, (Message("user", "What is 6 times 7?"),), 100, 1)


@pytest.mark.parametrize(("header", "tier"), [("flex", "flex"), ("standard", ""), (None, "")])
def test_a_tier_that_only_a_header_names_is_read(header, tier):
    """Gemini says there how it served a call, which decides the cost; a tier in the body stands."""
    headers = {"x-gemini-service-tier": header} if header else {}
    reply = Reply("42", "", "stop", Usage(10, 2), {}, "r")
    assert with_tier_of(headers, reply).usage == Usage(10, 2, service=tier)
    told = Reply("42", "", "stop", Usage(10, 2, service="priority"), {}, "r")
    assert with_tier_of(headers, told) == told


async def test_a_reply_comes_with_the_providers_own_usage(gateway, endpoint):
    """Text, tokens and reference are what the provider sent; cached, written and reasoning tokens are split off."""
    details = {
        "prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }  # fmt: skip
    endpoint.behaviour = lambda _: Answer("Answer: 42", usage=details)
    reply = await gateway.complete(request(endpoint.url))
    assert reply.text == "Answer: 42"
    assert reply.usage == Usage(20, 10, cache_read_tokens=5, cache_write_tokens=8, reasoning_tokens=4)
    assert reply.provider_ref == "chatcmpl-0"


@pytest.mark.parametrize(
    "odd", [{"prompt": True}, {"reasoning": True}, {"cache_read": 60, "cache_write": 41}]
)
def test_counts_that_cannot_be_true_are_none(odd):
    """More tokens cached than the prompt has, or a truth value for a number: the call is charged by its bound."""
    counts = {
        "prompt": 100,
        "completion": 9,
        "cache_read": 60,
        "cache_write": 40,
        "reasoning": 0,
        "has_text": True,
    }
    assert parse_usage(**counts) == Usage(100, 9, 60, 40, 0)
    assert parse_usage(**counts | odd) is None


def test_what_only_the_total_counts_was_thought_if_it_can_have_been():
    """Gemini names its thoughts nowhere else where it speaks as OpenAI does; a total of many calls says nothing."""
    counts = {"prompt": 100, "completion": 9, "total": 150, "has_text": True, "most_output": 50}
    assert parse_usage(**counts) == Usage(100, 50, reasoning_tokens=41)
    assert parse_usage(**counts | {"total": 151}) == parse_usage(**counts | {"total": 109}) == Usage(100, 9)
    assert parse_usage(**counts | {"cache_read": 41}) == Usage(100, 9, cache_read_tokens=41)


def test_both_lifetimes_of_cache_writes_are_read():
    """Anthropic's reply says how many tokens it keeps for an hour, within what it wrote; its tier is in the usage."""
    said = {
        "input_tokens": 100,
        "output_tokens": 50,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 20,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "service_tier": "priority",
    }
    message = {
        "id": "msg_1",
        "type": "message",
        "model": "claude-sonnet-5-5-1",
        "content": [{"type": "text", "text": "42"}],
        "stop_reason": "end_turn",
        "usage": said,
    }
    reply = read_reply(json.dumps(message).encode(), "anthropic")
    assert reply is not None
    assert reply.usage == Usage(150, 50, 20, 30, 0, cache_write_1h_tokens=20, service="priority")
    assert reply.served_model == "claude-sonnet-5-5-1"


def test_audio_and_images_of_a_prompt_are_counted():
    """Of Chat, Responses and Gemini alike; more of them than the prompt has cannot be true."""
    details = {"audio_tokens": 30, "image_tokens": 50}
    plain = {"message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}
    spoken = {"type": "message", "content": [{"type": "output_text", "text": "42"}]}
    parts = [{"modality": "AUDIO", "tokenCount": 30}, {"modality": "IMAGE", "tokenCount": 50}]
    bodies = (
        {
            "choices": [plain],
            "usage": {"prompt_tokens": 100, "completion_tokens": 9, "prompt_tokens_details": details},
        },
        {
            "object": "response",
            "output": [spoken],
            "usage": {"input_tokens": 100, "output_tokens": 9, "input_tokens_details": details},
        },
        {
            "candidates": [{"content": {"parts": [{"text": "42"}]}, "finishReason": "STOP"}],
            "usageMetadata": {
                "promptTokenCount": 100,
                "candidatesTokenCount": 9,
                "promptTokensDetails": parts,
            },
        },
    )
    for body in bodies:
        reply = read_reply(json.dumps(body).encode(), "openai")
        assert reply is not None
        assert reply.usage == Usage(100, 9, audio_tokens=30, image_tokens=50)
    assert parse_usage(prompt=79, completion=9, audio=30, image=50, has_text=True) is None


def test_openai_is_asked_for_the_standard_service(gateway):
    """A project's default may be dearer than what is held; servers that speak like OpenAI's are not asked."""
    import litellm

    at_openai = request("")
    assert gateway._arguments(at_openai)["service_tier"] == "default"
    assert "service_tier" in litellm.get_supported_openai_params("gpt-6-sol", "openai")
    assert "service_tier" not in gateway._arguments(request("http://localhost:8000/v1"))
    europe = request("https://eu.api.openai.com/v1")
    assert gateway._arguments(europe)["service_tier"] == "default"
    assert service_tier("On_Demand") == service_tier(None) == service_tier("auto") == ""


async def test_missing_usage_is_not_guessed(gateway, endpoint):
    """A complete reply without usage has none, rather than zeros or an estimate."""
    endpoint.behaviour = lambda _: Answer("Answer: 42", usage=None)
    reply = await gateway.complete(request(endpoint.url))
    assert (reply.text, reply.usage, reply.raw_usage) == ("Answer: 42", None, None)


async def test_a_reply_can_always_be_stored(gateway, endpoint):
    """NUL and unpaired surrogates do not reach the database."""
    endpoint.behaviour = lambda _: Answer("a\x00b\ud800c")
    reply = await gateway.complete(request(endpoint.url))
    assert "\x00" not in reply.text
    reply.text.encode("utf-8")


@pytest.mark.parametrize(
    ("answer", "error", "retryable"),
    [
        (Answer(status=429, headers={"retry-after": "7"}), NotExecuted, True),
        (Answer(status=400), NotExecuted, False),
        (Answer(status=401), NotExecuted, False),
        (Answer(status=404), NotExecuted, False),
        (Answer(status=500), InDoubt, True),
        (Answer(status=503), InDoubt, True),
        (Answer(cut=True), InDoubt, True),
        (Answer(body="<html>garbage</html>"), InDoubt, True),
        (Answer(body='{"choices": []}'), InDoubt, True),
    ],
)
async def test_errors_are_sorted_by_what_is_owed(gateway, endpoint, answer, error, retryable):
    """What was provably not executed costs nothing; the rest is in doubt. Never more than one hit."""
    endpoint.behaviour = lambda _: answer
    with pytest.raises(error) as raised:
        await gateway.complete(request(endpoint.url))
    assert raised.value.retryable is retryable
    assert len(endpoint.calls) == 1
    assert "sk-secret" not in raised.value.detail
    if answer.headers:
        assert raised.value.retry_after_s == 7


async def test_users_read_a_category_and_staff_the_providers_words(gateway, endpoint):
    """Names of organisations, masked keys and addresses that a provider mentions are for staff alone."""
    said = "Incorrect key sk-se***test of org-acme, see http://10.0.0.7:8000"
    endpoint.behaviour = lambda _: Answer(status=401, body=json.dumps({"error": {"message": said}}))
    with pytest.raises(NotExecuted) as raised:
        await gateway.complete(request(endpoint.url))
    assert raised.value.category is ErrorCategory.KEY_REFUSED
    assert str(raised.value) == "openai/test refused the key of this installation. Tell its operator."
    assert "org-acme" in raised.value.detail


async def test_users_do_not_read_the_address_that_cannot_be_reached(gateway, monkeypatch):
    """The address of a server of the operator's own is for staff alone."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    with pytest.raises(NotExecuted) as raised:
        await gateway.complete(request("http://127.0.0.1:9/v1"))
    assert "127.0.0.1" not in str(raised.value)
    assert "127.0.0.1" in raised.value.detail


async def test_a_timeout_is_in_doubt(gateway, endpoint):
    """A call that takes too long may have been executed."""
    endpoint.behaviour = lambda _: Answer(delay_s=60)
    with pytest.raises(InDoubt, match="did not answer"):
        await gateway.complete(request(endpoint.url, timeout_s=3))


async def test_a_refused_connection_costs_nothing(gateway, monkeypatch):
    """Nothing listens: the request was provably not executed, and the message says what to look at."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    with pytest.raises(NotExecuted, match="Is it running"):
        await gateway.complete(request(url))


async def test_a_missing_socket_costs_nothing(gateway, tmp_path):
    """The same for a demo model that is not up."""
    model = dataclasses.replace(card(), api_base=f"unix:{tmp_path}/absent.sock")
    with pytest.raises(NotExecuted, match="Is it running"):
        await gateway.complete(Request(model, (Message("user", "?"),), 10, 1))


async def test_calls_go_over_the_aiohttp_transport(gateway, endpoint):
    """The default transport costs four times the CPU; a change of litellm must not bring it back unseen."""
    from litellm.llms.custom_httpx.aiohttp_transport import LiteLLMAiohttpTransport

    seen = []
    original = LiteLLMAiohttpTransport.handle_async_request

    async def watched(self, request):
        seen.append(request.url.path)
        return await original(self, request)

    LiteLLMAiohttpTransport.handle_async_request = watched
    try:
        await gateway.complete(request(endpoint.url))
    finally:
        LiteLLMAiohttpTransport.handle_async_request = original
    assert seen == ["/v1/chat/completions"]


async def test_a_call_ends_once_its_reply_is_read(gateway, endpoint, monkeypatch):
    """What litellm reckons and logs of it took a third of a call's CPU time; the connection serves the next call."""
    import litellm

    reckoned = []
    monkeypatch.setattr(litellm, "completion_cost", lambda *_, **__: reckoned.append("cost"))
    monkeypatch.setattr(
        "litellm.cost_calculator.completion_cost", lambda *_, **__: reckoned.append("cost") or 0.0
    )
    for _ in range(3):
        assert (await gateway.complete(request(endpoint.url))).text == "Answer: 42"
    assert not reckoned
    assert len(endpoint.connections) == 1

    # What only litellm can read still goes all its way.
    endpoint.behaviour = lambda _: Answer(body='{"of": "no known shape"}')
    with pytest.raises(InDoubt):
        await gateway.complete(request(endpoint.url))


def test_whatever_a_provider_counts_can_be_stored():
    """NaN, infinities, huge numbers, NUL and odd types become something that a database takes."""
    odd = {
        "a\x00": float("nan"),
        "b": [float("inf"), 10**30, "x\x00", None, True],
        "c": {"d": 3, "e": object},
    }
    kept = json_safe(odd)
    json.loads(json.dumps(kept, allow_nan=False))
    assert kept["c"]["d"] == 3
    assert "\x00" not in json.dumps(kept, ensure_ascii=False)
