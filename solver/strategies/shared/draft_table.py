"""The drafts of a text: how they compare, which conclusions they share, and what is said of the best of them."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from solver.core.problem.result_kind import ResultKind
from solver.core.steps import Candidate, StepResult
from solver.core.verdict import Verdict
from solver.inference.conclusion_groups import ConclusionGroups
from solver.inference.emptiness import CUT_REASONS
from solver.inference.explanation import FAILED, PASSED, count_of
from solver.inference.tournament import (
    Comparison,
    Standing,
    most_comparisons,
    next_pairs,
    standings,
)
from solver.strategies.shared.draft_rubric import DraftRubric
from solver.text.conclusions import read_groups
from solver.text.deliverables import deliverable_in
from solver.text.prompting.prompts import read_better, read_margin

_DISSENTERS = 5
_SHARED = 0.4
"""Strength of a draft by the logarithm of how many come to its conclusion: before comparisons, agreement is a hint."""
_IMPROVED = 0.6
_CUT_SHORT = -1.5
_REFUSED = -3.0
_MOST_MUTE = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """One text, its conclusion taken off."""

    result: StepResult
    text: str
    is_independent: bool
    """Whether it was written without seeing another draft."""
    is_cut: bool
    ability: float


class DraftTable:
    """All drafts told so far, numbered in that order, and all comparisons of them."""

    def __init__(self, rubric: DraftRubric) -> None:
        self.rubric = rubric
        self.drafts: list[Draft] = []
        self.comparisons: list[Comparison] = []
        self.conclusions = ConclusionGroups()
        self._judgements: list[tuple[Comparison, str]] = []
        self._numbers: dict[str, int] = {}
        self._ranked: list[Standing] | None = None

    # Being told -----------------------------------------------------------------------------------------------

    def add(self, result: StepResult, *, ability: float) -> None:
        """Take in a draft."""
        found = deliverable_in(result.text, ResultKind.TEXT)
        if not found.body:
            return
        self._ranked = None
        self._numbers[result.key] = len(self.drafts)
        independent, cut = not result.parents, result.finish_reason in CUT_REASONS
        self.drafts.append(Draft(result, found.body, independent, cut, ability))
        self.conclusions.add(result.key, result.answer, is_vote=independent)

    def compare(self, result: StepResult) -> None:
        """Take in a comparison; one that failed or cannot be read says nothing, and is not made again."""
        sides = [self._numbers[key] for key in result.parents if key in self._numbers]
        if len(sides) != 2:
            return
        self._ranked = None
        better = read_better(result.text)
        winner = None if better is None else sides[better]
        told = Comparison(sides[0], sides[1], winner, read_margin(result.text))
        self.comparisons.append(told)
        if better is not None:
            self._judgements.append((told, result.text))

    def grade(self, result: StepResult) -> None:
        """Take in what a judge said of a draft by the rubric."""
        if result.parents and result.parents[0] in self._numbers:
            self._ranked = None
            writer = self.drafts[self._numbers[result.parents[0]]].result.model
            self.rubric.tell(result, writer=writer)

    def group(self, result: StepResult) -> None:
        """Take in which conclusions come to the same."""
        self._ranked = None
        self.conclusions.merge(result.parents, read_groups(result.text, len(result.parents)))

    # Comparing ------------------------------------------------------------------------------------------------

    def pairs(self, in_flight: Collection[tuple[int, int]], target: float) -> list[tuple[int, int]]:
        """Return the comparisons wanted now, in the order to show, most decisive first.

        Independent drafts meet in a tournament until one is the best with probability `target`. What was made of the
        best of them meets the best, in both orders.
        """
        newest = len(self.drafts) - 1
        if self.drafts[newest].is_independent:
            decided = self.is_decided(target)
            return [] if decided else next_pairs(newest + 1, self.comparisons, in_flight, self._seeds())
        met = [pair for pair in (*(each[:2] for each in self.comparisons), *in_flight) if newest in pair]
        leader = next(each.index for each in self.ranked() if each.index != newest)
        other = next((side for pair in met for side in pair if side != newest), leader)
        return [pair for pair in ((other, newest), (newest, other)) if pair not in met]

    def is_decided(self, target: float) -> bool:
        """Tell whether the leader is the best with at least this probability, if judges can be believed."""
        return len(self.drafts) == 1 or self.ranked()[0].chance_best >= target

    @property
    def most_comparisons(self) -> int:
        """How many comparisons of these drafts there are at most."""
        independent = sum(draft.is_independent for draft in self.drafts)
        return most_comparisons(independent) + 2 * (len(self.drafts) - independent)

    @property
    def was_compared(self) -> bool:
        """Whether a judge has preferred any draft."""
        return bool(self._judgements)

    @property
    def is_mute(self) -> bool:
        """Whether judges were asked often enough and never said which is better."""
        return len(self.comparisons) >= _MOST_MUTE and not self._judgements

    def ranked(self) -> list[Standing]:
        """Return the drafts, best first; where nothing was compared, by agreement and by who wrote them."""
        if self._ranked is None:
            table = standings(len(self.drafts), self.comparisons, self._seeds())
            if self.was_compared:
                # What no judge has seen yet is not the best.
                table.sort(key=lambda each: not each.compared)
            else:
                table.sort(key=lambda each: (-each.strength, -self.drafts[each.index].ability))
            self._ranked = table
        return self._ranked

    def leaders(self) -> list[Draft]:
        """Return the drafts, best first."""
        return [self.drafts[each.index] for each in self.ranked()]

    def share_conclusion(self, drafts: Sequence[Draft]) -> bool:
        """Tell whether no two of these drafts are known to come to different conclusions."""
        found = {self.conclusions.group_of(draft.result.key) for draft in drafts}
        return len(found - {None}) < 2

    def said_of(self, draft: Draft) -> list[tuple[str, str]]:
        """Return what judges said in comparisons of a draft, with its name in them (A or B): what it lost first."""
        number = self._numbers[draft.result.key]
        mine = [each for each in self._judgements if number in each[0][:2]]
        mine.sort(key=lambda each: each[0].winner == number)
        return [("AB"[told.second == number], text) for told, text in mine]

    def _seeds(self) -> list[float]:
        return [self._seed(draft) for draft in self.drafts]

    def _seed(self, draft: Draft) -> float:
        group = self.conclusions.group_of(draft.result.key)
        shared = _SHARED * math.log(max(group.votes, 1)) if group else 0.0
        verdict = draft.result.verdict
        refused = _REFUSED if verdict and verdict.passed is False else 0.0
        improved = 0.0 if draft.is_independent else _IMPROVED
        by_rubric = self.rubric.strength_of(draft.result.key)
        return shared + refused + improved + by_rubric + (_CUT_SHORT if draft.is_cut else 0.0)

    # Answering ------------------------------------------------------------------------------------------------

    def best(self, proven: StepResult | None = None) -> Candidate | None:
        """Return the best draft with what speaks for it; it has no confidence, for none is calibrated for texts.

        `proven` is one that a checker confirmed: then it is the best.
        """
        if not self.drafts:
            return None
        number = self._numbers.get(proven.key) if proven else None
        standing = next(each for each in self.ranked() if number in {None, each.index})
        draft = self.drafts[standing.index]
        grade = self.rubric.grade_of(draft.result.key)
        return Candidate(
            answer=draft.result.answer or "",
            text=draft.text,
            key=None,
            step_key=draft.result.key,
            confidence=None,
            explanation=self._sentence(draft, standing),
            checked=_checked(draft.result.verdict),
            dissent=self._dissent(draft),
            rubric=grade.criteria if grade else (),
        )

    def _dissent(self, draft: Draft) -> tuple[tuple[str, int], ...]:
        groups = [
            each for each in self.conclusions.groups() if draft.result.key not in each.keys and each.votes
        ]
        return tuple((each.conclusion, each.votes) for each in groups[:_DISSENTERS])

    def _sentence(self, draft: Draft, standing: Standing) -> str:
        alone = len(self.drafts) == 1
        said = "One draft, compared with no other" if alone else self._chosen(standing)
        by_rubric = self.rubric.said_of(draft.result.key)
        parts = [said, *([] if alone else self._agreement(draft)), *([by_rubric] if by_rubric else [])]
        cut = " It was cut short at its length limit." if draft.is_cut else ""
        return f"{'; '.join(parts)}.{cut}"

    def _chosen(self, standing: Standing) -> str:
        independent = sum(draft.is_independent for draft in self.drafts)
        drafts = count_of(independent, "draft", "drafts")
        improved = len(self.drafts) - independent
        revised = f" and {count_of(improved, 'revision', 'revisions')}" if improved else ""
        if not self.was_compared and self.rubric.graded:
            return f"Best of {drafts}{revised} by the rubric"
        if not self.was_compared:
            return f"One of {drafts}{revised}, which were not compared with each other"
        if not standing.compared:
            return f"One of {drafts}{revised}"
        compared = count_of(standing.compared, "comparison", "comparisons")
        return f"Best of {drafts}{revised}: won {standing.won} of {compared}"

    def _agreement(self, draft: Draft) -> list[str]:
        """Say how many of the independent drafts come to this one's conclusion."""
        independent = [each for each in self.drafts if each.is_independent]
        group, count = self.conclusions.group_of(draft.result.key), len(independent)
        stated = any(self.conclusions.group_of(each.result.key) for each in independent)
        if count < 2 or not stated or group is None:
            return []
        if group.votes < 2:
            others = "no other draft" if group.votes else "no draft"
            return [f"{others} comes to the same conclusion"]
        return [f"{group.votes} of {count} come to the same conclusion"]


def _checked(verdict: Verdict | None) -> str:
    """Return what a checker said of a text, if there is one."""
    if verdict is None:
        return ""
    mark = "" if verdict.passed is None else f"{PASSED if verdict.passed else FAILED} "
    return f"{mark}{verdict.detail}"
