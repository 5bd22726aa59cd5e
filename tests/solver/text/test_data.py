"""Data in replies: read whole, named alike where it is equal, voted on field by field."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.inference.field_votes import field_votes, may_compose
from solver.text.data import canonical_json, csv_text, data_in, data_key, pretty_data, read_data
from solver.text.leaves import columns_of, leaf_key, leaves_of, replaced

FIRM = {
    "name": "Ponder",
    "founded": 1998,
    "seats": [{"city": "Bern", "people": 3}, {"city": "Rome", "people": 5}],
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ('<think>{"a": 0}</think>\nHere:\n```json\n{"a": 1.50}\n```\nDone.', {"a": Decimal("1.50")}),
        ('It is {"a": [1, 2]}, as asked; see [1].', {"a": [1, 2]}),
        ("~~~\nname;year\nA;1998\n~~~", [{"name": "A", "year": "1998"}]),
        ("Sure.\n\n| City | Pop |\n|:--|--:|\n| **Bern** | 1 \\| 2 |\n\nEnd.", [{"City": "Bern", "Pop": "1 | 2"}]),
        ('```csv\nname,note\n"A, B","x\ny"\n```', [{"name": "A, B", "note": "x\ny"}]),
    ],
)  # fmt: skip
def test_data_is_read_whatever_surrounds_it(reply, value):
    """Fenced or bare, JSON, CSV or a table in Markdown."""
    assert data_in(reply).value == value
    assert read_data(data_in(reply).text).value == value


@pytest.mark.parametrize(
    "reply",
    ["No.", "", '```json\n{"a": 1,}\n```', "```json\nNaN\n```", "[" * 3_000, '{"a":' * 3_000, "```csv\na,b\n1\n```"],
)  # fmt: skip
def test_what_is_no_data_is_none(reply):
    """Half of it, none of it, or too deep."""
    assert data_in(reply) is None


@given(VALUES)
@settings(max_examples=60)
def test_data_survives_being_written(value):
    """What is written is read again as the same data, under the same key."""
    if isinstance(value, dict | list) and value:
        again = read_data(pretty_data(value))
        assert again is not None
        assert data_key(again.value) == data_key(value)


def test_equal_data_has_one_key():
    """Order of keys, spelling of numbers and of letters do not count; a text is no number, and digits are not lost."""
    one = read_data('{"b": 1.0, "a": [1e2], "c": "Zu\u0308rich"}').value
    other = read_data('{"a": [100], "c": "Z\u00fcrich", "b": 1}').value
    assert data_key(one) == data_key(other)
    different = ['{"a": 1}', '{"a": "1"}', '{"a": true}', '{"a": null}', '{"a": [1]}', '{"a": 1e30}',
                 '{"a": 1000000000000000000000000000001}', '{"a": 1e999999999}']  # fmt: skip
    assert len({canonical_json(read_data(each).value) for each in different}) == len(different)


def test_fields_are_compared_by_what_they_mean():
    """Numbers by value, dates by day, texts whatever their capitals; codes keep their noughts."""
    same = [
        (1998, "1998"),
        ("1,000", 1000),
        ("2 January 2024", "2024-01-02"),
        ("New  York", "new york"),
        (0.5, "1/2"),
    ]
    for one, other in same:
        assert leaf_key(Decimal(str(one)) if isinstance(one, float) else one) == leaf_key(other)
    for one, other in [("0041", "41"), (1, True), ("", None), ("5 cm", "5 m"), ([1, 2], [2, 1])]:
        assert leaf_key(one) != leaf_key(other)


def test_most_votes_win_in_each_field():
    """No reply is right everywhere; what is delivered is. Rows are known by their city, whatever their order."""
    replies = [
        FIRM | {"founded": 1999},
        FIRM | {"name": "Wonder", "seats": FIRM["seats"][::-1]},
        FIRM | {"seats": [{"city": "Bern", "people": 3}, {"city": "Rome", "people": 6}]},
        FIRM | {"founded": 1999, "name": "Ponder."},
    ]
    replies[3]["founded"] = 1998
    found = field_votes(replies, may_compose=True)
    assert found.value == FIRM | {"seats": found.value["seats"]}
    assert {seat["city"]: seat["people"] for seat in found.value["seats"]} == {"Bern": 3, "Rome": 5}
    assert found.sentence() == (
        "3 of 6 fields are the same in all 4 replies; ‘name’ differs: Ponder (2), Wonder (1), Ponder. (1); "
        "‘founded’ differs: 1998 (3), 1999 (1); ‘seats › Rome › people’ differs: 5 (3), 6 (1)."
    )
    assert not found.is_settled(0.9)
    nearest = field_votes(replies, may_compose=False)
    assert nearest.value == replies[nearest.nearest]


def test_a_split_is_where_hardly_any_two_replies_agree():
    """One shared field is no split, nor is a single reply; longer texts in own words do not count."""
    scattered = [["diameter"], [0], [0], {"a": 1}, {"b": 2}, {"c": 3}, {"c": 4}]
    split = field_votes(scattered, may_compose=True)
    assert split.is_split
    assert split.sentence() == "Shown is the one of 7 replies that has most in common with the others."
    apart = [{"name": "A", "year": 1}, {"name": "B", "year": 2}, ["C"]]
    assert field_votes(apart, may_compose=True).is_split
    assert not field_votes([*apart, {"name": "A", "year": 3}], may_compose=True).is_split
    assert not field_votes(apart[:1], may_compose=True).is_split
    assert (
        field_votes([{"year": 1}, {"year": 2}], may_compose=True)
        .sentence()
        .startswith("0 of 1 field is the same")
    )


def test_agreement_settles_and_own_words_do_not_unsettle():
    """Three equal replies are enough; a text that each puts in its own words is said, and keeps nobody waiting."""
    stories = [
        {"year": 1998, "story": f"Once upon a time there was a firm, number {n} of many."} for n in range(3)
    ]
    found = field_votes(stories, may_compose=True)
    assert found.is_settled(0.9)
    assert "‘story’ is put in other words by each reply" in found.sentence()
    assert (
        field_votes([FIRM] * 3, may_compose=True).sentence() == "All 6 fields are the same in all 3 replies."
    )
    assert "no other to compare it with" in field_votes([FIRM], may_compose=True).sentence()


@given(st.lists(VALUES, min_size=1, max_size=5))
@settings(max_examples=80)
def test_votes_add_up_and_one_voice_is_delivered_as_it_is(values):
    """Each field has as many votes as replies name it; of equal replies the value is theirs; keys are never lost."""
    found = field_votes(values, may_compose=True)
    for each in found.fields:
        assert 0 <= each.absent < len(values)
        assert each.values[0][1] == max(votes for _, votes in each.values)
    alone = field_votes(values[:1] * 3, may_compose=True)
    assert data_key(alone.value) == data_key(values[0])
    columns = columns_of(values)
    assert all(replaced(each, {}, columns) == each for each in values)
    assert all(len(leaves_of(each, columns)) >= 1 for each in values)


def test_only_a_schema_without_rules_between_fields_lets_values_be_composed():
    """`oneOf` and its like join fields; properties, types and required ones do not."""
    plain = {"type": "object", "required": ["a"], "properties": {"a": {"enum": [1, 2]}}}
    assert may_compose(plain)
    assert not may_compose({"allOf": [plain]})
    assert not may_compose({"properties": {"a": {"type": "array", "uniqueItems": True}}})


def test_a_table_is_written_as_csv():
    """Commas and line breaks are quoted; what a row lacks is empty."""
    rows = [{"name": "A, B", "n": 1}, {"name": 'say "x"'}]
    assert csv_text(rows) == 'name,n\n"A, B",1\n"say ""x""",'
    assert json.loads(pretty_data({"a": [1, {"b": None}], "c": {}, "d": []})) == {
        "a": [1, {"b": None}],
        "c": {},
        "d": [],
    }
