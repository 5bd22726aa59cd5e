"""`python_check`: a function `check(answer)` of the user says whether an answer is right."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.core.problem.result_kind import ResultKind
from solver.core.programs import FunctionCall, Program, Ran
from solver.core.verdict import Verdict

MAX_SOURCE_CHARS = 20_000
_FUNCTION = re.compile(r"^def[ \t]+check[ \t]*\(", re.MULTILINE)
_MAX_MESSAGE_CHARS = 300
MAX_SCORE = 10**12
_ITS_OWN_FAULT = (
    *("SyntaxError", "IndentationError", "TabError", "NameError", "UnboundLocalError", "TypeError: check()"),
    *(
        "ImportError",
        "ModuleNotFoundError",
        "NotImplementedError",
        "RecursionError",
        "SystemExit",
        "KeyboardInterrupt",
    ),
    *("GeneratorExit", "AttributeError: module", "AttributeError: 'str' object"),
)
"""Errors that say something of the function, whatever the answer."""
_ENDED = "It ended before it returned."
_RETURNS = "return True or False, a score (1 is right), or (score, message)"


@dataclass(frozen=True, slots=True)
class PythonCheck(BaseChecker):
    """Calls the function with the answer's text, in the sandbox. A score of 1 or more is right."""

    kind: ClassVar[str] = "python_check"
    title: ClassVar[str] = "A Python function check(answer)"
    result: ClassVar[ResultKind | None] = None
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "check_source",
            "Function",
            "def check(answer):\n    return int(answer) % 7 == 3",
            is_long=True,
            max_chars=MAX_SOURCE_CHARS,
        ),
    )
    form_hint: ClassVar[str] = (
        "It gets the answer as a text and returns True or False, a score (1 is right), or (score, message)."
    )
    terminal_examples: ClassVar[tuple[str, ...]] = (
        "python_check:def check(answer): return int(answer) % 7 == 3",
    )
    runs_code: ClassVar[bool] = True

    source: str

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the function. Raises CheckerError."""
        source = given.get("check_source", "").replace("\r\n", "\n")
        if not _FUNCTION.search(source):
            raise CheckerError(
                "Python check: there is no function “check”. Begin with “def check(answer):” at the start of a line, "
                f"and {_RETURNS}."
            )
        return cls(source)

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read `def check(answer): return …`."""
        return {"check_source": text}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"check_source": self.source}

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return "A program reads the answer, so write behind “Answer:” nothing but the answer itself."

    def check(self, answer: str, /) -> Verdict:
        """Leave every answer to the sandbox."""
        del answer
        return self.undecided("The function was not called.")

    def to_run(self, answer: str, /) -> FunctionCall:
        """Return the call that checks the answer."""
        return FunctionCall(self.source, "check", answer)

    def verdict_on(self, _wanted: Program | FunctionCall, ran: Ran, /) -> Verdict:
        """Read what the function returned. One that raises says nothing of the answer."""
        if ran.error:
            return self.undecided(
                f"The function check did not return: {' '.join(ran.error.split()).rstrip('.')}."
            )
        value, message = ran.value, ""
        if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
            value, message = value[0], " ".join(value[1].split())[:_MAX_MESSAGE_CHARS]
        if not isinstance(value, bool | int | float) or (isinstance(value, float) and math.isnan(value)):
            return self.undecided(f"The function check returned {str(value)[:60]!r}; let it {_RETURNS}.")
        # Beyond any score that says something, infinity would not survive the journal's JSON.
        score = None if isinstance(value, bool) else float(min(max(value, -MAX_SCORE), MAX_SCORE))
        said_score = "" if score is None else f", score {score:g}"
        passed = value if isinstance(value, bool) else value >= 1
        said = f": {message.rstrip('.')}" if message else ""
        return self.verdict(
            f"The function check says {'right' if passed else 'wrong'}{said_score}{said}.",
            passed=passed,
            score=score,
        )

    def trials(self) -> tuple[str, ...]:
        """Return an answer that no check worth its name passes."""
        return ("This is not an answer.",)

    def fault_in(self, verdict: Verdict, ran: Ran, /) -> str:
        """Return what is wrong with the function: it may raise on nonsense, but must be one, end, and say yes or no."""
        has_raised = bool(ran.error) and not ran.error.startswith(_ITS_OWN_FAULT)
        if verdict.is_undecided and ran.ending == "finished" and has_raised and ran.error != _ENDED:
            return ""
        return super(PythonCheck, self).fault_in(verdict, ran)

    def describe(self) -> str:
        """Return what is checked, in words."""
        return "satisfies the function check"
