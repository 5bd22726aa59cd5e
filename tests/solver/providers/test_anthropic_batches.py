"""What the results of one of Anthropic's batches say of its calls: paid where there is a message, else owed nothing."""

import json

import pytest

from solver.core.errors import ErrorCategory, InDoubt, NotExecuted
from solver.core.pricing import Usage
from solver.providers.anthropic_batches import _fate, _over
from tests.solver.simulated import card

CARD = card("anthropic/one", bundled=False)
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "one",
    "content": [{"type": "text", "text": "42"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 20, "cache_read_input_tokens": 5, "output_tokens": 10, "service_tier": "batch"},
}


def fate(result: object) -> object:
    return _fate({"custom_id": "a", "result": result}, CARD, "batch:1")


@pytest.mark.parametrize("tier", ["batch", "standard"])
def test_a_message_is_billed_at_the_tier_of_its_batch(tier):
    """Cached tokens are part of the prompt's."""
    usage = MESSAGE["usage"] | {"service_tier": tier}
    reply = fate({"type": "succeeded", "message": MESSAGE | {"usage": usage}})
    assert (reply.text, reply.usage) == ("42", Usage(25, 10, 5, service="batch"))


@pytest.mark.parametrize(
    ("result", "kind", "category"),
    [
        ({"type": "canceled"}, NotExecuted, ErrorCategory.BUSY),
        ({"type": "expired"}, NotExecuted, ErrorCategory.BUSY),
        (
            {"type": "errored", "error": {"type": "error", "error": {"type": "invalid_request_error"}}},
            NotExecuted,
            ErrorCategory.REQUEST_REFUSED,
        ),
        (
            {"type": "errored", "error": {"type": "error", "error": {"type": "overloaded_error"}}},
            NotExecuted,
            ErrorCategory.OVERLOADED,
        ),
        ({"type": "succeeded", "message": {"strange": True}}, InDoubt, ErrorCategory.UNREADABLE),
        ({"type": "strange"}, InDoubt, ErrorCategory.UNREADABLE),
    ],
)
def test_what_has_no_message_owes_nothing_and_what_cannot_be_read_is_in_doubt(result, kind, category):
    """Anthropic bills neither errors nor what was cancelled or expired."""
    found = fate(result)
    assert (type(found), found.category) == (kind, category)


def test_a_call_without_a_line_is_in_doubt():
    """A batch that has ended tells of all its calls."""
    line = json.dumps({"custom_id": "a", "result": {"type": "expired"}})
    look = _over(line.encode(), CARD, "batch:1")
    assert (look.is_over, set(look.fates), type(look.rest)) == (True, {"a"}, InDoubt)
