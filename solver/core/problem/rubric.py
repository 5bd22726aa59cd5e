"""A rubric: criteria with points, and what a judge said of a text by each of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Criterion(NamedTuple):
    """What a text should do, and how many points that is worth."""

    points: float
    text: str


class JudgedCriterion(NamedTuple):
    """One criterion and a judge's word on it: met, not met, or None where it could not tell or said nothing."""

    points: float
    text: str
    is_met: bool | None
    reason: str

    @property
    def earned(self) -> float:
        """The points earned: all or none."""
        return self.points if self.is_met else 0.0

    def line(self) -> str:
        """Return it in a line: `✓ 3 of 3: Names the two main causes (in the second paragraph)`."""
        mark = "?" if self.is_met is None else "✓" if self.is_met else "✗"
        points = f"{points_in_words(self.earned)} of {points_in_words(self.points)}"
        return f"{mark} {points}: {self.text}{f' ({self.reason})' if self.reason else ''}"

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "JudgedCriterion":
        """Return what `_asdict` made."""
        return cls(kept["points"], kept["text"], kept["is_met"], kept["reason"])


def points_in_words(points: float) -> str:
    """Return points without needless decimals: `3`, `2.5`."""
    return f"{round(points, 2):g}"


def numbered(criteria: tuple[Criterion, ...], *, with_points: bool) -> str:
    """Return criteria as numbered lines of a prompt."""
    return "\n".join(
        f"{number}. {each.text}" + (f" ({points_in_words(each.points)} points)" if with_points else "")
        for number, each in enumerate(criteria, start=1)
    )
