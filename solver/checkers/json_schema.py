"""`json_schema`: the answer is JSON of a given form."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, Field
from solver.core.checker import ChildTools
from solver.core.problem.result_kind import ResultKind
from solver.core.verdict import Verdict
from solver.text.deliverables import deliverable_in
from solver.text.fences import fenced_blocks

_MAX_SCHEMA_CHARS = 8_000
_MAX_ANSWER_CHARS = 20_000
_MAX_SHOWN_CHARS = 120
_SHOWN_ERRORS = 5
_EXAMPLE = '{"type": "object", "required": ["name"]}'


@dataclass(frozen=True, slots=True)
class JsonSchema(BaseChecker):
    """Refuses JSON that does not fit. Passing is a matter of form: the values may be wrong, so nothing is proven by it.

    Validated in a child of the judge: a schema may hold patterns that take for ever. Nothing is fetched for `$ref`.
    """

    kind: ClassVar[str] = "json_schema"
    title: ClassVar[str] = "JSON of a given form"
    result: ClassVar[ResultKind | None] = ResultKind.DATA
    form_fields: ClassVar[tuple[Field, ...]] = (
        Field("json_schema", "JSON Schema", _EXAMPLE, is_long=True, max_chars=_MAX_SCHEMA_CHARS),
    )
    form_hint: ClassVar[str] = (
        "JSON that does not fit is refused; whether the values in it are right is up to the votes."
    )
    terminal_examples: ClassVar[tuple[str, ...]] = ('json_schema:{"type": "object"}',)

    schema: str

    @classmethod
    def from_fields(cls, given: Mapping[str, str], _problem: str, /) -> Self:
        """Read the schema. Raises CheckerError."""
        text = given.get("json_schema", "").strip()
        if not text or len(text) > _MAX_SCHEMA_CHARS:
            raise CheckerError(
                f"JSON Schema: enter one of at most {_MAX_SCHEMA_CHARS:,} characters, such as {_EXAMPLE}."
            )
        try:
            schema = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CheckerError(
                f"JSON Schema: it is not JSON ({error}). Correct it, for example {_EXAMPLE}."
            ) from error
        if not isinstance(schema, dict):
            raise CheckerError(f"JSON Schema: it is not an object. Enter one such as {_EXAMPLE}.")
        return cls(text)

    @classmethod
    def read_option(cls, text: str, /) -> Mapping[str, str]:
        """Read the schema."""
        return {"json_schema": text}

    def to_fields(self) -> Mapping[str, str]:
        """Return what stands in the fields of the form."""
        return {"json_schema": self.schema}

    @property
    def is_checkable(self) -> bool:
        """JSON of the right form is no proof of its values."""
        return False

    @property
    def needs_child(self) -> bool:
        """Schemas are validated in a child."""
        return True

    def hint(self) -> str:
        """Return what a model is told about the form of the answer."""
        return f"The answer is JSON in a code block, valid by this JSON Schema: {self.schema} ."

    def answer_in(self, reply: str, /) -> str | None:
        """Return the JSON of a reply."""
        return deliverable_in(reply, ResultKind.DATA).body

    def check(self, answer: str, /) -> Verdict:
        """Refuse what is no JSON; whether it fits the schema is found out in a child."""
        if len(answer) > _MAX_ANSWER_CHARS:
            return self.undecided("The answer is too long to be checked.")
        if _value_of(answer) is _NOTHING:
            return self.verdict("The answer is not JSON.", passed=False)
        return self.undecided("Whether the answer fits the JSON Schema is not known.")

    def check_in_child(self, answer: str, tools: ChildTools, /) -> Verdict:
        """Validate the answer."""
        try:
            errors = tools.schema_errors(json.loads(self.schema), _value_of(answer), most=_SHOWN_ERRORS + 1)
        except ValueError as fault:
            return self.undecided(f"The JSON Schema can’t be used: {_brief(str(fault))}.")
        if not errors:
            return self.verdict("The answer fits the JSON Schema.", passed=True)
        said = "; ".join(f"{_place(error.path)}{_brief(error.message)}" for error in errors[:_SHOWN_ERRORS])
        more = "; and more" if len(errors) > _SHOWN_ERRORS else ""
        return self.verdict(f"The answer does not fit the JSON Schema: {said}{more}.", passed=False)

    def trials(self) -> tuple[str, ...]:
        """Return JSON to try the schema on: one that can't be used is found out before it costs a call."""
        return ("{}",)

    def describe(self) -> str:
        """Return what is checked, in words."""
        return "is JSON that fits the schema"


_NOTHING = object()


def _value_of(answer: str) -> Any:
    """Return the value of an answer that is JSON, perhaps in a code block."""
    text = answer.strip()
    block = next(fenced_blocks(text), None) if text.startswith("```") else None
    try:
        return json.loads(block.code if block else text)
    except (ValueError, RecursionError):
        return _NOTHING


def _place(path: Iterable[object]) -> str:
    """Return where in the data an error is: `at rows › 3 › year: `."""
    words = " › ".join(str(part + 1) if isinstance(part, int) else str(part) for part in path)
    return f"at {_brief(words)}: " if words else ""


def _brief(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _MAX_SHOWN_CHARS else f"{line[:_MAX_SHOWN_CHARS]}…"
