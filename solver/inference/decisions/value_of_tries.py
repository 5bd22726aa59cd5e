"""What further tries are worth: how much they would add to the probability that the answer given is right.

For the leader and each rival (the next answers, and “one not seen yet”) the outcomes of k further tries of a model are
counted under both hypotheses; tries pay where their outcome would change whom to believe. The gain is exact for two
hypotheses and one model (preposterior analysis, Raiffa and Schlaifer, 1961); gains against several rivals add up, which
overrates them a little. Nothing is drawn at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

from solver.inference.item_response import Skill, binomials
from solver.inference.vote_likelihood import Counts, ErrorModel, difficulty

LOOKAHEADS = (1, 3, 8)
LONG_LOOKAHEAD = 20
"""Looked ahead before it is said that nothing pays: a long tie is broken by many tries only."""


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """What `tries` further tries of a model would add to the probability of a right answer."""

    model: str
    tries: int
    gain: float


@dataclass(frozen=True, slots=True)
class AnswerState:
    """An answer: how probable it is, and its votes by model, in the order of the panel."""

    probability: float
    votes: Counts


@dataclass(frozen=True, slots=True)
class Contest:
    """The answers that may be right, most probable first; all votes by model."""

    answers: tuple[AnswerState, ...]
    totals: Counts


@lru_cache(maxsize=10_000)
def sample_batches(
    skills: tuple[tuple[str, Skill], ...],
    error_model: ErrorModel,
    contest: Contest,
    lookaheads: tuple[int, ...] = LOOKAHEADS,
) -> tuple[SampleBatch, ...]:
    """Return what each model's further tries are worth, for each number of tries looked ahead."""
    if not contest.answers:
        return tuple(SampleBatch(name, 1, chance) for name, chance in success_chances(skills, contest.totals))
    view = _View(skills, error_model, contest)
    return tuple(
        SampleBatch(name, tries, view.gain(at, tries))
        for at, (name, _) in enumerate(skills)
        for tries in lookaheads
    )


@lru_cache(maxsize=10_000)
def success_chances(skills: tuple[tuple[str, Skill], ...], failures: Counts) -> tuple[tuple[str, float], ...]:
    """Return for each model the probability that its next try is right, after so many wrong tries of each."""
    weights = difficulty(tuple(skill for _, skill in skills), (0.0,) * len(skills), failures)
    return tuple(
        (name, sum(map(mul, weights, skill.chances(0.0, failed, 1)[1])))
        for (name, skill), failed in zip(skills, failures, strict=True)
    )


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """How likely each outcome of further tries is together with one answer's being right.

    Built from P(the answer is right), P(so many tries hit it), and P(wrong ones fall on a rival) by the numbers that do
    and do not.
    """

    chance: float
    hits: Sequence[float]
    falls: Sequence[Sequence[float]]

    @classmethod
    def of(cls, answer: AnswerState, hits: Sequence[float], first: float, again: float) -> "OutcomeTable":
        """Return the table of an answer; wrong tries fall on the rival with chance `first`, and then `again`."""
        return cls(answer.probability, hits, _fall_probabilities(len(hits) - 1, first, again))

    def probability(self, *, right: int, rival: int, other: int) -> float:
        """Return P(the answer is right, and so many tries give it, the rival, and other answers)."""
        return self.chance * self.hits[right] * self.falls[rival][other]


class _View:
    """The contest as each hypothesis sees it."""

    def __init__(
        self, skills: tuple[tuple[str, Skill], ...], error_model: ErrorModel, contest: Contest
    ) -> None:
        self._skills = tuple(skill for _, skill in skills)
        self._error_model, self._contest = error_model, contest
        # The leader, its rivals, and one not seen yet.
        nobody = AnswerState(
            max(1.0 - sum(answer.probability for answer in contest.answers), 0.0), (0.0,) * len(skills)
        )
        self._leader, *self._rivals = (*contest.answers, nobody)
        self._nobody = nobody
        self._difficulty = {
            answer: difficulty(self._skills, answer.votes, contest.totals)
            for answer in (self._leader, *self._rivals)
        }

    def gain(self, at: int, tries: int) -> float:
        """Return what `tries` tries of the model at this place of the panel add."""
        leader_hits = self._distribution(self._leader, at, tries)
        return sum(self._gain_against(rival, at, tries, leader_hits) for rival in self._rivals)

    def _gain_against(self, rival: AnswerState, at: int, tries: int, leader_hits: Sequence[float]) -> float:
        """Return how much probability the rival would gain over the leader in the outcomes that put it ahead."""
        rival_hits = self._distribution(rival, at, tries)
        if_leader = OutcomeTable.of(self._leader, leader_hits, *self._fall_chances(self._leader, rival, at))
        if_rival = OutcomeTable.of(rival, rival_hits, *self._fall_chances(rival, self._leader, at))
        total = 0.0
        for for_leader in range(tries + 1):
            for for_rival in range(1, tries - for_leader + 1):
                other = tries - for_leader - for_rival
                gained = if_rival.probability(right=for_rival, rival=for_leader, other=other)
                gained -= if_leader.probability(right=for_leader, rival=for_rival, other=other)
                if gained > 0.0:
                    total += gained
        return total

    def _distribution(self, answer: AnswerState, at: int, tries: int) -> list[float]:
        """Return P(j of the next tries of a model are right), j = 0…tries, if this answer is the right one."""
        right = answer.votes[at]
        rows = self._skills[at].chances(right, self._contest.totals[at] - right, tries)
        weights = self._difficulty[answer]
        return [sum(map(mul, weights, row)) for row in rows]

    def _fall_chances(self, right: AnswerState, on: AnswerState, at: int) -> tuple[float, float]:
        """Return how likely a wrong try of a model falls `on` an answer, the first time and again, if `right` is right.

        An answer not seen yet is any new one the first time, and that one again.
        """
        alpha = self._skills[at].trait.concentration
        wrong = self._contest.totals[at] - right.votes[at]
        if on is self._nobody:
            return alpha / (alpha + wrong), 1.0 / (alpha + wrong + 1.0)
        others = [i for i in range(len(self._skills)) if i != at]
        theirs = sum(on.votes[i] for i in others)
        all_theirs = sum(self._contest.totals[i] - right.votes[i] for i in others)
        base = self._error_model.shared * theirs / (all_theirs + alpha) + 1.0 / max(
            self._error_model.options - 1, 1
        )
        share = (on.votes[at] + alpha * min(base, 1.0)) / (alpha + wrong)
        return share, share


def _fall_probabilities(tries: int, first: float, again: float) -> list[list[float]]:
    """Return P(so many of hits + rest wrong tries fall on an answer), by hits and rest, together at most `tries`."""
    missed = [(1.0 - first) ** rest for rest in range(tries + 1)]
    hit = [1.0, *(first * again**hits for hits in range(tries))]
    return [
        [binomials(hits + rest)[hits] * hit[hits] * missed[rest] for rest in range(tries - hits + 1)]
        for hits in range(tries + 1)
    ]
