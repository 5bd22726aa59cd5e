"""Chooses among programs by what they do: those that behave alike on the same inputs are one answer.

Agreement of behaviour is CodeT's dual execution agreement (Chen et al., 2022, arXiv 2207.10397) and AlphaCode's
clustering (Li et al., 2022, arXiv 2203.07814), with examples as weak evidence: one that the problem shows may be
misread, one that a model wrote may be wrong, so each moves the odds by a bounded factor and none decides alone.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VOTE_LOG_ODDS = 1.0
EXAMPLE_LOG_ODDS = 2.0
"""By how much an example of the problem's text speaks for a program that meets it; a further program that behaves like
it speaks half as much, for programs of one model share their errors."""
TESTS_LOG_ODDS = 2.0
"""By how much all tests that a model wrote speak together for a program that passes them: as one example of the problem,
however many there are, for their errors are its own. Among them each counts by how reliable it looks: see
`_reliabilities`."""
_CLEAR_LEAD_LOG_ODDS = 3.0
"""So far ahead of the next group, and of a program not seen yet that does all that is asked, nobody is caught up."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one program did: its outputs by input (None: none), which examples it met and which tests it passed."""

    outputs: tuple[str | None, ...]
    examples: tuple[bool, ...] = ()
    tests: tuple[bool, ...] = ()

    @property
    def is_dead(self) -> bool:
        """Whether it gave no output at all."""
        return bool(self.outputs) and all(output is None for output in self.outputs)


def groups_alike(behaviours: Sequence[Behaviour]) -> list[tuple[int, ...]]:
    """Return the indices of programs that behave alike, the group of the first program first.

    Where there is no input, nothing tells programs apart but the examples.
    """
    found: Mapping[Behaviour, list[int]] = defaultdict(list)
    for index, behaviour in enumerate(behaviours):
        found[behaviour].append(index)
    return [tuple(group) for group in found.values()]


def choose_by_behaviour(behaviours: Sequence[Behaviour]) -> int:
    """Return the index of the program to choose: the first of the group for which most speaks.

    Of groups for which as much speaks the earlier one is taken, so that nothing is lost where nothing is known. Raises
    ValueError without a program.
    """
    if not behaviours:
        raise ValueError("There is no program to choose from.")
    reliabilities = _reliabilities(behaviours)
    return max(
        groups_alike(behaviours),
        key=lambda group: (_weight(behaviours[group[0]], len(group), reliabilities), -group[0]),
    )[0]


def leads_clearly(behaviours: Sequence[Behaviour]) -> bool:
    """Tell whether the chosen group is so far ahead that further programs are not worth their money."""
    alive = [group for group in groups_alike(behaviours) if not behaviours[group[0]].is_dead]
    reliabilities = _reliabilities(behaviours)
    weights = sorted(
        (_weight(behaviours[group[0]], len(group), reliabilities) for group in alive), reverse=True
    )
    if not weights:
        return False
    one = behaviours[alive[0][0]]
    ideal = EXAMPLE_LOG_ODDS * len(one.examples) + (TESTS_LOG_ODDS if one.tests else 0.0)
    return weights[0] - max([ideal, *weights[1:2]]) >= _CLEAR_LEAD_LOG_ODDS


def _weight(behaviour: Behaviour, votes: int, reliabilities: Sequence[float]) -> float:
    if behaviour.is_dead:
        return -math.inf
    passed = sum(each for each, holds in zip(reliabilities, behaviour.tests, strict=False) if holds)
    tested = passed / sum(reliabilities) if reliabilities else 0.0
    return VOTE_LOG_ODDS * votes + EXAMPLE_LOG_ODDS * sum(behaviour.examples) + TESTS_LOG_ODDS * tested


def _reliabilities(behaviours: Sequence[Behaviour]) -> list[float]:
    """Return how reliable each test that a model wrote looks: the share of the ways of behaving that pass it.

    With one imagined pass and one imagined failure beforehand. A test that nothing passes rather is wrong itself.
    """
    ways = {one.outputs: one for one in behaviours if not one.is_dead}.values()
    tests = zip(*(one.tests for one in ways), strict=False)
    return [(sum(passed) + 1.0) / (len(passed) + 2.0) for passed in tests]
