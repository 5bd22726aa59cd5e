"""Says in plain words why an answer is believed, what was checked, and which other answers there are."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Protocol

from solver.core.problem.statement import Problem
from solver.core.steps import Candidate, StepResult
from solver.core.verdict import Verdict
from solver.inference.cluster import Cluster

_DISSENTERS = 5
_AGREEING = 5
"""So many attempts that agree, most of all, put a check in doubt that refuses them."""
PASSED, FAILED = "✓", "✗"
"""Marks before the sentences that say what a check or a grader found."""
UNREAD = "The checker could not judge"


class EvidenceView(Protocol):
    """All that is known: solver/inference/evidence.py's Evidence."""

    problem: Problem
    proven: StepResult | None
    tries: int
    independent: int
    repeats: int

    @property
    def clusters(self) -> Container[str]:
        """Keys of the answers that can be compared."""
        ...

    def ranked(self, most: int) -> Sequence[Cluster]:
        """Return the most probable answers, best first."""
        ...


def explain(evidence: EvidenceView, leader: Cluster) -> Candidate:
    """Return `leader` as a candidate with its evidence in one sentence; its confidence is the caller's to set."""
    shown = evidence.proven or leader.example
    others = [
        c for c in evidence.ranked(_DISSENTERS + 1) if c.key != leader.key and c.key in evidence.clusters
    ]
    dissent = sorted(others, key=lambda c: -c.tries - c.repeats)[:_DISSENTERS]
    return Candidate(
        answer=shown.answer or "",
        text=shown.text,
        key=shown.answer_key,
        step_key=shown.key,
        confidence=0.0,
        explanation=_sentence(evidence, leader, others),
        checked=_checked(evidence, leader),
        dissent=()
        if evidence.proven
        else tuple((c.example.answer or "", c.tries + c.repeats) for c in dissent),
    )


def count_of(number: int, one: str, many: str) -> str:
    """Return `1 attempt` or `2,000 attempts`."""
    return f"{number:,} {one if number == 1 else many}"


def unread_sentence(detail: str) -> str:
    """Return that a checker could not tell, and why: `detail` is its own sentence."""
    return f"{UNREAD} this answer: {detail[:1].lower()}{detail[1:]}"


def _sentence(evidence: EvidenceView, leader: Cluster, others: Sequence[Cluster]) -> str:
    if evidence.proven:
        return f"A checker confirmed it after {count_of(max(evidence.tries, 1), 'attempt', 'attempts')}."
    said = [*_votes(evidence, leader, others), *_grades(leader), *_comparisons(leader), *_refuted(others)]
    sentence = "; ".join(said)
    if evidence.problem.is_checkable:
        sentence += "; no answer passed the check"
    doubt = _doubt_about_check(evidence, leader)
    return f"{sentence[:1].upper()}{sentence[1:]}.{doubt and ' '}{doubt}"


def _doubt_about_check(evidence: EvidenceView, leader: Cluster) -> str:
    """Say that no answer can pass the check, or that it may be wrong itself where most attempts agree against it."""
    checker, verdict = evidence.problem.checker, leader.example.verdict
    if checker is None or checker.passes_nothing:
        return checker.passes_nothing if checker else ""
    agree = leader.tries >= _AGREEING and 2 * leader.tries > evidence.independent
    is_refused = verdict is not None and verdict.passed is False and not checker.computes
    return "Most attempts agree on it all the same: look at the check, too." if agree and is_refused else ""


def _votes(evidence: EvidenceView, leader: Cluster, others: Sequence[Cluster]) -> Iterable[str]:
    if leader.key not in evidence.clusters:
        yield "no attempt gave an answer that could be compared"
        return
    if leader.tries:
        yield f"{_part_of(leader.tries, evidence.independent, 'attempt')} gave this answer"
    if leader.repeats:
        yield f"{_part_of(leader.repeats, evidence.repeats, 'revision')} ended with it"
    if any(other.tries > leader.tries for other in others) and not leader.grades and not leader.comparisons:
        yield "more attempts gave another, but models differ in how often they are right"


def _part_of(number: int, whole: int, what: str) -> str:
    """Return `2 of 3 attempts`, or `one attempt` where there is no other."""
    return f"one {what}" if whole == 1 else f"{number} of {whole:,} {what}s"


def _grades(leader: Cluster) -> Iterable[str]:
    passes, fails = _sums(leader.grades)
    if not passes + fails:
        return
    graders = "a grader" if len(leader.grades) == 1 else f"{len(leader.grades)} graders"
    if not fails:
        yield f"accepted by {graders} {_times(passes)}"
    elif not passes:
        yield f"rejected by {graders} {_times(fails)}"
    else:
        yield f"accepted by {graders} {passes} of {passes + fails} times"


def _comparisons(leader: Cluster) -> Iterable[str]:
    wins, losses = _sums(leader.comparisons)
    if wins + losses:
        yield f"it won {wins} of {count_of(wins + losses, 'comparison', 'comparisons')}"


def _refuted(others: Sequence[Cluster]) -> Iterable[str]:
    judged = [_sums(other.grades) for other in others]
    refuted = sum(fails > passes for passes, fails in judged)
    if refuted:
        graders = "a grader" if len({judge for other in others for judge in other.grades}) == 1 else "graders"
        yield f"{graders} rejected {count_of(refuted, 'other answer', 'other answers')}"


def _checked(evidence: EvidenceView, leader: Cluster) -> str:
    if evidence.proven:
        return f"{PASSED} {evidence.proven.verdict.detail}" if evidence.proven.verdict else ""
    graded = (
        _outcome(judge, counts, "Accepted", "Rejected", "check") for judge, counts in leader.grades.items()
    )
    compared = (
        _outcome(judge, counts, "Preferred", "Not preferred", "comparison")
        for judge, counts in leader.comparisons.items()
    )
    unread = [unread_sentence(leader.unread)] if leader.unread else []
    found = leader.example.verdict
    decided = [decided_sentence(found)] if found and not found.is_undecided else []
    return " ".join([*unread, *decided, *graded, *compared])


def decided_sentence(verdict: Verdict) -> str:
    """Return what a check found, with its mark."""
    return f"{PASSED if verdict.passed else FAILED} {verdict.detail}"


def _outcome(judge: str, counts: Sequence[int], yes: str, no: str, what: str) -> str:
    """Return what a judge said most often; a tie gets no mark."""
    good, bad = counts
    mark, word, count = (f"{FAILED} ", no, bad) if bad > good else (f"{PASSED} ", yes, good)
    mark = "" if good == bad else mark
    return f"{mark}{word} by {judge} in {count} of {count_of(good + bad, what, f'{what}s')}."


def _sums(by_judge: Mapping[str, Sequence[int]]) -> tuple[int, int]:
    return sum(good for good, _ in by_judge.values()), sum(bad for _, bad in by_judge.values())


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
