"""Whether the four operations make a target of given numbers at all.

Signs play no part: a minus may stand before any number and any bracket, so that what can be made of some numbers can be
made with the other sign, too, and |x| + |y|, |x| - |y|, their product and their quotients are all that two values make.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

MOST_NUMBERS = 4
"""Of so many everything is tried in a millisecond or two; with one more it would hold up an event loop."""


@lru_cache(maxsize=256)
def can_make(target: int, numbers: tuple[int, ...]) -> bool | None:
    """Return whether an expression that uses each number exactly once has the target's value; None: too many to try."""
    if len(numbers) > MOST_NUMBERS:
        return None
    values = _Values([abs(number) for number in numbers])
    wanted = Fraction(abs(target))
    everything = (1 << len(numbers)) - 1
    if len(numbers) == 1:
        return wanted in values.of(everything)
    # The last operation is not carried out: the other operand is looked up.
    return any(
        (wanted == value == 0) or not _partners(wanted, value).isdisjoint(values.of(everything ^ part))
        for part in _parts(everything)
        for value in values.of(part)
    )


class _Values:
    """What can be made of subsets of some numbers, each a set of bits; signs left out."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._made = {1 << place: {Fraction(number)} for place, number in enumerate(numbers)}

    def of(self, subset: int) -> set[Fraction]:
        """Return the values of all expressions of a subset."""
        if subset not in self._made:
            self._made[subset] = {
                value
                for part in _parts(subset)
                for one in self.of(part)
                for other in self.of(subset ^ part)
                for value in _together(one, other)
            }
        return self._made[subset]


def _parts(subset: int) -> list[int]:
    """Return one side of each way to split a subset in two."""
    bits = [1 << place for place in range(subset.bit_length()) if subset >> place & 1]
    first, others = bits[0], bits[1:]
    return [first + sum(chosen) for size in range(len(others)) for chosen in combinations(others, size)]


def _together(one: Fraction, other: Fraction) -> list[Fraction]:
    values = [one + other, abs(one - other), one * other]
    if other:
        values.append(one / other)
    if one:
        values.append(other / one)
    return values


def _partners(wanted: Fraction, value: Fraction) -> set[Fraction]:
    """Return with which values a value makes the wanted one; with 0 as the wanted one 0 makes it whatever the other."""
    partners = {abs(wanted - value), wanted + value}
    if value:
        partners |= {wanted * value, wanted / value}
        if wanted:
            partners.add(value / wanted)
    return partners
