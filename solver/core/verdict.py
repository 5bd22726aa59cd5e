"""What an exact checker says about an answer."""

from typing import NamedTuple


class Verdict(NamedTuple):
    """What a checker says about an answer: passed or not, the checker's kind, one sentence why."""

    passed: bool
    checker: str
    detail: str


class Judgement(NamedTuple):
    """An answer, its canonical key and the checker's verdict; all None where the reply has no answer."""

    answer: str | None = None
    key: str | None = None
    verdict: Verdict | None = None
