"""The bench `conformance`: its fixtures hold, and its comparison finds what goes wrong."""

import dataclasses
import json

import pytest

from bench.conformance.families import differences, load
from bench.conformance.faults import FAULTS, GOOD
from bench.conformance.faulty_calls import Finding, Made, compare


def test_every_familys_replies_are_read_as_they_are():
    """Text, reasoning, finish, token classes and cost of each fixture, with one request a call, through litellm."""
    assert differences(load()) == []


def test_a_reply_that_is_read_wrongly_is_found():
    """Another cost, another text or another end than the fixture's is named."""
    fixture = load()[0]
    wrong = [
        dataclasses.replace(fixture, expected={**fixture.expected, "cost_nano": 1}),
        dataclasses.replace(fixture, expected={"ends": "void"}),
        dataclasses.replace(fixture, raw=json.dumps({"error": {"message": "no"}}).encode()),
    ]
    assert len(differences(wrong)) == 3


def entry(cost: int, requests: int = 1) -> dict[str, int]:
    return {"requests": requests, "cost_nano": cost}


@pytest.mark.parametrize(
    ("made", "bill", "found"),
    [
        (Made("hang", "in_doubt", 90), entry(70), Finding(1, 0, 0, 0)),
        (Made(GOOD, "settled", 70), entry(70), Finding(0, 0, 0, 0)),
        (Made("hang", "settled", 60), entry(70), Finding(1, 0, 10, 0)),
        (Made("status-429", "void", 0), entry(0), Finding(1, 0, 0, 0)),
        (Made("body-429", "void", 0), entry(70), Finding(1, 0, 70, 1)),
        (Made("status-422", "settled", 70), entry(140, 2), Finding(1, 0, 70, 0)),
    ],
)
def test_books_are_held_against_the_providers_bill(made, bill, found):
    """What is missing in the books, what was given back although it was executed, and what was sent twice."""
    assert compare({"a": made}, {"a": bill}) == found


def test_every_kind_of_fault_has_a_name_of_its_own():
    """No fault is drawn twice as often as another."""
    assert len(set(FAULTS)) == len(FAULTS)
