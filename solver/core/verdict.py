"""What an exact checker says about an answer."""

from typing import NamedTuple


class Verdict(NamedTuple):
    """What a checker says about an answer: right, wrong or undecided, the checker's kind, one sentence why.

    `passed` is None where the checker cannot tell: the right answer is unknown, or the answer could not be read.
    `score` tells better from worse among wrong ones, where the checker can: 1 or more is right.
    """

    passed: bool | None
    checker: str
    detail: str
    score: float | None = None

    @property
    def is_undecided(self) -> bool:
        """Whether the checker cannot tell right from wrong."""
        return self.passed is None


class Judgement(NamedTuple):
    """An answer, its canonical key and the checker's verdict; all None where the reply has no answer.

    The verdict is also None where the checker knows no right answer. An undecided one refutes nothing.
    """

    answer: str | None = None
    key: str | None = None
    verdict: Verdict | None = None
