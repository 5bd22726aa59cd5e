"""The drafts of a text by the user's rubric: what judges said of each, and what that is worth; silent without one."""

from solver.core.problem.rubric import numbered
from solver.core.problem.statement import Problem
from solver.core.steps import StepResult
from solver.inference.evidence import Evidence
from solver.inference.rubric_grade import RubricGrade
from solver.strategies.shared.panel_roles import PanelRoles
from solver.text.prompting.prompts import read_criteria

_BY_RUBRIC = 6.0
"""Strength of a text that earns all points above one that earns none: a fifth of them is about what a win in both orders
of a comparison is worth. The user said what counts, but one judge's word on it is no proof."""
_MOST_MUTE = 4


class DraftRubric:
    """What was said so far, by the key of the draft; derived from tells alone."""

    def __init__(self, problem: Problem, roles: PanelRoles, evidence: Evidence) -> None:
        self._criteria = problem.rubric
        self._roles = roles
        self._evidence = evidence
        self._grades: dict[str, RubricGrade] = {}
        self._unread = 0

    @property
    def is_asked(self) -> bool:
        """Whether drafts are to be judged by a rubric: there is one, and judges were not all mute on it."""
        return bool(self._criteria) and (self._unread < _MOST_MUTE or bool(self._grades))

    @property
    def graded(self) -> int:
        """How many drafts were judged."""
        return len(self._grades)

    def tell(self, result: StepResult, *, writer: str) -> None:
        """Take in what a judge said of the draft that `writer` wrote; what cannot be read says nothing."""
        verdicts = read_criteria(result.text, len(self._criteria))
        if verdicts is None:
            self._unread += 1
            return
        cards = self._roles.cards
        families = {cards[name].family if name in cards else name for name in (result.model, writer)}
        self._grades[result.parents[0]] = RubricGrade.of(
            self._criteria,
            verdicts,
            self._evidence.quality(result.model),
            self._evidence.parameters,
            same_family=len(families) == 1,
        )

    def grade_of(self, key: str) -> RubricGrade | None:
        """Return what a judge said of a draft."""
        return self._grades.get(key)

    def said_of(self, key: str) -> str:
        """Say how many points a draft was given, or that nobody judged it; empty without a rubric."""
        if grade := self._grades.get(key):
            return grade.sentence()
        return "not judged by the rubric" if self._criteria else ""

    def strength_of(self, key: str) -> float:
        """Return what the rubric says for a draft, against the mean of those that were judged by it: log odds."""
        grade = self._grades.get(key)
        if grade is None:
            return 0.0
        mean = sum(each.expected_share for each in self._grades.values()) / len(self._grades)
        return _BY_RUBRIC * (grade.expected_share - mean)

    # In prompts -----------------------------------------------------------------------------------------------

    def to_judge(self) -> str:
        """Return the criteria as a judge gets them: without points, which say nothing of whether one is met."""
        return f"The criteria:\n{numbered(self._criteria, with_points=False)}"

    def to_compare(self) -> str:
        """Return what a judge of two drafts is told."""
        return self._after(
            "Better is what earns more points by this rubric, each criterion all of them or none"
        )

    def to_improve(self, key: str) -> str:
        """Return what the writer of a better text is told: the rubric, and what the draft shown first lacks of it."""
        whole = self._after("The new text will be judged by this rubric; meet all of it without naming it")
        missing = grade.missing if (grade := self._grades.get(key)) else ()
        lines = [f"- {each.text}{f' – {each.reason}' if each.reason else ''}" for each in missing]
        found = ["A judge did not find these criteria met by the first candidate:", *lines] if lines else []
        return "\n\n".join(part for part in (whole, "\n".join(found)) if part)

    def _after(self, lead: str) -> str:
        return f"{lead}:\n{numbered(self._criteria, with_points=True)}" if self._criteria else ""
