"""Tests and the program that they test, in two processes: what they can do to each other. Unsandboxed, as its neighbour.

Programs that deceive are below: none of them makes a test pass that it does not pass.
"""

import pytest

from solver.checkers.unit_tests import UnitTests
from solver.core.programs import Ran
from tests.support.programs import said_by

ASSERTS = "assert f(3) == 3\nassert f(7) == 7"
METHODS = """
import unittest
class TestF(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(f(3), 3)
    def test_raises(self):
        with self.assertRaises(ValueError):
            f(-1)
"""
GIVEN = "def cb(x):\n    return x\nassert f(cb, 3) == 3"
GIVEN_ITSELF = """
import unittest
class TestF(unittest.TestCase):
    def test_it(self):
        self.assertEqual(f(self, 3), 3)
"""
LIAR = """
class abs:
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = lambda self, *other: True
    __ne__ = lambda self, other: False
    __sub__ = __rsub__ = __abs__ = __round__ = lambda self, *other: self
    __hash__ = lambda self: hash(3)
abs.__name__ = "TestF"
def f(n):
    return abs()
"""
WEAK = """
import unittest
class TestF(unittest.TestCase):
    def test_near(self): assert abs(f(3) - 3) < 1e-6
    def test_almost(self): self.assertAlmostEqual(f(3), 3)
    def test_in(self): self.assertIn(3, f(3))
    def test_inside(self): self.assertEqual([f(3)], [3])
    def test_greater(self): self.assertGreater(f(3), 2)
    def test_same(self): assert f(1) == f(2)
    def test_one_of(self): assert f(3) in (3, 4)
    def test_key(self): assert {f(3)} == {3}
    def test_int(self): assert isinstance(f(3), int)
    def test_true(self): assert f(3) is True
"""
# What each needs to reach: the frames of whoever called it, or its end of the line.
REACH = """
import gc, json, os, sys
frame = sys._getframe()
while frame and not any(hasattr(each, "ask") for each in frame.f_locals.values()):
    frame = frame.f_back
line = next(each for each in frame.f_locals.values() if hasattr(each, "ask"))
def send(**told):
    os.write(3, (json.dumps(told) + "\\n").encode())
"""
ANOTHER_UNITTEST = """
import unittest
unittest.TestCase.assertEqual = unittest.TestCase.assertRaises = lambda *given: f
class f:
    def __init__(self, n): pass
    def __enter__(self): pass
    def __exit__(self, *error): return True
"""
IN_ITS_PLACE = """
import sys, types
fake = types.ModuleType("unittest")
fake.TestCase = type("TestCase", (), {"__init__": lambda *given: None, "assertEqual": lambda *given: None})
sys.modules["unittest"] = fake
def f(n):
    return 0
"""
OTHER_FUNCTIONS = """
import builtins, json
builtins.compile = builtins.exec = json.loads = lambda *given, **named: {}
abs = all = isinstance = lambda *given: 0
class math:
    sqrt = staticmethod(lambda x: 0)
def f(n):
    return 0
"""
FRAMES = """
import gc, sys
for each in gc.get_objects():
    if type(each).__name__ == "_Run":
        type(each).one = lambda self, name, run: self.say(test=name, error="")
def f(n):
    frame = sys._getframe(1)
    while frame:
        if "tree" in frame.f_locals:
            return n
        frame = frame.f_back
    return 0
"""
TRACE = """
import sys
def trace(frame, event, arg):
    if event == "line" and frame.f_code.co_filename == "tests.py":
        frame.f_lineno += 1
    return trace
sys.settrace(trace)
def f(n):
    return 0
"""
OWN_REPORT = """
import os
for number in range(1, 20):
    for told in ('{"test": "line 1: assert f(3) == 3", "error": ""}', '{"done": true}'):
        try:
            os.write(number, (told + "\\n").encode())
        except OSError:
            pass
def f(n):
    return 0
"""
EARLY = f"{REACH}def f(n):\n    send(**{{'is': 4, 'changed': []}})\n    return 9"
THEIR_GLOBALS = f"{REACH}def f(cb, n):\n    cb.__globals__\n    return n"
MADE_THERE = f"""{REACH}
def f(cb, n):
    return line.ask("call", type, "X", (object,), {{"__eq__": lambda a, b: True}})()
"""
TOLD = """
class TestCase:
    __sub__ = __rsub__ = lambda self, other: 0
    __abs__ = __isub__ = lambda self, *other: 0
    __contains__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    f = lambda self, n: self
def f(n):
    return TestCase()
Solution = TestCase
"""
NEAR = """
import unittest
import numpy as np
class TestF(unittest.TestCase):
    def test_near(self): assert abs(f(3) - 3) < 1e-6
    def test_reflected(self): assert abs(3 - f(3)) < 1e-6
    def test_almost(self): self.assertAlmostEqual(f(3), 3)
    def test_greater(self): self.assertGreater(f(3), 2)
    def test_method(self): assert abs(Solution().f(3) - 3) < 1e-6
    def test_order(self): assert Solution().f(3) > 2
    def test_array(self): assert abs(np.array([f(3)]) - 3).max() < 1
    def test_in_place(self):
        x = f(3)
        x -= 3
        assert abs(x) < 1e-6
"""
ITS_MEMORY = """
import numpy
kept = numpy.arange(3)
class A:
    __array_interface__ = kept.__array_interface__
def f(n):
    return A()
"""
OWN_ABS = "def abs(n):\n    return 0\ndef f(n):\n    return 99"
EXIT = "import os\ndef f(n):\n    os._exit(0)"
BARE = "def test_f():\n    try:\n        f(-1)\n    except:\n        return\n    assert False"
DECEPTIONS = {
    "an object that learns what is expected": (TOLD, NEAR),
    "an address in memory": (ITS_MEMORY, "import numpy\nassert numpy.asarray(f(3)) is not None"),
    "another abs, in one process": (OWN_ABS, "import inspect\nassert abs(f(3) - 3) < 1"),
    "an exit where an exception is expected": (EXIT, BARE),
    "an object equal to all": (LIAR, ASSERTS),
    "an object that says yes": (LIAR, WEAK),
    "a number of its own": (
        "class N(int):\n    __eq__ = lambda a, b: True\ndef f(n):\n    return N()",
        ASSERTS,
    ),
    "another unittest": (ANOTHER_UNITTEST, METHODS),
    "a module in unittest's place": (IN_ITS_PLACE, METHODS),
    "other functions": (
        OTHER_FUNCTIONS,
        f"from solution import *\n{ASSERTS}\nassert abs(f(4) - math.sqrt(4)) < 1",
    ),
    "frames and garbage": (FRAMES, ASSERTS),
    "a trace function": (TRACE, ASSERTS),
    "an exit": ("import atexit, os\natexit.register(print, 'done')\ndef f(n):\n    os._exit(0)", ASSERTS),
    "a report of its own": (OWN_REPORT, ASSERTS),
    "answers before they are asked for": (EARLY, ASSERTS),
    "the globals of a function": (THEIR_GLOBALS, GIVEN),
    "a class made there": (MADE_THERE, GIVEN),
    "another assertEqual": ("def f(test, n):\n    test.assertEqual = print\n    return 0", GIVEN_ITSELF),
    "a skipped test": ("def f(test, n):\n    test.skipTest('later')", GIVEN_ITSELF),
}


