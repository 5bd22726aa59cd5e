"""The evidence of one job: every try, verdict, grade and comparison told so far, under the answer it speaks for.

One `Evidence` serves every strategy: it is told each result once and derives the rest from that. Answers are clusters
of equal canonical keys. solver/inference/judge_likelihood.py turns what a cluster has collected into a probability,
solver/inference/explanation.py into a sentence. How well a judge judges is not assumed: the prior of its model's card
is updated by what this job shows, where a checker knows the answer by its verdict, elsewhere by how probable votes make
it.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from heapq import nlargest
from types import MappingProxyType
from typing import Any

from solver.core.lines import line_of
from solver.core.models import ModelCard
from solver.core.problem.attached import count_passages
from solver.core.problem.statement import Problem
from solver.core.steps import Candidate, Status, StepKind, StepResult
from solver.core.tools import MAX_SOURCES
from solver.inference.answer_posterior import AnswerPosterior, VoteCounts
from solver.inference.calibration import calibrated
from solver.inference.cluster import Cluster
from solver.inference.emptiness import EmptyReplies, names_no_option
from solver.inference.explanation import explain
from solver.inference.item_response import Skill
from solver.inference.judge_likelihood import Quality
from solver.inference.parameters import EvidenceParameters
from solver.inference.vote_likelihood import ErrorModel, Votes
from solver.text.citations import invented
from solver.text.prompting.prompts import read_better, read_grade

_WEIGHED = 12
_RECENT = 256
_PROVEN = 0.99
_INVENTING_WEIGHT = 0.5
"""What a vote counts whose text cites a passage that nobody read: who invents sources may have invented the answer."""


class Evidence:
    """What a strategy knows about its answers; derived from tells alone, idempotent by key."""

    def __init__(
        self, problem: Problem, panel: Sequence[ModelCard], pinned: Mapping[str, Any] | None = None
    ) -> None:
        """`pinned` is the table of parameters by which to weigh; without one the shipped table counts."""
        self.problem = problem
        self._posterior = AnswerPosterior(problem, panel, pinned)
        self._told: set[str] = set()
        self._cluster_of: dict[str, str] = {}
        self._everything = Votes({}, {})
        self._top: dict[str, Cluster] = {}
        self._floor = 0.0
        self._essays: dict[str, Cluster] = {}
        self._top_essays: dict[str, Cluster] = {}
        self._recent: OrderedDict[str, StepResult] = OrderedDict()
        self._weighed: dict[str, float] | None = None
        self._confidence: float | None = None
        self._clusters: dict[str, Cluster] = {}
        self.clusters: Mapping[str, Cluster] = MappingProxyType(self._clusters)
        """The answers that can be compared, by key, to be read only: the booking is `tell`'s."""
        self.proven: StepResult | None = None
        self.tries = 0
        self.independent = 0
        """Tries with an answer that saw no other try first."""
        self.repeats = 0
        self.failed_in_a_row = 0
        self.empties = EmptyReplies(problem)
        self.spent_nano = 0
        self._citable = count_passages(problem.text)
        self._brought: Counter[str] = (
            Counter()
        )  # passages that tools brought, by attempt; none to those without tools

    # Being told -----------------------------------------------------------------------------------------------

    def tell(self, result: StepResult) -> bool:
        """Book one result; return False if its key was told before."""
        if result.key in self._told:
            return False
        self._told.add(result.key)
        self.spent_nano += result.charged_nano
        if result.kind in {StepKind.NOTE, StepKind.RUN, StepKind.TOOL}:
            if result.kind is StepKind.TOOL and result.status is Status.OK:
                self._brought[line_of(result.key)] += len(result.outcome.sources[:MAX_SOURCES])
            return True
        if result.status is Status.FAILED:
            self.failed_in_a_row += 1
            self.tries += result.kind.answers
            return True
        self.failed_in_a_row = 0
        self._weighed = self._confidence = None
        if result.kind.answers:
            self._book_answer(result)
        elif result.kind is StepKind.GRADE:
            self._book_grade(result)
        elif result.kind is StepKind.COMPARE:
            self._book_comparison(result)
        return True

    def told(self, key: str) -> bool:
        """Tell whether a key was told."""
        return key in self._told

    def _book_answer(self, result: StepResult) -> None:
        self.tries += 1
        emptiness = self.empties.tell(result)
        if emptiness and emptiness.says_nothing:
            return
        cluster = self._cluster_for(result)
        parents = [self._cluster_of[parent] for parent in result.parents if parent in self._cluster_of]
        self._note_reply(result, cluster.key)
        cluster.take(result, is_repeat=bool(parents))
        self._count_vote(result, cluster, parents)
        self._keep_top(cluster)

    def _cluster_for(self, result: StepResult) -> Cluster:
        """Return the cluster of equal answers; a reply without an answer is one of its own."""
        among = self._essays if result.answer_key is None else self._clusters
        key = result.answer_key or f"step:{result.key}"
        return among.setdefault(key, Cluster(key, result))

    def _note_reply(self, result: StepResult, key: str) -> None:
        """Remember under which answer a step is booked, the latest replies themselves, and the first proven one."""
        # A check of form alone proves nothing.
        if result.verdict and result.verdict.passed and self.problem.is_checkable:
            self.proven = self.proven or result
        self._cluster_of[result.key] = key
        self._recent[result.key] = result
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def _count_vote(self, result: StepResult, cluster: Cluster, parents: Sequence[str]) -> None:
        """Count the vote for its answer; only one for an answer that others can share counts among all votes."""
        weight, family = self._weight_of(cluster, parents), self._posterior.family(result.model)
        if invented(result.text, self._citable + self._brought[line_of(result.key)]):
            weight *= _INVENTING_WEIGHT
        cluster.votes.add(result.model, family, weight)
        if result.answer_key is not None:
            self.independent += not parents
            self.repeats += bool(parents)
            self._everything.add(result.model, family, weight)

    def _weight_of(self, cluster: Cluster, parents: Sequence[str]) -> float:
        """Return what a vote counts: repeating an answer that was shown is little, leaving it as much as a try alone."""
        return self.parameters.repeat_weight if cluster.key in parents else 1.0

    def _keep_top(self, cluster: Cluster) -> None:
        """Keep the clusters worth weighing: with ten thousand answers, most have a single vote."""
        top = self._top if cluster.key in self.clusters else self._top_essays
        if cluster.key in top or len(top) < _WEIGHED:
            top[cluster.key] = cluster
        elif cluster.score > self._floor:
            weakest = min(top.values(), key=lambda c: c.score)
            self._floor = weakest.score
            if cluster.score > weakest.score:
                del top[weakest.key]
                top[cluster.key] = cluster

    def _book_grade(self, result: StepResult) -> None:
        cluster = self.cluster_of(result.parents[0]) if result.parents else None
        grade = read_grade(result.text)
        if cluster is None or grade is None:
            return
        cluster.grades.setdefault(result.model, [0, 0])[0 if grade.passed else 1] += 1
        if grade.passed:
            # The text that a grader passed is a better one to show than the first that came to the same answer.
            if not cluster.passed_steps and result.parents[0] in self._recent:
                cluster.example = self._recent[result.parents[0]]
            cluster.passed_steps.add(result.parents[0])
        self._floor = min(self._floor, cluster.score)
        self._keep_top(cluster)

    def _book_comparison(self, result: StepResult) -> None:
        better = read_better(result.text)
        sides = [self.cluster_of(parent) for parent in result.parents[:2]]
        if better is None or len(sides) < 2:
            return
        for place, cluster in enumerate(sides):
            if cluster is not None and sides[0] is not sides[1]:
                cluster.comparisons.setdefault(result.model, [0, 0])[0 if place == better else 1] += 1

    def cluster_of(self, step_key: str) -> Cluster | None:
        """Return the cluster to which the answer of a step belongs."""
        key = self._cluster_of.get(step_key)
        if key is None:
            return None
        return self._clusters.get(key) or self._essays.get(key)

    # Weighing -------------------------------------------------------------------------------------------------

    def probability(self, key: str) -> float:
        """Return how probable an answer is now, before calibration."""
        return self._weigh().get(key, 0.0)

    def probabilities(self) -> Mapping[str, float]:
        """Return how probable the answers worth weighing are now, by key, before calibration."""
        return self._weigh()

    def confidence(self) -> float:
        """Return the calibrated probability that the leader is right."""
        if self._confidence is None:
            leader = next(iter(self.ranked(1)), None)
            self._confidence = _PROVEN if self.proven else self._shown(leader) if leader else 0.0
        return self._confidence

    def ranked(self, most: int) -> list[Cluster]:
        """Return the most probable clusters, at most a dozen, best first; earlier ones first among equals."""
        weighed = self._weigh()
        known = self._top or self._top_essays
        return nlargest(most, known.values(), key=lambda c: (weighed.get(c.key, 0.0), c.votes.total))

    def quality(self, judge: str) -> Quality:
        """Return how well a model judges, as far as its card and this job tell."""
        return self._posterior.quality(judge, self._tally())

    @property
    def parameters(self) -> EvidenceParameters:
        """By which parameters is weighed."""
        return self._posterior.parameters

    def votes(self) -> Votes:
        """Return all votes, whatever they are for."""
        return self._everything

    def skills(self) -> Mapping[str, Skill]:
        """Return what is assumed of the panel's tries, by model."""
        return self._posterior.skills()

    def error_model(self) -> ErrorModel:
        """Return how wrong answers to this problem are assumed to fall."""
        return self._posterior.error_model()

    def _weigh(self) -> dict[str, float]:
        if self._weighed is None:
            self._weighed = self._posterior.weigh(self._tally())
        return self._weighed

    def _tally(self) -> VoteCounts:
        proven = self.proven.answer_key if self.proven else None
        return VoteCounts(
            list(self._top.values()),
            list(self._top_essays.values()),
            self._everything,
            len(self.clusters),
            proven,
        )

    # Answering ------------------------------------------------------------------------------------------------

    def best(self) -> Candidate | None:
        """Return the proven answer, else the most probable one, else any reply at all, with why and how sure."""
        leader = next(iter(self.ranked(1)), None)
        if self.proven:
            leader = self.clusters[self.proven.answer_key or ""]
        if leader and leader.key in self.clusters and names_no_option(leader.key, self.problem):
            # What is none of the options is no answer to a choice.
            return None
        return replace(explain(self, leader), confidence=self.confidence()) if leader else None

    def _shown(self, leader: Cluster) -> float:
        if leader.refused or (self.problem.is_checkable and leader.key in self.clusters):
            # The checker has refused every answer so far.
            return 0.0
        if leader.key in self._essays and not leader.grades:
            return 0.0
        return calibrated(self.probability(leader.key), self.parameters.calibration)
