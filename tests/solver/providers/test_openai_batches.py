"""What a batch's files say of its calls: a reply, not executed, or in doubt, each for itself."""

import json

import pytest

from solver.core.errors import InDoubt, NotExecuted
from solver.core.pricing import Usage
from solver.providers.batch_server import fates_in
from solver.providers.openai_batches import _fate, _rest
from tests.solver.simulated import card

CARD = card("openai/one", bundled=False)


def completion(tier: str | None = None) -> dict:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "one",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30},
    } | ({"service_tier": tier} if tier else {})


def fate(response: object, error: object = None) -> object:
    line = {"id": "req_1", "custom_id": "a", "response": response, "error": error}
    return _fate(line, CARD, "batch:1")


@pytest.mark.parametrize(
    ("tier", "billed"), [(None, "batch"), ("default", "batch"), ("batch", "batch"), ("priority", "priority")]
)
def test_a_reply_is_billed_at_the_tier_of_its_batch(tier, billed):
    """Unless it names another one than the standard: that is what is billed then."""
    reply = fate({"status_code": 200, "body": completion(tier)})
    assert (reply.text, reply.usage) == ("42", Usage(20, 10, service=billed))


@pytest.mark.parametrize(
    ("response", "error", "kind"),
    [
        ({"status_code": 400, "body": {"error": {"message": "no"}}}, None, NotExecuted),
        ({"status_code": 429, "body": {"error": {"message": "no"}}}, None, NotExecuted),
        ({"status_code": 500, "body": {"error": {"message": "no"}}}, None, InDoubt),
        ({"status_code": 200, "body": {"strange": True}}, None, InDoubt),
        (None, {"code": "batch_expired"}, NotExecuted),
        (None, {"code": "batch_cancelled"}, NotExecuted),
        (None, {"code": "request_timeout"}, InDoubt),
        (None, None, InDoubt),
    ],
)
def test_an_error_is_told_as_what_it_is(response, error, kind):
    """A real status decides as anywhere; what was not begun owes nothing; anything unknown is in doubt."""
    assert type(fate(response, error)) is kind


def test_lines_that_cannot_be_read_say_nothing():
    """The first readable line of a call counts."""
    good = json.dumps({"custom_id": "a", "response": {"status_code": 200, "body": completion()}})
    later = json.dumps({"custom_id": "a", "response": None, "error": {"code": "batch_expired"}})
    lines = ["{", "[]", '{"custom_id": "b"', good, later]
    text = "\n".join(lines)
    found = fates_in(text.encode(), lambda line: _fate(line, CARD, "batch:1"))
    assert {key: each.text for key, each in found.items()} == {"a": "42"}


@pytest.mark.parametrize(
    ("batch", "told", "kind"),
    [
        ({"status": "failed"}, 0, NotExecuted),
        ({"status": "cancelled", "request_counts": {"completed": 3, "failed": 0}}, 3, NotExecuted),
        ({"status": "expired", "request_counts": {"completed": 3, "failed": 1}}, 4, NotExecuted),
        ({"status": "expired", "request_counts": {"completed": 3, "failed": 1}}, 3, InDoubt),
        ({"status": "expired"}, 3, InDoubt),
        ({"status": "completed", "request_counts": {"completed": 3, "failed": 0}}, 3, InDoubt),
        ({"status": "strange"}, 0, InDoubt),
    ],
)
def test_a_call_without_a_line_was_executed_unless_all_that_were_are_told(batch, told, kind):
    """A batch that failed began nothing; of one that stopped early the missing ones were not begun."""
    fates = {str(number): NotExecuted("") for number in range(told)}
    assert type(_rest(batch, CARD, fates)) is kind