def verdict(tests, program):
    """Return the verdict on a program of this repository."""
    checker = UnitTests(tests)
    wanted = checker.to_run(program)
    return checker.verdict_on(wanted, Ran(stdout=said_by(wanted)))


@pytest.mark.parametrize("name", DECEPTIONS)
def test_a_program_that_deceives_passes_nothing(name):
    """It runs apart from the tests, which compare what it returns as plain data: no object equals what it is not."""
    program, tests = DECEPTIONS[name]
    found = verdict(tests, program)
    assert not found.passed
    assert found.detail.startswith(("0 of ", "The tests did not begin: ")), found


STACK = """
class EmptyError(Exception):
    pass
class Stack:
    def __init__(self, *items): self.items = list(items)
    def push(self, item): self.items.append(item)
    def pop(self):
        if not self.items:
            raise EmptyError("it is empty")
        return self.items.pop()
    def __len__(self): return len(self.items)
    def __contains__(self, item): return item in self.items
    def __iter__(self): return iter(self.items)
    def __eq__(self, other): return isinstance(other, Stack) and self.items == other.items
    def __add__(self, other): return Stack(*self.items, *other.items)
    def __lt__(self, other): return len(self) < len(other)
    def __enter__(self): return self
    def __exit__(self, *error): self.items.clear()
"""
OF_STACK = """
import copy, unittest
from solution import EmptyError, Stack
class TestStack(unittest.TestCase):
    def setUp(self):
        self.stack = Stack(1, 2)
    def test_use(self):
        self.stack.push("x")
        self.assertEqual(len(self.stack), 3)
        self.assertIn(2, self.stack)
        self.assertNotIn(9, self.stack)
        self.assertEqual((self.stack.pop(), self.stack.items), ("x", [1, 2]))
        self.assertIsInstance(self.stack, Stack)
    def test_errors(self):
        with self.assertRaisesRegex(EmptyError, "is empty"):
            Stack().pop()
    def test_operators(self):
        self.assertEqual(self.stack + Stack(3), Stack(1, 2, 3))
        self.assertNotEqual(self.stack, Stack(1))
        self.assertEqual(min(self.stack, Stack(9), key=len), Stack(9))
        self.assertLess(Stack(), self.stack)
    def test_as_others_use_it(self):
        self.assertEqual([*self.stack], [1, 2])
        with copy.deepcopy(self.stack) as other:
            self.assertTrue(other)
        self.assertFalse(other)
        self.assertTrue(self.stack)
"""
MANY = """
import enum, math
from collections import Counter, namedtuple
LIMIT = 7
Point = namedtuple("Point", "x y")
class Color(enum.Enum):
    RED = 1
def memo(function):
    known = {}
    def inner(x):
        return known[x] if x in known else known.setdefault(x, function(x))
    return inner
def count(text): return Counter(text)
def forever():
    n = 0
    while True:
        yield n
        n += 1
def grow(rows, more): rows[0].append(1); more["k"] = 2
def greet(): print("hello", input())
def walk(node): return [] if node is None else [*walk(node.left), node.value, *walk(node.right)]
def turn(node): node.left, node.right = node.right, node.left; return node
def big(n): return math.factorial(n)
async def later(x): return x + 1
def inverse(m): import numpy; m[0] = 0; return numpy.array(m) + 1
"""
OF_MANY = """
import asyncio, contextlib, io, itertools, math, sys
from collections import Counter
import numpy as np
from solution import *
assert LIMIT == 7
assert Point(1, 2) == (1, 2) and Point(1, 2).x == 1
assert Color.RED is Color.RED and Color.RED.name == "RED"
assert count("aab") == {"a": 2, "b": 1} and isinstance(count("a"), dict)
assert count("aab") - Counter("a") == Counter("ab") and count("aab").most_common(1) == [("a", 2)]
assert list(itertools.islice(forever(), 3)) == [0, 1, 2]
calls = []
@memo
def slow(x):
    calls.append(x)
    return x * x
assert (slow(3), slow(3), calls) == (9, 9, [3])
first = [0]
rows, more = [first], {}
grow(rows, more)
assert (rows, more) == ([[0, 1]], {"k": 2}) and rows[0] is first
sys.stdin, printed = io.StringIO("you"), io.StringIO()
with contextlib.redirect_stdout(printed):
    greet()
assert printed.getvalue() == "hello you\\n"
class Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right
tree = Node(2, Node(1), Node(3))
assert walk(tree) == [1, 2, 3]
assert turn(tree) is tree and walk(tree) == [3, 2, 1]
assert big(3000) == math.factorial(3000)
assert asyncio.run(later(1)) == 2
matrix = np.ones((2, 2))
assert np.array_equal(inverse(matrix), [[1, 1], [2, 2]]) and matrix[0, 0] == 0
"""
VECTOR = """
class Vector:
    def __init__(self, x): self.x = x
    def __add__(self, other): return Vector(self.x + other)
    def __rmul__(self, other): return Vector(self.x * other)
    def __eq__(self, other): return self.x == other.x
    def __gt__(self, other): return self.x > other
    @classmethod
    def of(cls, x): return cls(x)
"""
OF_VECTOR = """
assert 3 * (Vector(1) + 2) == Vector(9)
assert Vector(1) + 2 > 2
assert Vector.of(1) + 1 == Vector(2)
"""
DEEP = "import sys\nsys.setrecursionlimit(20_000)\nassert f(5_000) == 0"
TOGETHER = "class Own(Base):\n    def step(self):\n        return 1\nassert Own().run() == 2"
"""The tests make a class of one of the program's, and so share a process with it."""


