"""`json_schema`: JSON that does not fit is refused; what fits is not proven."""

import pytest

from solver.checkers.json_schema import JsonSchema
from solver.judging.child_tools import Tools

PERSON = JsonSchema(
    '{"type": "object", "required": ["name"], "properties": {"age": {"type": "integer", "minimum": 0}}}'
)


@pytest.mark.parametrize(
    ("answer", "passed", "said"),
    [('{"name": "Ada", "age": 36}', True, "fits the JSON Schema"), ('```json\n{"name": "Ada"}\n```', True, "fits"),
     ('{"age": 3}', False, "'name' is a required property"), ('{"name": "Ada", "age": -1}', False,
     "at age: -1 is less than the minimum"),
     ("[1, 2", False, "is not JSON"), ("Ada", False, "is not JSON")],
)  # fmt: skip
def test_json_is_held_to_its_schema(answer, passed, said):
    """The sentence tells what does not fit."""
    verdict = PERSON.check(answer)
    if verdict.is_undecided:
        verdict = PERSON.check_in_child(answer, Tools())
    assert verdict.passed is passed
    assert said in verdict.detail
    assert not PERSON.is_checkable


def test_a_schema_that_refers_elsewhere_is_not_fetched():
    """Nothing is asked of the network; the answer stays undecided."""
    elsewhere = JsonSchema('{"$ref": "https://example.org/schema.json"}')
    assert elsewhere.check_in_child("{}", Tools()).is_undecided
    assert JsonSchema('{"type": "nothing"}').check_in_child("{}", Tools()).is_undecided


@pytest.mark.parametrize("schema", ['{"$ref": "#"}', '{"$dynamicRef": "#m", "$dynamicAnchor": "m"}'])
def test_a_schema_that_refers_to_itself_without_end_is_told_so(schema):
    """It costs the child nothing, and is said before the first call."""
    verdict = JsonSchema(schema).check_in_child("{}", Tools())
    assert verdict.detail.startswith("The JSON Schema can’t be used: it refers to itself without end")
