"""A tournament of comparisons: who is best, how sure that is, and which pair to compare next. Pure and deterministic.

Each pair is shown in both orders, because judges prefer a place: what the two comparisons agree on counts for its
winner, a split counts as a draw, and a lone comparison counts half. Strengths are those of Bradley and Terry: i is
preferred to j with probability σ(s_i − s_j); a pseudo-comparison of each entrant with a mean player, drawn, keeps them
finite where somebody won all. Pairing is a Swiss system's: neighbours in the standing that have not met yet, those
pairs first that can change who is best, and nobody who can hardly be the best any more.

Sources: Bradley and Terry, “Rank analysis of incomplete block designs” (1952); the Swiss system (Müller, Zürich, 1895);
“V1: unifying generation and self-verification” (arXiv 2603.04304, 2026), where Swiss pairing of candidates beats grades
one by one at equal calls.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from solver.inference.calibration import sigmoid

MOST_ENTRANTS = 16
MOST_MARGIN = 3.0
_PRIOR = 1.0
"""Weight of the pseudo-comparison with a mean player: a strength of ±2 is one standard deviation."""
_LONE = 0.5
"""What a comparison counts while its pair was shown in one order only: half of what it says may be the place."""
_WORTH_MEETING = 0.05
"""A player whose chance of being the best is less than this share of the leader's meets nobody: it hardly matters."""
_ALL_MEET = 4
"""So few meet all others: two rounds would leave a draw of the best two undecided."""
_SWEEPS = 200
_EXACT = 1e-7
_POINTS = 48
_REACH = 3.5


class Comparison(NamedTuple):
    """One comparison of two entrants, in the order in which they were shown."""

    first: int
    second: int
    winner: int | None
    """The entrant preferred; None for a tie, or where the judge said nothing that could be read."""
    margin: float = 1.0
    """How much better: 1 slightly (or not said), 2 clearly, 3 far."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one entrant stands."""

    index: int
    strength: float
    """Log odds of being preferred to a mean player."""
    won: int
    """Single comparisons won, of `compared`."""
    compared: int
    chance_best: float
    """Probability of being the best of all entrants; over all of them they sum to one."""


class _Meeting(NamedTuple):
    """What all comparisons of one pair say: the share of one side, and how many comparisons it is worth."""

    share: float
    weight: float


def standings(
    entrants: int, comparisons: Sequence[Comparison], seeds: Sequence[float] = ()
) -> list[Standing]:
    """Return all entrants, best first, the earlier first among equals.

    `seeds` is what is known of each beforehand, as a strength: its pseudo-comparison is with a player of that strength.
    """
    means = list(seeds) or [0.0] * entrants
    strengths, deviations = _fit(means, _meetings(comparisons))
    chances = _chances_best(strengths, deviations)
    won = Counter(each.winner for each in comparisons)
    compared = Counter(side for each in comparisons for side in each[:2])
    order = sorted(range(entrants), key=lambda index: (-round(strengths[index], 5), index))
    return [Standing(i, strengths[i], won[i], compared[i], chances[i]) for i in order]