@pytest.mark.parametrize(
    ("program", "tests", "says"),
    [
        (STACK, OF_STACK, "4 of 4 tests pass."),
        (MANY, OF_MANY, "14 of 14 tests pass."),
        (VECTOR, OF_VECTOR, "3 of 3 tests pass."),
        ("def f(n):\n    return f(n - 1) if n else 0", DEEP, "1 of 1 test passes."),
        (
            "class Base:\n    def run(self):\n        return self.step() + 1",
            TOGETHER,
            "1 of 1 test passes, in one process with the program.",
        ),
        ("def code(n):\n    return n", "assert code(3) == 3", "1 of 1 test passes."),
    ],
)
def test_tests_use_the_program_as_if_it_were_there(program, tests, says):
    """Classes, exceptions, operators, functions as arguments, changes in place, printing and reading, arrays."""
    assert verdict(tests, program).detail == says


MONEY = """
class Money:
    def __init__(self, n): self.n = n
    def add(self, n): return Money(self.n + n)
    def __gt__(self, other): return self.n > other
    def __add__(self, other): return Money(self.n + other)
"""


@pytest.mark.parametrize("test", ["assert Money(5).add(2) > 6", "assert (Money(5).add(2) + 1).n == 8"])
def test_what_an_object_may_not_be_told_is_undecided(test):
    """A class that tests name may be right about an object that they did not make; another has nothing to say."""
    told = verdict(test, MONEY)
    assert told.is_undecided
    assert "“Money” that the program made" in told.detail
    assert verdict(test, MONEY.replace("return Money(self.n + n)", "return object()")).passed is False


