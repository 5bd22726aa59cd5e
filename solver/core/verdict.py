"""What an exact checker says about an answer."""

from typing import NamedTuple


class Verdict(NamedTuple):
    """What a checker says about an answer: passed or not, the checker's kind, one sentence why."""

    passed: bool
    checker: str
    detail: str
