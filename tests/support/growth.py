"""Measures how the cost of a function grows with its input: by ratio, so that a slow machine changes nothing."""

import time
from collections.abc import Callable

_NOISE_S = 0.01
_ALLOWED = 8


def cpu_s(function: Callable[[str], object], text: str) -> float:
    """Return the CPU seconds of a call."""
    began = time.process_time()
    function(text)
    return time.process_time() - began


def assert_linear(function: Callable[[str], object], unit: str, *, characters: int = 2_000) -> None:
    """Assert that four times the input costs about four times as much; a quadratic function takes sixteen times.

    What is done at once with the long input needs no comparison. It is measured again where it is not, for what else
    the machine does may slow one of the two measurements.
    """
    few = max(1, characters // len(unit))
    found = ""
    for _ in range(5):
        # The long one comes first, as the first of a kind fills tables.
        long = cpu_s(function, unit * few * 4)
        if long < _ALLOWED * _NOISE_S:
            return
        short = cpu_s(function, unit * few)
        if long < _ALLOWED * max(short, _NOISE_S):
            return
        found = f"{unit!r}: {short:.3f} s for {few}, {long:.3f} s for {4 * few}"
    raise AssertionError(found)