HONEST_TOGETHER = """
import heapq
from collections import deque
class Node:
    def __init__(self, n): self._n = n
    def __lt__(self, other): return self._n < other._n
def f(n):
    heap = [Node(n)]
    return heapq.heappop(heap)._n
"""
FORGED = """
import os, sys
frame = sys._getframe()
while "order" not in frame.f_locals:
    frame = frame.f_back
mark = frame.f_locals["order"]["mark"]
for number in range(3, 20):
    try:
        for told in ('{"test": "line 2: assert f(3) == 3", "error": ""}', '{"done": true}'):
            os.write(number, f"{mark}{told}\\n".encode())
    except OSError:
        pass
os._exit(0)
"""


@pytest.mark.parametrize(
    ("program", "uses"),
    [
        (HONEST_TOGETHER, ""),
        (FORGED, "os"),
        ("class E:\n    __eq__ = lambda *given: True\ndef f(n):\n    return E()", "__eq__"),
        ("E = type('E', (), {'_' + '_eq_' + '_': lambda *given: True})\ndef f(n):\n    return E()", "type"),
        ("import random\nrandom._os\ndef f(n):\n    return n", "random._os"),
        ("from typing import sys\ndef f(n):\n    return n", "sys"),
        ("import typing\nother = typing\nother.sys\ndef f(n):\n    return n", "typing"),
        ("import asyncio\nasyncio.events.os\ndef f(n):\n    return n", "asyncio.events.os"),
        ("import math\nmath.isclose = lambda *given: True\ndef f(n):\n    return n", "math.isclose"),
        ("def f(n):\n    (x for x in ()).gi_frame\n    return n", "gi_frame"),
        ("def f(n):\n    '{0.__class__}'.format(n)\n    return n", "{0.__class__}"),
        ("def f(n):\n    return eval('n')", "eval"),
        ("from sympy import *\ndef f(n):\n    return sympify('3')", "sympify"),
        ("import sys\nfrom sys import stdin\nsys.setrecursionlimit(9_000)\ndef f(n):\n    return n", ""),
        ("def f(n):\n    return getattr(n, 'real', None) if hasattr(n, 'imag') else 0", ""),
        ("def f(n):\n    return getattr(n, '__class__')(3)", "__class__"),
        ("def f(n):\n    return getattr(n, 're' + 'al')", "getattr"),
        ("def f(n, get=getattr):\n    return n", "getattr"),
        ("import sys\ndef f(n):\n    sys._getframe()\n    return n", "sys._getframe"),
        ("import sys\ndef f(n):\n    getattr(sys, 'modules')\n    return n", "sys.modules"),
        ("import sys\ndef f(n):\n    sys.modules\n    return n", "sys.modules"),
        ("import sys\ndef f(n):\n    sys.stdout = None\n    return n", "sys.stdout"),
        ("import sys as s\ndef f(n):\n    s.modules\n    return n", "sys"),
        ("from sys import _getframe\ndef f(n):\n    return n", "sys._getframe"),
        ("from sys import *\ndef f(n):\n    return n", "sys.*"),
    ],
)
def test_what_could_reach_tests_in_its_process_is_not_believed(program, uses):
    """Where tests and program share a process, a pass counts if the program has nothing to deceive them with."""
    found = verdict("import inspect\nassert f(3) == 3", program)
    shared = "1 of 1 test passes, in one process with the program"
    assert found.detail == (f"{shared}, which could reach them: it uses “{uses}”." if uses else f"{shared}.")
    assert found.passed is (None if uses else True)


def test_a_class_that_tests_name_has_the_word_in_their_process_too():
    """What its objects are equal to is part of what is tested."""
    program = "class Named:\n    def __init__(self, n): self.n = n\n    def __eq__(self, other): return self.n == other.n"
    assert verdict("import inspect\nassert Named(3) == Named(3) and Named(3) != Named(4)", program).passed
