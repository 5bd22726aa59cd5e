"""Which earlier answers a later one may equal."""

from solver.core.steps import Status, Step, StepKind, StepResult
from solver.judging.known_keys import KnownKeys


def told(key: str, answer_key: str, *, subproblem: bool = False) -> StepResult:
    return StepResult(key, StepKind.SAMPLE, Status.OK, answer_key=answer_key, subproblem=subproblem)


def test_only_comparable_keys_take_a_place():
    """Texts, choices and expressions are equal to the letter or not at all."""
    known = KnownKeys()
    for number in range(100):
        known.add(told(f"sample/{number}", f"text:{number}"))
    known.add(told("sample/100", "num:2"))
    known.add(told("sample/101", "math:x"))
    assert known.of(Step("sample/102", StepKind.SAMPLE)) == ("num:2", "math:x")


def test_the_answer_of_a_part_is_none_of_the_whole():
    """A part's formulas are compared with that part's alone."""
    known = KnownKeys()
    known.add(told("part/0/sample/0", "num:2", subproblem=True))
    known.add(told("part/1/sample/0", "num:3", subproblem=True))
    known.add(told("compose/0", "num:4"))
    assert known.of(Step("sample/0", StepKind.SAMPLE)) == ("num:4",)
    assert known.of(Step("part/0/run/1/line/0/2", StepKind.REVISE, subproblem=True)) == ("num:2",)
