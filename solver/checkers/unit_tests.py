"""`unit_tests`: the program in the reply passes the user's tests."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.checkers.unit_testing import (
    calling,
    errors,
    examples,
    harness,
    link,
    loading,
    program,
    pytest_words,
    reach,
    remote,
    served,
    values,
)
from solver.core.problem.result_kind import ResultKind
from solver.core.programs import FunctionCall, Program, Ran
from solver.core.verdict import Verdict
from solver.text.code.code_blocks import functions_in, program_in
from solver.text.keys import bounded_key

MAX_TESTS_CHARS = 20_000
_SHARED = (values, errors, remote, served, link)
_CHECKS_CANDIDATE = re.compile(r"^def[ \t]+check\([ \t]*\w+[^)]*\)", re.MULTILINE)
_CALLS_CHECK = re.compile(r"^[ \t]*check\(", re.MULTILINE)
_GIVEN = re.compile(r"^(?:>[ \t]?)?(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)
_DEFINES = re.compile(r"^[ \t>]*(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)", re.MULTILINE)
_WORD = re.compile(r"[^\W\d]\w*")
_WHY_ENDED = {
    "time": "it ran out of time",
    "memory": "it ran out of memory",
    "output": "it wrote too much",
    "killed": "it was ended by force",
    "finished": "the program ended by itself before the tests did",
}


@dataclass(frozen=True, slots=True)
class UnitTests(BaseChecker):
    """Runs the tests against the program, in the sandbox; whatever the program prints does not count."""

    kind: ClassVar[str] = "unit_tests"
    title: ClassVar[str] = "Unit tests (Python)"
    result: ClassVar[ResultKind | None] = ResultKind.CODE
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field("tests", "Tests", "assert add(2, 3) == 5", is_long=True, max_chars=MAX_TESTS_CHARS),
    )
    form_hint: ClassVar[str] = (
        "Plain asserts, functions that begin with “test” as for pytest, or unittest classes. The job ends once all pass."
    )
    terminal_examples: ClassVar[tuple[str, ...]] = ("unit_tests:assert add(2, 3) == 5",)
    runs_code: ClassVar[bool] = True
    runs_programs: ClassVar[bool] = True

    tests: str

    @classmethod
    def from_fields(cls, given: Mapping[str, str], problem: str, /) -> Self:
        """Read the tests; where they are a `check(candidate)` that nobody calls, the problem names the candidate."""
        tests = given.get("tests", "").replace("\r\n", "\n")
        if not tests.strip():
            raise CheckerError(
                "Unit tests: there are none. Enter at least one, such as “assert add(2, 3) == 5”."
            )
        given_functions = _GIVEN.findall(problem)
        if given_functions and _CHECKS_CANDIDATE.search(tests) and not _CALLS_CHECK.search(tests):
            tests = f"{tests.rstrip()}\n\ncheck({given_functions[-1]})\n"
        return cls(tests)

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read `assert add(2, 3) == 5`."""
        return {"tests": text}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"tests": self.tests}

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return (
            "The answer is a Python program. Write it whole, in one fenced block that begins with ```python and ends "
            f"with ```, instead of a line “Answer: …”. These tests are run against it:\n```python\n{self.tests}\n```\n"
            "They are all that is run. Beside the standard library, numpy and sympy are there."
        )

    def answer_in(self, reply: str, /) -> str | None:
        """Return the program of a reply."""
        defined = functions_in(reply) & set(_WORD.findall(self.tests)) - set(_DEFINES.findall(self.tests))
        return program_in(reply, sorted(defined))

    def check(self, answer: str, /) -> Verdict:
        """Leave every program to the sandbox."""
        del answer
        return self.undecided("The program was not run.")

    def key(self, answer: str, /) -> str | None:
        """Return a key under which programs are the same that differ in blank lines and trailing spaces alone."""
        return bounded_key("code", "\n".join(line.rstrip() for line in answer.splitlines() if line.strip()))

    def to_run(self, answer: str, /) -> Program:
        """Return the program that tests the answer."""
        mark = secrets.token_hex(16)
        program_text, tests = (each.removeprefix("\ufeff") for each in (answer, self.tests))
        order = {"mark": mark, "program": program_text, "tests": tests}
        tests_side = _joined(*_SHARED, loading, examples, pytest_words, calling, reach, harness)
        return Program(tests_side, json.dumps(order), mark, _joined(*_SHARED, program))

    def verdict_on(self, wanted: Program | FunctionCall, ran: Ran, /) -> Verdict:
        """Read what the tests said."""
        told = list(_reports(ran.stdout, wanted.mark)) if isinstance(wanted, Program) else []
        for one in told:
            if "broken" in one:
                return self.undecided(f"The tests cannot be run: {one['broken']}.")
            if "program" in one:
                return self.verdict(f"The program does not run: {_sentence(one['program'])}", passed=False)
        if not told:
            return self.undecided(f"The tests did not begin: {_WHY_ENDED.get(ran.ending, ran.ending)}.")
        names = told[0].get("tests", [])
        results = {one["test"]: one["error"] for one in told if "test" in one}
        if not names:
            return self.undecided(
                "The tests test nothing: there is no assert and no function that begins with “test”."
            )
        verdict = self._counted(names, results, ran, is_done=bool(told[-1].get("done")))
        # The second report, if they do: a program that shares their process may forge any that follows.
        together = told[1] if len(told) > 1 and "shares" in told[1] else None
        if not verdict.passed or together is None:
            return verdict
        said = f"{verdict.detail[:-1]}, in one process with the program"
        if together["by"]:
            return self.undecided(f"{said}, which could reach them: it uses “{together['by']}”.")
        return self.verdict(f"{said}.", passed=True)

    def _counted(self, names: list[str], results: Mapping[str, str], ran: Ran, *, is_done: bool) -> Verdict:
        passed = sum(results.get(name) == "" for name in names)
        errors = [(name, error) for name, error in results.items() if error]
        summary = (
            f"{passed} of {len(names)} test{'s' if len(names) > 1 else ''} pass{'es' if passed == 1 else ''}"
        )
        if is_done and not errors and passed == len(names):
            return self.verdict(f"{summary}.", passed=True)
        # With a single test there is nothing between right and wrong.
        score = passed / len(names) if len(names) > 1 and passed < len(names) else None
        if errors:
            name, error = errors[0]
            said = f"{summary}; {name} failed: {_sentence(error)}"
            return self.verdict(said, passed=False, score=score)
        waiting = next((name for name in names if name not in results), names[-1])
        why = _WHY_ENDED.get(ran.ending, ran.ending)
        return self.verdict(f"{summary}; {waiting} did not end: {why}.", passed=False, score=score)

    def trials(self) -> tuple[str, ...]:
        """Return answers that no test worth its name passes: an empty program."""
        return ("pass",)

    def describe(self) -> str:
        """Return what is checked, in words."""
        return "passes the unit tests"


def _reports(stdout: str, mark: str) -> list[dict[str, Any]]:
    """Return what the harness said; a line that was cut short is left out."""
    told = []
    for line in stdout.splitlines():
        if mark and line.startswith(mark):
            try:
                told.append(json.loads(line[len(mark) :]))
            except ValueError:
                continue
    return told


def _sentence(error: str) -> str:
    plain = " ".join(error.split())
    return plain if plain.endswith((".", "!", "?")) else f"{plain}."


@cache
def _joined(*parts: ModuleType) -> str:
    """Return the source of one side as one text: its last part, which brings the modules along that it imports."""
    source = ["import sys, types"]
    for part in parts[:-1]:
        text, name = Path(str(part.__file__)).read_text(encoding="utf-8"), part.__name__
        package, _, short = name.rpartition(".")
        source += [
            f"package = sys.modules.setdefault({package!r}, types.ModuleType({package!r}))",
            f"module = package.{short} = sys.modules[{name!r}] = types.ModuleType({name!r})",
            f"exec(compile({text!r}, {name!r}, 'exec'), module.__dict__)",
        ]
    return "\n".join([*source, Path(str(parts[-1].__file__)).read_text(encoding="utf-8")])
