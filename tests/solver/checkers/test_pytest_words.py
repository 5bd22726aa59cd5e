"""Tests written for pytest or unittest, run as they run them, though pytest is not in the sandbox. Unsandboxed here."""

import pytest

from solver.checkers.unit_tests import UnitTests
from solver.core.programs import Ran
from tests.support.programs import said_by

PROGRAM = "def add(a, b):\n    return a + b\ndef div(a, b):\n    return a / b"
FOR_PYTEST = """
import numpy as np
import pytest
from pytest import approx, raises
from solution import add, div

@pytest.fixture
def two():
    yield 2

@pytest.fixture(scope="module", name="four")
def _four():
    return 4

@pytest.fixture(autouse=True)
def seen():
    global SEEN
    SEEN = True

@pytest.mark.parametrize("a,b,c", [(1, 2, 3), pytest.param(2, 2, 4, id="x"), ("a", "b", "ab")])
def test_add(a, b, c):
    assert add(a, b) == c

@pytest.mark.parametrize("x", [1, pytest.param(2)])
@pytest.mark.parametrize("y", [(3,), (4,)])
def test_product(x, y):
    assert add(x, y[0]) == x + y[0]

@pytest.mark.parametrize(("a", "b"), [[1, 2]], ids=["z"])
class TestIt:
    @classmethod
    def setup_class(cls): cls.n = 1
    def setup_method(self, method): self.m = 2
    @pytest.fixture
    def own(self, two): return two + self.m
    def test_own(self, a, b, own):
        assert add(self.n, own) == 5
    async def test_async(self, a, b):
        assert add(a, b) == 3

def test_fixtures(two, four, tmp_path, capsys):
    (tmp_path / "x.txt").write_text("hi")
    print("out")
    assert capsys.readouterr().out == "out\\n"
    assert add(two, four) == 6 and SEEN

@pytest.mark.asyncio
async def test_asyncio():
    assert add(1, 1) == 2

def test_raises():
    with pytest.raises(ZeroDivisionError, match="zero") as caught:
        div(1, 0)
    assert "division" in str(caught.value) and caught.type is ZeroDivisionError
    with raises((TypeError, ValueError)):
        add(1, "a")
    raises(ZeroDivisionError, div, 1, 0)

def test_approx():
    assert div(1, 3) == pytest.approx(0.3333333)
    assert div(1, 3) != approx(0.33) and div(1, 3) == approx(0.33, abs=0.01)
    assert [div(1, 3), 1] == approx([1 / 3, 1]) and [1] != approx([1, 1])
    assert {"a": 0.1 + 0.2} == approx({"a": 0.3})
    assert np.array([0.1 + 0.2]) == approx(np.array([0.3]))
    assert float("nan") != approx(float("nan")) and float("inf") == approx(float("inf"))

@pytest.mark.skip(reason="x")
def test_skipped(): assert False
@pytest.mark.slow
def test_slow(): assert add(1, 1) == 2
with pytest.raises(ZeroDivisionError):
    div(1, 0)
if __name__ == "__main__":
    pytest.main([__file__])
"""
PATCHED = """
import os, solution
KNOWN = {}
def test_patches(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *prompt: "3")
    monkeypatch.setattr(solution, "LIMIT", 9)
    monkeypatch.setitem(KNOWN, "k", 1)
    monkeypatch.setenv("HERE", "x")
    assert (ask(), LIMIT, solution.LIMIT, KNOWN, os.environ["HERE"]) == (3, 5, 9, {"k": 1}, "x")
def test_undone():
    assert (solution.LIMIT, KNOWN, os.environ.get("HERE")) == (5, {}, None)
"""
FOR_UNITTEST = """
import unittest
from solution import *
class TestSync(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.k = 3
    def setUp(self): self.addCleanup(print)
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertEqual(add(i, self.k), i + 3)
    @unittest.expectedFailure
    def test_expected(self): self.assertEqual(add(1, 1), 3)
    @unittest.skip("no")
    def test_skip(self): self.fail()
class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self): self.q = 1
    async def test_it(self): self.assertEqual(add(self.q, 1), 2)
unittest.main()
"""


@pytest.mark.parametrize(
    ("tests", "program", "says"),
    [
        (FOR_PYTEST, PROGRAM, "11 of 11 tests pass."),
        (FOR_PYTEST, PROGRAM.replace("a + b", "a - b"), "Error, with {'a': 1, 'b': 2, 'c': 3}."),
        (FOR_PYTEST, PROGRAM.replace("a / b", "0.33"), "it did not raise <class 'ZeroDivisionError'>."),
        (PATCHED, "LIMIT = 5\ndef ask(): return int(input())", "2 of 2 tests pass, in one process with the program."),
        (FOR_UNITTEST, PROGRAM, "4 of 4 tests pass."),
        (FOR_UNITTEST, PROGRAM.replace("a + b", "a - b"), "TestSync.test_sub failed: AssertionError: -3 != 3."),
    ],
)  # fmt: skip
def test_tests_run_as_their_authors_are_used_to(tests, program, says):
    """Fixtures, parameters, classes, coroutines, skipped tests, `raises`, `approx`; unittest's hooks and sub-tests."""
    checker = UnitTests(tests)
    wanted = checker.to_run(program)
    assert checker.verdict_on(wanted, Ran(stdout=said_by(wanted))).detail.endswith(says)
