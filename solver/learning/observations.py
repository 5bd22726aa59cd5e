"""What a finished job teaches: counts for the posteriors of models, judges and strategies, by problem kind.

One job is one call of a model however often it was asked: tries of one problem resemble each other. Ability is
taught by the first wave alone (tries asked before any was told), because later ones come only where those failed, and
because a checker ends a job at its first success: counting all tries would make every model look weaker than it is.
For the same reason a job that was given more budget teaches ability with its first version alone.
What is right is known by an exact checker; elsewhere it is as probable as the job's calibrated confidence says, for
tries that agree with its answer, and counts as wrong for the others. A try without an answer is wrong; one whose answer
the checker could not decide says nothing. Where no checker knows, a person may have said whether the answer is right:
they are believed in nine of ten cases, and what they say is their own workspace's (jobs/learning/learn.py).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from solver.core.steps import Status, StepKind, StopReason
from solver.learning.censored_histogram import observed_counts
from solver.text.prompting.prompts import read_better, read_grade

WON = frozenset({StopReason.SOLVED, StopReason.CONFIDENT})
BY_ITSELF = WON | {StopReason.BUDGET_REACHED, StopReason.NO_PROGRESS}
"""Ends that a user, a deadline or a fault did not bring about: they say what a strategy and a quote are worth."""
MOST_COUNTED = 2_000.0
"""Observations of one posterior beyond which the old ones are halved."""
BELIEVED = 0.9
"""How probably an answer is right of which a person says so; less than a checker, whose word is certain."""


class Aspect(StrEnum):
    """What is learned of a subject (a model, or a strategy) on problems of a kind."""

    ABILITY = "ability"
    OUTPUT = "output"
    SECONDS = "seconds"
    JUDGING = "judging"
    STRATEGY = "strategy"
    QUOTE = "quote"
    TOOLS = "tools"


NEEDS_PROOF = frozenset({Aspect.ABILITY, Aspect.JUDGING})
"""What rests on knowing which answers are right."""


@dataclass(frozen=True, slots=True)
class CallObservation:
    """One told call about a job's whole problem: what it said, how long it was and took (moments in seconds)."""

    key: str
    kind: StepKind
    status: Status
    model: str
    parents: tuple[str, ...]
    answer_key: str
    """Canonical form of its answer; empty where it gave none."""
    passed: bool | None
    """An exact checker's verdict; None where there was none."""
    reply: str
    """What a judge wrote; empty for other calls, of which nothing is read."""
    output_tokens: int
    cut: bool
    asked_s: float
    told_s: float


@dataclass(frozen=True, slots=True)
class FinishedJob:
    """An ended version of a job, as far as it teaches. `answer_key` is the answer it ended with."""

    version: int
    strategy: str
    kind: str
    is_checkable: bool
    is_proven: bool
    """Whether its checker computes what is right, so that nobody's word is taken for it."""
    stop_reason: str
    confidence: float
    answer_key: str
    observations: Sequence[CallObservation]
    is_counted: bool = True
    """Whether answers are counted: of texts, code and data without a checker nobody knows which are right."""
    said_right: bool | None = None
    """What a person said of the answer; None: nothing. A checker that knows is not contradicted."""
    with_tools: Mapping[str, float] = field(default_factory=dict)
    """What its attempts with tools teach (solver/learning/tool_habits.py)."""

    @property
    def tells_right(self) -> bool:
        """Whether its end says which answers are right."""
        return self.is_checkable or self.is_counted


class CountUpdate(NamedTuple):
    """Counts to be added to one posterior. `is_shared`: other workspaces may learn from them too."""

    aspect: Aspect
    subject: str
    kind: str
    counts: Mapping[str, float]
    is_shared: bool


def count_updates_of(job: FinishedJob) -> list[CountUpdate]:
    """Return what the job teaches, one update per posterior, in the order of their names."""
    found: defaultdict[tuple[Aspect, str], dict[str, float]] = defaultdict(dict)

    def add(aspect: Aspect, subject: str, counts: Mapping[str, float]) -> None:
        for name, count in counts.items():
            found[aspect, subject][name] = found[aspect, subject].get(name, 0.0) + count

    tries = [call for call in job.observations if call.kind is StepKind.SAMPLE and call.status is Status.OK]
    for model, mine in _by_model(tries).items():
        for call in mine:
            share = 1.0 / len(mine)
            add(Aspect.OUTPUT, model, observed_counts(call.output_tokens, share, cut=call.cut))
            add(Aspect.SECONDS, model, observed_counts(max(call.told_s - call.asked_s, 0.01), share))
    for model, right in _abilities(job, tries).items():
        add(Aspect.ABILITY, model, {"right": right, "wrong": 1.0 - right})
    for judge, counts in _judgements(job).items():
        add(Aspect.JUDGING, judge, counts)
    add(Aspect.TOOLS, job.strategy, job.with_tools)
    if job.stop_reason in BY_ITSELF and job.tells_right:
        ended = "won" if job.stop_reason in WON else "lost"
        add(Aspect.STRATEGY, job.strategy, {f"{'checked' if job.is_checkable else 'open'}_{ended}": 1.0})
    return [
        CountUpdate(aspect, subject, job.kind, counts, job.is_proven or aspect not in NEEDS_PROOF)
        for (aspect, subject), counts in sorted(found.items())
    ]


