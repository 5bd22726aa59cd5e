"""Conclusions of texts: when two are the same, and how what a model says of them is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.inference.conclusion_groups import ConclusionGroups
from solver.text.conclusions import read_groups, same_wording

SAID = "Two camps.\n**Group 1:** 1, 3 and 4\n- Group: 2 (5 is alone)\nGroup: 5, 3, 9\nGroup: none"


def test_equal_wordings_are_one_conclusion():
    """Case, punctuation and spacing make no difference; words and signs do."""
    assert same_wording("**The tax works.** ") == same_wording("the tax  works")
    assert same_wording("The tax works") != same_wording("The tax does not work")
    assert same_wording("≥ 0") != same_wording("≤ 1")
    assert same_wording(" → ") == "→"
    assert same_wording("") == ""


def test_groups_are_read_as_a_model_writes_them():
    """Each number belongs where it stood first; what does not exist is left out."""
    assert read_groups(SAID, 5) == [[0, 2, 3], [1], [4]]
    assert read_groups("<think>Group: 1, 2</think>No.", 2) is None
    assert read_groups("Group: 0, 7\nGroups: 1", 3) is None
    assert read_groups("Group: 1, 1, 2", 2) == [[0, 1]]


@given(st.lists(st.sampled_from(["Group", ":", "1", ", ", "22", "\n", " ", "and", "*", "x", "99999"])))
def test_whatever_a_model_writes_no_number_is_in_two_groups(pieces):
    """Groups hold existing numbers, each once."""
    found = [number for group in read_groups("".join(pieces), 3) or [] for number in group]
    assert sorted(set(found)) == sorted(found)
    assert set(found) <= {0, 1, 2}


def grouped(*conclusions: str | None) -> ConclusionGroups:
    groups = ConclusionGroups()
    for number, conclusion in enumerate(conclusions):
        groups.add(f"draft/{number}", conclusion, is_vote=True)
    return groups


def test_a_model_joins_what_differs_in_words_alone():
    """Its reply merges groups; a revision that says the same counts as no vote."""
    groups = grouped("Yes, it works.", "It does work", None, "No.", "yes it works")
    assert [key for key, _ in groups.to_list()] == ["draft/0", "draft/1", "draft/3"]
    groups.merge(["draft/0", "draft/1", "draft/3"], [[0, 1], [2]])
    groups.add("improve/0/text", "It does work!", is_vote=False)
    assert [(each.conclusion, each.votes) for each in groups.groups()] == [("Yes, it works.", 3), ("No.", 1)]
    assert groups.group_of("improve/0/text").votes == 3
    assert groups.group_of("draft/2") is None
    assert groups.to_list() == [], "nothing new to ask"
    groups.add("improve/1/text", "Perhaps.", is_vote=False)
    assert [conclusion for _, conclusion in groups.to_list()] == ["Yes, it works.", "No.", "Perhaps."]


@pytest.mark.parametrize("said", [None, [], [[0]], [[0, 1], [0, 1]]])
def test_a_reply_that_says_nothing_is_asked_for_once(said):
    """What was put before a model is not put before it again."""
    groups = grouped("Yes.", "No.")
    groups.merge(["draft/0", "draft/1"], said)
    assert groups.to_list() == []
    assert len(groups.groups()) == (1 if said and len(said) > 1 else 2)
