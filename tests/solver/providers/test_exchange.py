"""One request a call on the wire: no redirect repeats it, and nothing but its own reply is taken for one."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Self

import pytest

from solver.core.errors import ErrorCategory, InDoubt, NotExecuted
from solver.core.request import Message, Request
from solver.providers import batch_server, exchange
from solver.providers.batch_server import BatchLine
from solver.providers.litellm_gateway import LiteLLMGateway
from tests.solver.simulated import card


def reply(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 20, "completion_tokens": 10}
    body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    return http("200 OK", json.dumps(body))


def http(status: str, body: str = "", *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers)
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Server:
    """Answers each request, named by its method and path, as a test decides; whatever comes at whatever time."""

    def __init__(self, answer: Callable[["Server", str], bytes]) -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = "http://127.0.0.1:{1}".format(*self._server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            await reader.readexactly(int(lengths[0].split(":")[1]) if lengths else 0)
            if "transfer-encoding: chunked" in head.lower():
                await reader.readuntil(b"0\r\n\r\n")
            self.heads.append(head.lower())
            self.asked.append(" ".join(head.split()[:2]))
            writer.write(self.answer(self, self.asked[-1]))
            await writer.drain()
        writer.close()


@pytest.fixture
async def gateway(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none-of-these-calls-leaves-this-machine")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none-of-these-calls-leaves-this-machine")
    made = LiteLLMGateway()
    yield made
    await made.close()


def request(address: str, model: str = "openai/test") -> Request:
    asked = replace(card(model, bundled=False), litellm_model=model, api_base=address, timeout_s=10.0)
    return Request(asked, (Message("user", "What is 6 times 7?"),), 100, 1)


@pytest.mark.parametrize("model", ["openai/test", "anthropic/claude-sonnet-5-5"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(gateway, model, status):
    """It would send the call again, up to twenty times under one hold; it was not executed, and staff read where to."""
    async with Server(lambda _, __: http(f"{status} Moved", "", "Location: /v2/elsewhere")) as server:
        with pytest.raises(NotExecuted) as caught:
            await gateway.complete(request(server.address, model))
        assert len(server.asked) == 1
    assert caught.value.category == ErrorCategory.MOVED
    assert caught.value.category.needs_operator
    assert "/v2/elsewhere" in caught.value.detail


async def test_nothing_is_submitted_again_to_where_a_redirect_points(gateway):
    """Neither a call in the background nor a batch, which no httpx sends."""
    async with Server(lambda _, __: http("308 Moved", "", "Location: /v2/elsewhere")) as server:
        with pytest.raises(NotExecuted) as caught:
            await gateway.submit(request(server.address))
        line = BatchLine(gateway._draft)
        batches = batch_server.Server(server.address, "/chat/completions", {})
        with pytest.raises(NotExecuted) as refused:
            await line.started(line.ask("POST", batches, "/batches", json={}), card(), "reference")
        await line.close()
        assert server.asked == ["POST /responses", "POST /batches"]
    assert caught.value.category == refused.value.category == ErrorCategory.MOVED


async def test_a_key_does_not_follow_a_redirect_to_another_server(gateway):
    """Results of a batch may lie in somebody's storage: they are fetched there without the provider's key."""

    def answer(server: Server, asked: str) -> bytes:
        if asked == "GET /stored":
            return http("200 OK", '{"kept": true}')
        return http("302 Found", "", f"Location: {place}")

    line = BatchLine(gateway._draft)
    async with Server(answer) as storage, Server(answer) as server:
        batches = batch_server.Server(server.address, "/messages", {"x-api-key": "secret"})
        for place, keys in (("/stored", 1), (f"{storage.address}/stored", 0)):
            assert await line.ask("GET", batches, "/results") == {"kept": True}
            last = (storage if place.startswith("http") else server).heads[-1]
            assert last.count("x-api-key: secret") == keys
        place = "/for-ever"
        with pytest.raises(batch_server.Answered):
            await line.ask("GET", batches, "/results")
        assert len(server.asked) < 15
    await line.close()


async def test_a_result_that_lies_elsewhere_at_the_server_is_fetched(gateway):
    """Some hosts answer a call of minutes with 303: they are asked for its result a few times, and they alone."""

    def answer(server: Server, asked: str) -> bytes:
        if asked == "GET /result":
            return reply("Answer: 42")
        return http("303 See Other", "", f"Location: {place.format(server.address)}")

    place = "/result"
    async with Server(answer) as server:
        assert (await gateway.complete(request(server.address))).text == "Answer: 42"
        assert server.asked == ["POST /chat/completions", "GET /result"]
    for elsewhere, most in (("http://other.invalid/result", 1), ("{}/for-ever", 21)):
        place = elsewhere
        async with Server(answer) as server:
            with pytest.raises(InDoubt):
                await gateway.complete(request(server.address))
            assert len(server.asked) == most
    async with Server(answer) as neighbour, Server(answer) as server:
        place = f"{neighbour.address}/result"
        with pytest.raises(InDoubt):
            await gateway.complete(request(server.address))
        assert neighbour.asked == []


async def test_a_reply_that_nobody_asked_for_is_not_taken_for_the_next_one(gateway):
    """A server that answers twice has its connection dropped: the stray reply may be of another job."""
    async with Server(lambda server, _: reply(f"Answer: {len(server.asked)}")) as server:
        assert (await gateway.complete(request(server.address))).text == "Answer: 1"
        server.writers[0].write(reply("Answer: of somebody else"))
        await server.writers[0].drain()
        for _ in range(5):  # what was written is read in the next rounds of this loop
            await asyncio.sleep(0)
        assert (await gateway.complete(request(server.address))).text == "Answer: 2"


async def test_a_reply_without_end_is_not_read_to_its_end(gateway, monkeypatch):
    """What no model can have written is in doubt, and does not fill the worker's memory."""
    monkeypatch.setattr(exchange, "MOST_BODY_BYTES", 10_000)
    async with Server(lambda _, __: reply("42 " * 5_000)) as server:
        with pytest.raises(InDoubt):
            await gateway.complete(request(server.address))


async def test_a_proxy_that_lets_nobody_through_means_that_nothing_was_sent(gateway, monkeypatch):
    """The call is free to be tried again, as with a provider that cannot be reached."""
    async with Server(lambda _, __: http("407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        with pytest.raises(NotExecuted) as caught:
            await gateway.complete(request("https://192.0.2.7/v1"))
        assert proxy.asked == ["CONNECT 192.0.2.7:443"]
    assert caught.value.category == ErrorCategory.UNREACHABLE
