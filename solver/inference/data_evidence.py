"""The evidence of a job whose result is data: the replies that fit, their votes on each field, and what to deliver."""

import json
from collections import Counter
from typing import NamedTuple

from solver.checkers.json_schema import JsonSchema
from solver.core.problem.statement import Problem
from solver.core.steps import Candidate, Status, StepResult
from solver.inference.explanation import FAILED, decided_sentence
from solver.inference.field_votes import FieldVotes, field_votes, may_compose
from solver.text.data import Data, csv_text, data_key, pretty_data, read_data

MAX_REPLIES = 24
"""So many replies are compared; later ones would change little and cost time."""


class Fitting(NamedTuple):
    """A reply whose data can be read and fits its schema, if there is one."""

    result: StepResult
    data: Data


class DataEvidence:
    """What is known of the data that replies gave; derived from tells alone."""

    def __init__(self, problem: Problem) -> None:
        checker = problem.checker
        self._may_compose = not isinstance(checker, JsonSchema) or may_compose(json.loads(checker.schema))
        self._fitting: dict[str, Fitting] = {}
        self._unfit_keys: set[str] = set()
        self._votes: FieldVotes | None = None
        self.unfit: Counter[str] = Counter()
        """Replies that do not fit, or hold no data, by model."""
        self.fit: Counter[str] = Counter()
        """Replies that fit, by model."""

    def tell(self, result: StepResult) -> None:
        """Take in one reply."""
        if not result.kind.answers or result.status is not Status.OK or result.subproblem:
            return
        data = read_data(result.answer) if result.answer else None
        if data is None or (result.verdict is not None and result.verdict.passed is False):
            self.unfit[result.model] += 1
            self._unfit_keys.add(result.key)
            return
        self.fit[result.model] += 1
        # One that saw another which counts is no vote of its own.
        if len(self._fitting) < MAX_REPLIES and not self._fitting.keys() & set(result.parents):
            self._fitting[result.key] = Fitting(result, data)
            self._votes = None

    def is_unfit(self, key: str) -> bool:
        """Tell whether the reply of a step holds no data that fits."""
        return key in self._unfit_keys

    def votes(self) -> FieldVotes | None:
        """Return the votes on each field; None before there are any."""
        if self._votes is None and self._fitting:
            values = [each.data.value for each in self._fitting.values()]
            self._votes = field_votes(values, may_compose=self._may_compose)
        return self._votes

    def best(self) -> Candidate | None:
        """Return the data to deliver, as a block, and in how many fields the replies agree."""
        votes = self.votes()
        if votes is None:
            return None
        nearest = [*self._fitting.values()][votes.nearest]
        body, language = _written(votes, nearest.data)
        verdict = nearest.result.verdict
        checked = [f"{FAILED} Hardly any two replies agree on any field."] if votes.is_split else []
        checked += [decided_sentence(verdict)] if verdict else []
        return Candidate(
            answer=body,
            text=f"```{language}\n{body}\n```",
            key=data_key(votes.value),
            step_key=nearest.result.key,
            confidence=None,
            explanation=f"{votes.sentence()}{self._left_out()}",
            checked=" ".join(checked),
        )

    def _left_out(self) -> str:
        """Return how many replies do not count."""
        count = self.unfit.total()
        if not count:
            return ""
        one = " One more reply does not fit and is left out."
        return one if count == 1 else f" {count:,} more replies do not fit and are left out."


def _written(votes: FieldVotes, nearest: Data) -> tuple[str, str]:
    """Return the data as text, as the reply wrote it where nothing was replaced in it, and its language."""
    is_csv = nearest.is_table and "|" not in nearest.text.split("\n", 1)[0]
    if votes.value == nearest.value:
        return nearest.text, ("csv" if is_csv else "markdown") if nearest.is_table else "json"
    return (csv_text(votes.value), "csv") if nearest.is_table else (pretty_data(votes.value), "json")
