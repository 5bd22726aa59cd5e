"""What `manage.py models check` finds out about a model, by jobs as any other."""

import json

import pytest

from billing.prices.book import load_prices
from jobs.management.model_check import check_model
from tests.support.endpoint import Answer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("colour", "sees"), [("red", True), ("none of these", False)])
def test_a_model_that_should_see_is_shown_a_picture(colour, sees, alice, endpoint, settings, tmp_path):
    """A red square: who names its colour sees, and who was sent nothing it could see does not."""
    settings.STORAGES = settings.STORAGES | {
        "files": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        }
    }
    settings.PONDER_PRICES = "openai/test=1/2/32000/400/sees"
    load_prices()

    def behave(call):
        said = json.dumps(call.body["messages"])
        if "image_url" in said:
            return Answer(f"Answer: {colour}")
        return Answer('```json\n{"answer": 42}\n```' if "JSON object" in said else "Answer: 42")

    endpoint.behaviour = behave
    found = check_model("openai/test", user=alice, report=lambda _: None)
    assert (found["works"], found["text"], found["json"], found["images"]) == (True, "42", True, sees), found
    assert found["charged"] != "$0.00"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Answer("", tool_calls=(("add", '{"a": 20417, "b": 31337}'),)), "works"),
        (Answer("Answer: 51754"), "answered in text"),
        (
            Answer("", tool_calls=(("multiply", '{"a": 1}'),)),
            "does not work: its calls could not be carried out",
        ),
    ],
)
def test_a_model_that_should_call_tools_has_one_to_call(reply, said, alice, endpoint, settings):
    """It really adds two numbers; who answers without it, or calls what is not there, is told apart."""
    settings.PONDER_PRICES = "openai/test=1/2/32000/400/tools"
    load_prices()

    def behave(call):
        said = json.dumps(call.body["messages"])
        if "20417" not in said:
            return Answer('```json\n{"answer": 42}\n```' if "JSON object" in said else "Answer: 42")
        if reply.tool_calls and not any(each["role"] == "tool" for each in call.body["messages"]):
            return reply
        return Answer("Answer: 51754")

    endpoint.behaviour = behave
    found = check_model("openai/test", user=alice, report=lambda _: None)
    assert (found["works"], found["tools"]) == (True, said), found


@pytest.mark.parametrize(
    ("reply", "why"),
    [(Answer(""), "empty"), (Answer("no such model", status=404), "is no model that its provider knows")],
)
def test_a_model_that_says_nothing_does_not_work(reply, why, alice, endpoint):
    """Whether it was refused or replied without a word, what is wrong is said."""
    endpoint.behaviour = lambda _: reply
    found = check_model("openai/test", user=alice, report=lambda _: None)
    assert not found["works"]
    assert why in found["error"]