def added(first: Mapping[str, object], second: Mapping[str, object]) -> dict[str, float]:
    """Return counts added up."""
    return {name: count(first, name) + count(second, name) for name in sorted({*first, *second})}


def merged(stats: Mapping[str, object], counts: Mapping[str, object]) -> dict[str, float]:
    """Return counts added up; beyond MOST_COUNTED they are halved, so that what changes is noticed in time."""
    total = added(stats, counts)
    if sum(total.values()) > MOST_COUNTED:
        total = {name: value / 2.0 for name, value in total.items()}
    return {name: value for name, value in total.items() if value > 1e-6}


def count(stats: Mapping[str, object], name: str) -> float:
    """Return one count, or 0 for what is no count: whatever stands in the store, it can break nothing."""
    value = stats.get(name, 0.0)
    usable = isinstance(value, int | float) and math.isfinite(value) and value > 0
    return min(float(value), 1e9) if usable else 0.0  # type: ignore[arg-type]  # isinstance, one line above


def _by_model(observations: Sequence[CallObservation]) -> dict[str, list[CallObservation]]:
    found: defaultdict[str, list[CallObservation]] = defaultdict(list)
    for call in observations:
        found[call.model].append(call)
    return found


def _abilities(job: FinishedJob, tries: Sequence[CallObservation]) -> dict[str, float]:
    """Return the share of each model's first tries that is right; none where nothing says what is right."""
    is_known = job.is_checkable or job.said_right is not None or job.stop_reason in BY_ITSELF
    if job.version != 1 or not job.tells_right or not is_known:
        return {}
    found = {}
    for model, mine in _by_model(_first_wave(tries)).items():
        decided = [right for call in mine if (right := _rightness(job, call)) is not None]
        if decided:
            found[model] = sum(decided) / len(decided)
    return found


def _first_wave(tries: Sequence[CallObservation]) -> list[CallObservation]:
    """Return the tries that were asked before any had been told."""
    first_told_s = min((call.told_s for call in tries), default=0.0)
    return [call for call in tries if call.asked_s < first_told_s]


def _rightness(job: FinishedJob, call: CallObservation) -> float | None:
    """Return the probability that a try is right; None where it has an answer of which that cannot be said."""
    if not call.answer_key:
        return 0.0
    if job.is_checkable:
        return None if call.passed is None else float(call.passed)
    if call.answer_key != job.answer_key:
        # Where the answer that was given is wrong, another one may be right.
        return None if job.said_right is False else 0.0
    confidence = min(max(job.confidence, 0.0), 1.0)
    if job.said_right is None:
        return confidence
    return max(confidence, BELIEVED) if job.said_right else min(confidence, 1.0 - BELIEVED)


def _judgements(job: FinishedJob) -> dict[str, dict[str, float]]:
    """Return for each judge how it decided where it is known what is right; a job counts once a judge and truth.

    A person's word weighs as much less than a checker's as it is more often mistaken.
    """
    truth, weight = _truth_of(job)
    decided: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for call in job.observations:
        if what := _decision(call, truth):
            decided[call.model][what] = decided[call.model].get(what, 0) + 1
    pairs = (("pass_right", "fail_right"), ("pass_wrong", "fail_wrong"), ("better_right", "better_wrong"))
    found: dict[str, dict[str, float]] = {}
    for judge, counts in decided.items():
        for pair in pairs:
            whole = sum(counts.get(name, 0) for name in pair)
            if whole:
                found.setdefault(judge, {}).update(
                    {name: weight * counts[name] / whole for name in pair if name in counts}
                )
    return found


def _truth_of(job: FinishedJob) -> tuple[dict[str, bool], float]:
    """Return by key which candidates are right, as far as a checker or else a person said so, and how sure that is."""
    if job.is_checkable or not job.is_counted or job.said_right is None or not job.answer_key:
        return {call.key: call.passed for call in job.observations if call.passed is not None}, 1.0
    truth = {call.key: job.said_right for call in job.observations if call.answer_key == job.answer_key}
    if job.said_right:
        others = (call for call in job.observations if call.answer_key not in {"", job.answer_key})
        truth |= {call.key: False for call in others}
    return truth, 2.0 * BELIEVED - 1.0


def _decision(call: CallObservation, truth: Mapping[str, bool]) -> str | None:
    if call.kind is StepKind.GRADE and call.parents and call.parents[0] in truth:
        grade = read_grade(call.reply)
        right = "right" if truth[call.parents[0]] else "wrong"
        return f"{'pass' if grade.passed else 'fail'}_{right}" if grade else None
    if call.kind is StepKind.COMPARE and len(call.parents) == 2:
        better, sides = read_better(call.reply), [truth.get(parent) for parent in call.parents]
        if better is not None and None not in sides and sides[0] != sides[1]:
            return "better_right" if sides[better] else "better_wrong"
    return None
