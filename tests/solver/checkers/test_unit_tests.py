"""`unit_tests`: what the tests say of a program, in words. Tests and program run here in two processes, unsandboxed."""

import pytest

from solver.checkers import CheckerError, parse_checker
from solver.checkers.unit_tests import UnitTests
from solver.core.programs import Ran
from solver.judging.judge import Judge
from tests.support.programs import said_by

ADD = "def add(a, b):\n    return a + b"
SIX = """
import random
from solution import add
random.seed(1)
assert add(1, 2) == 3
for a, b in [(1, 1), (2, 2)]:
    assert add(a, b) == a + b
def test_zero():
    assert add(0, 0) == 0
def test_empty():
    assert add("", "") == ""
async def test_async():
    assert add(1, 1) == 2
class TestMore:
    def setup_method(self):
        self.two = 2
    def test_two(self):
        assert add(self.two, 2) == 4
"""

UNITTEST = """
import unittest
import calc
class TestAdd(unittest.TestCase):
    def test_it(self):
        self.assertEqual(calc.add(1, 2), 3)
if __name__ == "__main__":
    unittest.main()
"""


def run(checker, program, *, stdout=None):
    """Return the verdict on a program that this repository wrote, so that it needs no sandbox here."""
    wanted = checker.to_run(program)
    return checker.verdict_on(wanted, Ran(stdout=said_by(wanted) if stdout is None else stdout))


EXAMPLES = """Examples:
>>> x = add(1, 2)
>>> x
3
>>> add(1, "")
Traceback (most recent call last):
TypeError: unsupported operand type(s) for +: 'int' and 'str'
"""
CANDIDATE = "def check(candidate):\n    assert candidate(1, 2) == 3"


@pytest.mark.parametrize(
    ("tests", "program", "passed", "says"),
    [
        (SIX, ADD, True, "6 of 6 tests pass."),
        (SIX, "def add(a, b):\n    return int(a) + int(b)", False, "5 of 6 tests pass; test_empty failed: ValueError"),
        (SIX, "pass", False, "0 of 6 tests pass; line 3 failed: ImportError"),
        ("assert add(1, 2) == 3", "def add(a, b:", False, "The program does not run: SyntaxError"),
        ("assert add(1, 2) == 3", "import os\nos._exit(0)", None, None),
        ("assert add(1, 2) == 3", "def add(a, b):\n    import sys\n    sys.exit(0)", False, "SystemExit"),
        ("assert add(1, 2) ==", ADD, None, "The tests cannot be run: SyntaxError"),
        ("x = 1", ADD, None, "The tests test nothing"),
        ("def test_x(request):\n    assert True", ADD, None, "the fixture “request” is not known here"),
        ("import polars\nassert add(1, 2) == 3", ADD, None, "they import “polars”"),
        ("import pytest\nassert pytest.warns", ADD, None, "“pytest.warns” is not known here"),
        ("if __name__ == '__main__':\n    assert add(1, 2) == 4\n    unittest.main()", ADD, False, "0 of 1"),
        ("try:\n    add(1, '')\nexcept TypeError:\n    pass\nelse:\n    raise ValueError", ADD, True, "1 of 1"),
        (EXAMPLES, ADD, True, "2 of 2 tests pass."),
        (">>> add(1, 2)\n4", ADD, False, "line 1: add(1, 2) failed: AssertionError: expected '4', got '3'."),
        ("\ufeffassert add(1, 2) == 3", f"\ufeff{ADD}", True, "1 of 1 test passes."),
        ("def check(candidate):\n    assert candidate(1, 2) == 3\ncheck(add)", ADD, True, "1 of 1 test passes."),
        ("def check(candidate):\n    assert candidate(1, 2) == 3\ncheck(add)", "def add(a, b): pass", False, "0 of 1"),
        (
            UNITTEST,
            ADD, True, "1 of 1 test passes.",
        ),
    ],
)  # fmt: skip
def test_the_tests_say_in_words_what_holds(tests, program, passed, says):
    """Asserts, loops, functions, methods and unittest classes count; the first that fails is named."""
    verdict = run(UnitTests(tests), program)
    if says is None:  # it ended the process before a test: nothing is proven
        assert not verdict.passed
        return
    assert verdict.passed is passed, verdict
    assert says in verdict.detail
    assert verdict.detail.endswith(".")


