"""One answer and what a job has collected for and against it."""

from dataclasses import dataclass, field

from solver.core.steps import StepResult
from solver.inference.vote_likelihood import Votes

_COMPARABLE = ("num:", "pct:", "choice:", "math:")
_LONGEST_COMPARABLE_TEXT = 60
_MOST_WORDINGS = 64


@dataclass(slots=True)
class Cluster:
    """One answer and what speaks for and against it. `tries` are independent, `repeats` saw another try first."""

    key: str
    example: StepResult
    votes: Votes = field(default_factory=lambda: Votes({}, {}))
    tries: int = 0
    repeats: int = 0
    refused: bool = False
    unread: str = ""
    """Why the checker could not tell, where it never could; empty where it could, or where there is none."""
    grades: dict[str, list[int]] = field(default_factory=dict)
    """By grader: how often it passed and failed this answer."""
    comparisons: dict[str, list[int]] = field(default_factory=dict)
    """By judge: how often this answer was preferred, and how often another."""
    passed_steps: set[str] = field(default_factory=set)
    _was_read: bool = False
    _wordings: dict[str, int] = field(default_factory=dict)

    def take(self, result: StepResult, *, is_repeat: bool) -> None:
        """Count a try that came to this answer; `is_repeat`: it was shown an earlier try."""
        self._note_wording(result)
        if is_repeat:
            self.repeats += 1
        else:
            self.tries += 1
        if (verdict := result.verdict) is not None:
            self.refused = self.refused or verdict.passed is False
            self.unread = verdict.detail if verdict.is_undecided and not self._was_read else ""
            self._was_read = self._was_read or not verdict.is_undecided

    def _note_wording(self, result: StepResult) -> None:
        """Count how the answer is put: the usual wording is the example, unless a grader passed another one.

        Equal answers need not be equally good as texts: of two sums with the same value one may use a number twice.
        """
        wording = (result.answer or "").strip()
        if wording not in self._wordings and len(self._wordings) >= _MOST_WORDINGS:
            return
        count = self._wordings[wording] = self._wordings.get(wording, 0) + 1
        if not self.passed_steps and count > self._wordings.get((self.example.answer or "").strip(), 0):
            self.example = result

    @property
    def score(self) -> float:
        """A quick measure of what is worth weighing at all."""
        judged = [*self.grades.values(), *self.comparisons.values()]
        return -1.0 if self.refused else self.votes.total + sum(good - 0.5 * bad for good, bad in judged)

    @property
    def comparable(self) -> bool:
        """Whether the same answer is always written the same way, so that not agreeing means something."""
        short = self.key.startswith("text:") and len(self.key) <= _LONGEST_COMPARABLE_TEXT
        return self.key.startswith(_COMPARABLE) or short or self.tries > 1