def next_pairs(
    entrants: int,
    comparisons: Sequence[Comparison],
    in_flight: Collection[tuple[int, int]] = (),
    seeds: Sequence[float] = (),
) -> list[tuple[int, int]]:
    """Return the comparisons wanted now, as pairs in the order to show, the most decisive first.

    `in_flight` are those under way, as they are shown. Whoever is being compared waits for the outcome; a new pair
    comes in both orders, one behind the other. Empty, with nothing in flight: nothing more is worth comparing.
    """
    shown = {each[:2] for each in comparisons} | set(in_flight)
    swapped = sorted((second, first) for first, second in shown if (second, first) not in shown)
    room = most_comparisons(entrants) - len(comparisons) - len(in_flight) - len(swapped)
    busy = {side for pair in (*in_flight, *swapped) for side in pair}
    table = standings(entrants, comparisons, seeds)
    chance = {each.index: each.chance_best for each in table}
    least = _WORTH_MEETING * max(chance.values(), default=0.0)
    free = [
        each.index
        for each in table
        if each.index not in busy and (each.chance_best >= least or not each.compared)
    ]
    pairs = _neighbours(free, shown)
    pairs.sort(key=lambda pair: -chance[pair[0]] * chance[pair[1]])
    return swapped + [order for a, b in pairs[: max(room // 2, 0)] for order in ((a, b), (b, a))]


def is_decided(
    entrants: int, comparisons: Sequence[Comparison], target: float, seeds: Sequence[float] = ()
) -> bool:
    """Tell whether the first is the best with at least probability `target`; a single entrant always is."""
    return entrants <= 1 or standings(entrants, comparisons, seeds)[0].chance_best >= target


def most_comparisons(entrants: int) -> int:
    """Return how many comparisons a tournament has at most: those of log2 Swiss rounds; up to four meet all others."""
    if entrants <= _ALL_MEET:
        return entrants * (entrants - 1)
    return entrants * math.ceil(math.log2(entrants))


def _neighbours(order: Sequence[int], shown: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pair each, from the best on, with the next in the standing whom it has not met."""
    waiting, pairs = list(order), []
    while waiting:
        one = waiting.pop(0)
        other = next(
            (each for each in waiting if (one, each) not in shown and (each, one) not in shown), None
        )
        if other is not None:
            waiting.remove(other)
            pairs.append((one, other))
    return pairs


def _meetings(comparisons: Sequence[Comparison]) -> dict[int, dict[int, _Meeting]]:
    """Return what is known of each pair, from either side."""
    by_pair: defaultdict[tuple[int, int], list[Comparison]] = defaultdict(list)
    for each in comparisons:
        by_pair[min(each[:2]), max(each[:2])].append(each)
    met: defaultdict[int, dict[int, _Meeting]] = defaultdict(dict)
    for (low, high), told in by_pair.items():
        meeting = _meeting(low, told)
        met[low][high] = meeting
        met[high][low] = _Meeting(1.0 - meeting.share, meeting.weight)
    return met


def _meeting(side: int, told: Sequence[Comparison]) -> _Meeting:
    """Weigh the comparisons of one pair: each order counts as much as the other, however often it was shown."""
    orders = [[each for each in told if (each.first == side) is first] for first in (True, False)]
    shares = [sum(_share(side, each) for each in order) / len(order) for order in orders if order]
    share = sum(shares) / len(shares)
    margins = sum((1.0 + min(max(each.margin, 1.0), MOST_MARGIN)) / 2.0 for each in told)
    weight = float(len(told)) if share == 0.5 else margins
    return _Meeting(share, weight if len(shares) > 1 else _LONE * weight)


def _share(side: int, told: Comparison) -> float:
    return 0.5 if told.winner is None else float(told.winner == side)


def _fit(means: Sequence[float], met: dict[int, dict[int, _Meeting]]) -> tuple[list[float], list[float]]:
    """Return the most probable strengths and their standard deviations, the others' strengths held fixed.

    Newton's method, entrant by entrant. A step is at most 1, within which it converges on a sum of logistic terms.
    """
    strengths, curves = list(means), [_PRIOR / 4.0] * len(means)
    against = [[(j, *meeting) for j, meeting in met.get(i, {}).items()] for i in range(len(means))]
    for _ in range(_SWEEPS):
        most = 0.0
        for i, mean in enumerate(means):
            p = sigmoid(strengths[i] - mean)
            slope, curve = _PRIOR * (0.5 - p), _PRIOR * p * (1.0 - p)
            for j, share, weight in against[i]:
                p = sigmoid(strengths[i] - strengths[j])
                slope += weight * (share - p)
                curve += weight * p * (1.0 - p)
            step = min(max(slope / curve, -1.0), 1.0)
            strengths[i] += step
            curves[i] = curve
            most = max(most, abs(step))
        if most < _EXACT:
            break
    return strengths, [curve**-0.5 for curve in curves]


def _chances_best(strengths: Sequence[float], deviations: Sequence[float]) -> list[float]:
    """Return for each how probably it is the best: normal strengths, integrated over the strength of the best."""
    if not strengths:
        return []
    pairs = list(zip(strengths, deviations, strict=True))
    low = min(s - _REACH * d for s, d in pairs)
    high = max(s + _REACH * d for s, d in pairs)
    edges = [low + (high - low) * point / _POINTS for point in range(_POINTS + 1)]
    below = [[0.5 * math.erfc((s - x) / (d * math.sqrt(2.0))) for x in edges] for s, d in pairs]
    chances = [0.0] * len(pairs)
    for at in range(_POINTS):
        middle = [(row[at] + row[at + 1]) / 2.0 for row in below]
        whole = math.prod(middle)
        for i, row in enumerate(below):
            if middle[i] > 0.0:
                chances[i] += (row[at + 1] - row[at]) * whole / middle[i]
    whole = sum(chances)
    return [chance / whole for chance in chances]