def test_what_a_program_prints_is_no_report():
    """A report counts only behind the mark that was drawn for this run."""
    checker = UnitTests("assert add(1, 2) == 3")
    forged = '{"tests": ["line 1"]}\n{"test": "line 1", "error": ""}\n{"done": true}\n'
    assert run(checker, ADD, stdout=forged).is_undecided
    assert checker.to_run(ADD).mark != checker.to_run(ADD).mark


@pytest.mark.parametrize(
    ("ending", "says"),
    [("time", "ran out of time"), ("memory", "ran out of memory"), ("output", "wrote too much")],
)
def test_a_test_that_never_ends_is_named(ending, says):
    """What ended before the limit counts; the one under way failed, and why."""
    checker = UnitTests("def test_a():\n    assert 1\ndef test_b():\n    assert 1")
    wanted = checker.to_run(ADD)
    told = f'{wanted.mark}{{"tests": ["test_a", "test_b"]}}\n{wanted.mark}{{"test": "test_a", "error": ""}}\n'
    verdict = checker.verdict_on(wanted, Ran(stdout=told, ending=ending))
    assert verdict.passed is False
    assert verdict.detail.startswith("1 of 2 tests passes; test_b did not end: ")
    assert says in verdict.detail


def test_tests_that_cannot_be_read_are_refused():
    """None at all is told when the job is made."""
    with pytest.raises(CheckerError, match="there are none"):
        parse_checker("unit_tests", problem="", fields={"tests": " "})


@pytest.mark.parametrize(
    ("tests", "problem", "called"),
    [
        (CANDIDATE, "Finish it:\ndef one():\n    pass\ndef add(a, b):\n", True),
        (f"{CANDIDATE}\n\ncheck(add)", "def other():", False),
        ("assert add(1, 2) == 3", "def add(a, b):", False),
    ],
)  # fmt: skip
def test_a_check_that_nobody_calls_is_given_the_function_of_the_problem(tests, problem, called):
    """As HumanEval has it: the last function that the problem begins."""
    checker = parse_checker("unit_tests", problem=problem, fields={"tests": tests})
    assert checker.tests == (f"{tests}\n\ncheck(add)\n" if called else tests)
    assert run(checker, ADD).passed


@pytest.mark.parametrize(
    "tests",
    [
        "def check(candidate):\n    assert candidate.add(1, 2) == 3\ncheck(Calc())",
        "assert Calc().add(1, 2) == 3",
    ],
)
def test_examples_beside_the_program_are_no_part_of_it(tests):
    """The program is the block that defines what tests name, called or not; methods are not at its top level."""
    program = "class Calc:\n    def add(self, a, b):\n        return a + b"
    reply = f"```python\n{program}\n```\nUse it:\n```python\nprint(Calc().add(1, 2))\ninput()\n```"
    assert UnitTests(tests).answer_in(reply) == program


class Anywhere:
    """Runs programs of this repository without a sandbox, and counts them."""

    def __init__(self):
        self.runs = 0

    async def run(self, wanted, asker):
        self.runs += 1
        return Ran(stdout=said_by(wanted))


async def test_the_judge_reads_the_program_and_has_it_run_once():
    """A reply's block is judged whatever surrounds it; the same program again costs no run; tests are tried first."""
    programs = Anywhere()
    judge = Judge(programs=programs)
    checker = UnitTests("assert add(1, 2) == 3")
    reply = f"Here it is:\n\n```python\n{ADD}\n```\n\nCall it:\n```python\nprint(add(1, 2))\n```\nAnswer: 3"
    first, second = [await judge.judge(text=reply, checker=checker) for _ in range(2)]
    assert (first.answer, first.verdict.passed, first.verdict.detail) == (ADD, True, "1 of 1 test passes.")
    assert (second, programs.runs) == (first, 1)
    assert await judge.fault_of(checker) == ""
    assert "passes what cannot be right" in await judge.fault_of(UnitTests("assert True"))
    assert "cannot be run" in await judge.fault_of(UnitTests("assert ("))
    assert (await judge.judge(text="I do not know.", checker=checker)).answer is None
    await judge.close()


async def test_without_a_sandbox_a_program_is_undecided():
    """Nothing is run where nothing can be trusted to hold it, and nothing is refuted."""
    judge = Judge()
    judged = await judge.judge(text=f"```python\n{ADD}\n```", checker=UnitTests("assert add(1, 2) == 3"))
    assert (judged.answer, judged.verdict.passed) == (ADD, None)
    assert judged.verdict.detail == "Nothing here can run code."
    await judge.close()
