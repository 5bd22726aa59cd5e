"""What a judge says of a text by a rubric: points earned, points to be expected, and what is missing.

A judge errs as a grader does, so its words are weighed by the same sensitivity and specificity
(solver/inference/judge_likelihood.py): those of its card, which finished jobs teach. Each criterion is as likely met as
not beforehand. Points shown are those that the judge gave; the expected share decides which text is better.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solver.core.problem.rubric import Criterion, JudgedCriterion, points_in_words
from solver.inference.calibration import sigmoid
from solver.inference.judge_likelihood import Quality, grade_log_odds
from solver.inference.parameters import EvidenceParameters
from solver.text.prompting.prompts import CriterionVerdict


@dataclass(frozen=True, slots=True)
class RubricGrade:
    """One judge's word on one text."""

    criteria: tuple[JudgedCriterion, ...]
    expected_share: float
    """Share of the points that the text is expected to earn, from 0 to 1."""

    @classmethod
    def of(
        cls,
        criteria: Sequence[Criterion],
        verdicts: Sequence[CriterionVerdict],
        quality: Quality,
        parameters: EvidenceParameters,
        *,
        same_family: bool,
    ) -> "RubricGrade":
        """Weigh a judge's verdicts, one for each criterion."""
        judged = tuple(
            JudgedCriterion(each.points, each.text, said.is_met, said.reason)
            for each, said in zip(criteria, verdicts, strict=True)
        )
        total = sum(each.points for each in judged)
        expected = 0.0
        for each in judged:
            passes, fails = int(each.is_met is True), int(each.is_met is False)
            odds = grade_log_odds(passes, fails, quality, parameters, same_family=same_family)
            expected += each.points * sigmoid(odds)
        return cls(judged, expected / total)

    @property
    def missing(self) -> tuple[JudgedCriterion, ...]:
        """The criteria that are not known to be met."""
        return tuple(each for each in self.criteria if not each.is_met)

    def sentence(self) -> str:
        """Say how many points were given, such as `rubric 17 of 20`."""
        earned = points_in_words(sum(each.earned for each in self.criteria))
        open_ = sum(each.is_met is None for each in self.criteria)
        unknown = f" ({open_} of {len(self.criteria)} criteria undecided)" if open_ else ""
        return f"rubric {earned} of {points_in_words(sum(each.points for each in self.criteria))}{unknown}"
