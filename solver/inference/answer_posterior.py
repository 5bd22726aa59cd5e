"""How the evidence of a job adds up: votes first, then what judges say, judges being judged by the votes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solver.core.models import ModelCard
from solver.core.problem.statement import Problem
from solver.core.trait import Trait
from solver.inference.calibration import logit, shares, sigmoid
from solver.inference.cluster import Cluster
from solver.inference.item_response import Skill, skill_of
from solver.inference.judge_likelihood import NEVER, Quality, compare_log_odds, grade_log_odds
from solver.inference.parameters import EvidenceParameters
from solver.inference.vote_likelihood import ErrorModel, Votes, log_odds


@dataclass(frozen=True, slots=True)
class VoteCounts:
    """What is weighed: the answers worth it, the replies without an answer, and all votes, also for other answers."""

    answers: Sequence[Cluster]
    essays: Sequence[Cluster]
    everything: Votes
    seen: int
    proven_key: str | None


@dataclass(slots=True)
class BetaCounts:
    """A rate between 0 and 1 as imagined and real successes and failures: the counts of a beta distribution."""

    hits: float
    misses: float

    @classmethod
    def of(cls, rate: float, *, strength: float) -> "BetaCounts":
        """Return counts with the mean `rate`, together worth `strength` observations."""
        return cls(rate * strength, (1.0 - rate) * strength)

    def add(self, weight: float, *, hits: int, misses: int) -> None:
        """Count observations, each by `weight`."""
        self.hits += weight * hits
        self.misses += weight * misses

    @property
    def mean(self) -> float:
        """The expected rate."""
        return self.hits / (self.hits + self.misses)


class AnswerPosterior:
    """Weighs the tallies of one job."""

    def __init__(
        self, problem: Problem, panel: Sequence[ModelCard], pinned: Mapping[str, Any] | None = None
    ) -> None:
        """`pinned` is the table of parameters by which to weigh; without one the shipped table counts."""
        self._problem = problem
        self.parameters = EvidenceParameters.of(problem.kind, pinned)
        self._cards = {card.name: card for card in panel}
        # A checker passes any right answer; votes must agree on one.
        traits = {name: card.trait_for(problem.kind) for name, card in self._cards.items()}
        self._skills = {
            name: skill_of(trait if problem.is_checkable else trait.voting())
            for name, trait in traits.items()
        }

    def family(self, model: str) -> str:
        """Return the family of a model; one that has left the panel is its own."""
        card = self._cards.get(model)
        return card.family if card else model

    def weigh(self, tally: VoteCounts) -> dict[str, float]:
        """Return how probable each answer is, by key."""
        votes = self._from_votes(tally)
        weighed = (*tally.answers, *tally.essays)
        judges = dict.fromkeys(judge for each in weighed for judge in (*each.grades, *each.comparisons))
        qualities = {judge: self._quality(judge, tally, votes) for judge in judges}
        log_odds = {each.key: votes[each.key] + self._from_judges(each, qualities) for each in weighed}
        return _normalised(log_odds, tally)

    def quality(self, judge: str, tally: VoteCounts) -> Quality:
        """Return how well a model judges, as far as its card and this job tell."""
        return self._quality(judge, tally, self._from_votes(tally))

    def _from_votes(self, tally: VoteCounts) -> dict[str, float]:
        """Return log odds from votes and verdicts: against “none of them” or, where answers do not compare, alone."""
        odds = {cluster.key: self._alone(cluster) for cluster in tally.essays}
        if not any(cluster.comparable for cluster in tally.answers):
            return odds | {cluster.key: self._alone(cluster) for cluster in tally.answers}
        weighed = self._weighed(tally)
        return odds | {c.key: NEVER if c.refused else weighed[c.key] for c in tally.answers}

    def _weighed(self, tally: VoteCounts) -> dict[str, float]:
        """Return log odds from votes alone. Answers go in order of their votes: the same votes are weighed once."""
        left = sorted(tally.everything.by_model.keys() - self._skills.keys())
        skills = self._skills | {model: skill_of(Trait(self._ability(model))) for model in left}
        names = tuple(skills)
        counts = {cluster.key: cluster.votes.counts(names) for cluster in tally.answers}
        order = sorted(counts, key=counts.__getitem__, reverse=True)
        odds = log_odds(
            tuple(skills.values()),
            self.error_model(),
            tuple(counts[key] for key in order),
            tally.everything.counts(names),
            tally.seen,
        )
        return dict(zip(order, odds, strict=True))

    def skills(self) -> Mapping[str, Skill]:
        """Return the skills of the panel."""
        return self._skills

    def error_model(self) -> ErrorModel:
        """Return how wrong answers to this problem fall."""
        count, known = self._problem.answer_count, self.parameters
        return ErrorModel(known.open_answers if count is None else max(count, 2), known.shared)

    def _alone(self, cluster: Cluster) -> float:
        """Return the log odds of an answer that no other can agree with: the ability of who gave it."""
        if cluster.refused:
            return NEVER
        return max(logit(self._ability(model)) for model in cluster.votes.by_model)

    def _ability(self, model: str) -> float:
        card = self._cards.get(model)
        return card.ability_for(self._problem.kind) if card else 0.5

    def _from_judges(self, cluster: Cluster, qualities: Mapping[str, Quality]) -> float:
        families = set(cluster.votes.by_family)
        total = 0.0
        for judge, (passes, fails) in cluster.grades.items():
            alike = families == {self.family(judge)}
            total += grade_log_odds(passes, fails, qualities[judge], self.parameters, same_family=alike)
        for judge, (wins, losses) in cluster.comparisons.items():
            total += compare_log_odds(wins, losses, qualities[judge], self.parameters)
        return total

    def _quality(self, judge: str, tally: VoteCounts, votes: Mapping[str, float]) -> Quality:
        """Return the posterior means of a judge's rates: prior counts, plus each judgement weighted by what it met."""
        rates = self._prior_rates(judge)
        believed = _normalised(votes, tally)
        for cluster in (*tally.answers, *tally.essays):
            right = 1.0 if cluster.key == tally.proven_key else believed[cluster.key]
            passes, fails = cluster.grades.get(judge, (0, 0))
            wins, losses = cluster.comparisons.get(judge, (0, 0))
            rates["sensitivity"].add(right, hits=passes, misses=fails)
            rates["specificity"].add(1.0 - right, hits=fails, misses=passes)
            rates["comparison"].add(right, hits=wins, misses=losses)
        return Quality(**{name: rate.mean for name, rate in rates.items()})

    def _prior_rates(self, judge: str) -> dict[str, BetaCounts]:
        """Return the rates of a judge as its card tells them, each worth so many imagined judgements."""
        card = self._cards.get(judge)
        told = card.judging_for(self._problem.kind) if card else {}
        assumed, strength = self.parameters, self.parameters.quality_strength
        return {
            name: BetaCounts.of(told.get(name) or getattr(assumed, name), strength=strength)
            for name in Quality._fields
        }


def _normalised(log_odds: Mapping[str, float], tally: VoteCounts) -> dict[str, float]:
    """Return probabilities: exclusive ones where answers compare, each on its own elsewhere."""
    alone = {key: sigmoid(x) for key, x in log_odds.items()}
    if not any(cluster.comparable for cluster in tally.answers):
        return alone
    rivals = [cluster.key for cluster in tally.answers]
    exclusive = dict(zip(rivals, shares([log_odds[key] for key in rivals]), strict=True))
    # Answers beyond the weighed ones are single votes, each as probable as the least of these.
    rest = 1.0 + (tally.seen - len(rivals)) * min(exclusive.values())
    return alone | {key: p / rest for key, p in exclusive.items()}
