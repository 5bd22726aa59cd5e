"""Calls of tools on the wire: told to models that call tools, read from every family's replies, answered by their ids."""

import json
from dataclasses import replace

import pytest

from solver.core.request import Message, Request, ToolCall
from solver.core.tools import ToolSpec
from solver.engine.calls.bounds import prompt_bytes
from solver.providers.litellm_gateway import LiteLLMGateway
from solver.providers.picture_parts import responses_items
from solver.providers.replies.reading import read_reply
from tests.solver.simulated import card
from tests.support.endpoint import Answer, Endpoint

SPEC = ToolSpec("look_up", "Looks up.", {"type": "object", "properties": {"word": {"type": "string"}}})
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
ARGUMENTS = {"word": "six", "times": 1.5}
TEXT = json.dumps(ARGUMENTS)
_CHAT = {"tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": TEXT}}]}
_START = {"index": 0, "id": "c1", "function": {"name": "look_up", "arguments": ""}}


def _events(*events: dict) -> bytes:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()


def _piece(call: dict) -> dict:
    return {"choices": [{"delta": {"tool_calls": [call]}}]}


BODIES = {
    "chat": ({"choices": [{"message": {"content": None, **_CHAT}, "finish_reason": "tool_calls"}], "usage": USAGE}, "c1"),
    "chat, an object": (
        {"choices": [{"message": {"tool_calls": [{"id": "c1", "function": {"name": "look_up", "arguments": ARGUMENTS}}]},
                      "finish_reason": "tool_calls"}], "usage": USAGE}, "c1"),
    "one function": (
        {"choices": [{"message": {"function_call": {"name": "look_up", "arguments": TEXT}}}], "usage": USAGE}, "call_0"),
    "anthropic": (
        {"type": "message", "content": [{"type": "tool_use", "id": "t1", "name": "look_up", "input": ARGUMENTS}],
         "stop_reason": "tool_use", "usage": {"input_tokens": 20, "output_tokens": 10}}, "t1"),
    "gemini": (
        {"candidates": [{"content": {"parts": [
            {"functionCall": {"name": "look_up", "args": ARGUMENTS}, "thoughtSignature": "c2ln"}]},
            "finishReason": "STOP"}],
         "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 10}}, "call_0__thought__c2ln"),
    "converse": (
        {"output": {"message": {"content": [{"toolUse": {"toolUseId": "b1", "name": "look_up", "input": ARGUMENTS}}]}},
         "stopReason": "tool_use", "usage": {"inputTokens": 20, "outputTokens": 10}}, "b1"),
    "ollama": (
        {"done": True, "done_reason": "stop", "prompt_eval_count": 20, "eval_count": 10,
         "message": {"content": "", "tool_calls": [{"function": {"name": "look_up", "arguments": ARGUMENTS}}]}},
        "call_0"),
    "responses": (
        {"object": "response", "status": "completed", "usage": {"input_tokens": 20, "output_tokens": 10},
         "output": [{"type": "function_call", "call_id": "r1", "name": "look_up", "arguments": TEXT}]}, "r1"),
    "chat events": (_events(
        _piece(_START), _piece({"index": 0, "function": {"arguments": TEXT[:9]}}),
        _piece({"index": 0, "function": {"arguments": TEXT[9:]}}),
        {"choices": [{"delta": {}, "finish_reason": "tool_calls"}], "usage": USAGE}), "c1"),
    "anthropic events": (_events(
        {"type": "message_start", "message": {"usage": {"input_tokens": 20}}},
        {"type": "content_block_start", "index": 0,
         "content_block": {"type": "tool_use", "id": "t1", "name": "look_up", "input": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": TEXT[:9]}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": TEXT[9:]}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 10}}), "t1"),
}  # fmt: skip


@pytest.mark.parametrize("family", BODIES)
def test_calls_are_read_from_every_familys_replies(family):
    """Name, arguments and id, whether arguments come as text, as an object or in pieces; the usage is believed."""
    body, name = BODIES[family]
    reply = read_reply(body if isinstance(body, bytes) else json.dumps(body).encode(), "")
    [call] = reply.tool_calls
    assert (call.id, call.name) == (name, "look_up")
    assert json.loads(call.arguments) == ARGUMENTS
    assert (reply.text, reply.finish_reason) == ("", "tool_calls")
    assert reply.usage.output_tokens == 10


def test_two_calls_under_one_id_can_be_told_apart():
    """Each answer names one call."""
    calls = [{"id": "c", "function": {"name": "look_up", "arguments": "{}"}}] * 2
    body = {"choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}], "usage": USAGE}
    assert len({call.id for call in read_reply(json.dumps(body).encode(), "").tool_calls}) == 2


def test_a_conversation_with_tools_survives_the_journal_and_is_counted():
    """Calls and answers go there and back; schemas, calls and results count among the prompt's bytes."""
    said = Message("assistant", "Let me see.", tool_calls=(ToolCall("c1", "look_up", TEXT),))
    answer = Message("tool", "Six is 6.", answers_call="c1")
    for message in (said, answer, Message("user", "Hi")):
        assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message
    plain = prompt_bytes((Message("assistant", "Let me see."),))
    assert prompt_bytes((said,)) > plain + len(TEXT)
    assert prompt_bytes((said,), [SPEC.as_function()]) > prompt_bytes((said,)) + len(
        json.dumps(SPEC.as_function())
    )
    assert [item["type"] for item in responses_items(said, {})[1:] + responses_items(answer, {})] == [
        "function_call", "function_call_output",
    ]  # fmt: skip


@pytest.mark.parametrize("calls_tools", [True, False])
async def test_tools_are_told_to_models_that_call_them(monkeypatch, calls_tools):
    """The request names the tools, and a later one carries the calls and their answers, in the provider's shape."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    endpoint, gateway = Endpoint(lambda _: Answer("", tool_calls=(("look_up", TEXT),))), LiteLLMGateway()
    model = replace(
        card("openai/test", bundled=False),
        litellm_model="openai/test",
        api_base=endpoint.url,
        calls_tools=calls_tools,
    )
    messages = (
        Message("user", "What is six?"),
        Message("assistant", "", tool_calls=(ToolCall("c1", "look_up", TEXT),)),
        Message("tool", "Six is 6.", answers_call="c1"),
    )
    try:
        reply = await gateway.complete(Request(model, messages, 100, 1, functions=(SPEC.as_function(),)))
    finally:
        await gateway.close()
        endpoint.close()
    [call] = reply.tool_calls
    assert (call.id, call.name, call.arguments) == ("call_0_0", "look_up", TEXT)
    sent = endpoint.calls[0].body
    assert ("tools" in sent) is calls_tools
    assert not [key for key in sent if key.startswith("_")]
    assert sent["messages"][1]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": TEXT}
    assert sent["messages"][2] == {"role": "tool", "content": "Six is 6.", "tool_call_id": "c1"}
