"""Measures how the cost of a function grows with its input: by ratio, so that a slow machine changes nothing."""

import time
from collections.abc import Callable

_NOISE_S = 0.02


def cpu_s(function: Callable[[str], object], text: str) -> float:
    """Return the CPU seconds of a call, the least of two where the first is not done at once."""
    seconds: list[float] = []
    while len(seconds) < 2 and (not seconds or seconds[0] > _NOISE_S):
        began = time.process_time()
        function(text)
        seconds.append(time.process_time() - began)
    return min(seconds)


def assert_linear(function: Callable[[str], object], unit: str, *, characters: int = 3_000) -> None:
    """Assert that four times the input costs about four times as much; a quadratic function takes sixteen times.

    It is measured again where it does not, for what else the machine does may slow one of the two measurements.
    """
    few = max(1, characters // len(unit))
    found = ""
    for _ in range(5):
        short, long = cpu_s(function, unit * few), cpu_s(function, unit * few * 4)
        if long < 8 * max(short, _NOISE_S):
            return
        found = f"{unit!r}: {short:.3f} s for {few}, {long:.3f} s for {4 * few}"
    raise AssertionError(found)
