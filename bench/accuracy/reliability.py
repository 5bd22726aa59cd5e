"""How far a stated confidence is from how often it is right: bins, expected calibration error."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from bench.accuracy.arena import Run

BINS = 10


class Bin(NamedTuple):
    """The runs whose confidence lies in one tenth: their number, mean confidence, share of right answers."""

    runs: int
    confidence: float
    accuracy: float


def bins(runs: Sequence[Run]) -> list[Bin]:
    """Return the bins that hold runs, by confidence."""
    binned: defaultdict[int, list[Run]] = defaultdict(list)
    for run in runs:
        binned[min(int(run.confidence * BINS), BINS - 1)].append(run)
    return [
        Bin(
            len(inside),
            sum(run.confidence for run in inside) / len(inside),
            sum(run.right for run in inside) / len(inside),
        )
        for _, inside in sorted(binned.items())
    ]


def expected_calibration_error(runs: Sequence[Run]) -> float:
    """Return the mean distance of confidence and accuracy over ten bins, weighted by their runs (Naeini et al., 2015)."""
    return sum(b.runs * abs(b.confidence - b.accuracy) for b in bins(runs)) / max(len(runs), 1)
