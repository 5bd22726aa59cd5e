"""Counts of lengths and times in logarithmic bins, with replies that were cut short as censored observations.

Quantiles are Kaplan and Meier's (1958): a reply cut at its cap says that it would have been at least as long, so caps
cannot talk the quantiles down. Bins are a fifth of an octave wide, 15 %.
"""

import math
from collections.abc import Iterable, Mapping, Sequence

from solver.core.models import OutputQuantiles

_PER_OCTAVE = 5
_LARGEST = 200
SEEN, CUT = "seen", "cut"


def bin_of(value: float) -> int:
    """Return the bin of a positive value."""
    return min(max(round(math.log2(max(value, 1e-3)) * _PER_OCTAVE), -_LARGEST), _LARGEST)


def value_of(place: float) -> float:
    """Return the middle of a bin."""
    return float(2.0 ** (place / _PER_OCTAVE))


def observed_counts(value: float, weight: float, *, cut: bool = False) -> dict[str, float]:
    """Return the counts that one observation adds, as they are kept: `seen:34` or `cut:34`."""
    return {f"{CUT if cut else SEEN}:{bin_of(value)}": weight}


def quantiles(
    counts: Mapping[str, float], levels: Sequence[float], prior: Iterable[tuple[float, float]] = ()
) -> list[float]:
    """Return quantiles of the counts and of imagined observations (value, weight); 0 if there are none."""
    seen, cut = _by_bin(counts, SEEN), _by_bin(counts, CUT)
    for value, weight in prior:
        seen[bin_of(value)] = seen.get(bin_of(value), 0.0) + weight
    places = sorted({*seen, *cut})
    if not seen:
        return [0.0] * len(levels)
    survival, curve = 1.0, []
    for place, at_risk in _at_risk(places, seen, cut):
        before = survival
        survival *= 1.0 - seen.get(place, 0.0) / at_risk
        curve.append((place, before, survival))
    return [_at(curve, 1.0 - level) for level in levels]


def _at_risk(
    places: Sequence[int], seen: Mapping[int, float], cut: Mapping[int, float]
) -> list[tuple[int, float]]:
    """Return for each bin how many observations are at least as long.

    What was cut in a bin was no shorter than it, so it is at risk there, and in no bin beyond.
    """
    found, at_risk = [], 0.0
    for place in reversed(places):
        at_risk += seen.get(place, 0.0) + cut.get(place, 0.0)
        found.append((place, at_risk))
    return found[::-1]


def _at(curve: Sequence[tuple[int, float, float]], survival: float) -> float:
    """Return where the curve falls to `survival`, interpolated within its bin."""
    for place, before, after in curve:
        if after <= survival:
            share = (before - survival) / (before - after) if before > after else 0.0
            return value_of(place - 0.5 + share)
    # Longer than anything seen: all that is known is that it is not below the end of the last bin.
    return value_of(curve[-1][0] + 0.5)


def _by_bin(counts: Mapping[str, float], what: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for key, weight in counts.items():
        name, _, place = key.partition(":")
        if name == what and place.removeprefix("-").isdigit() and weight > 0:
            found[min(max(int(place), -_LARGEST), _LARGEST)] = weight
    return found


def imagined(output: OutputQuantiles, strength: float) -> list[tuple[float, float]]:
    """Return imagined lengths that have the given quantiles, together worth `strength` observations."""
    q50, q90, q995 = (max(float(q), 1.0) for q in (output.q50, output.q90, output.q995))
    below = q50 * q50 / q90
    shares = (
        (below, 0.2),
        (math.sqrt(below * q50), 0.2),
        (q50, 0.2),
        (math.sqrt(q50 * q90), 0.25),
        (q90, 0.1),
    )
    tail = ((math.sqrt(q90 * q995), 0.04), (q995, 0.01))
    return [(value, share * strength) for value, share in (*shares, *tail)]
