"""Amounts of money as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.core.money import NANO_PER_CENT, MoneyError, format_usd, format_usd_parts, parse_usd


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("5", 500),
        ("0.05", 5),
        (".5", 50),
        ("$1,000.00", 100_000),
        ("12,345", 1_234_500),
        ("3,50", 350),
        ("0,05", 5),
        (",5", 50),
        ("1.000,00", 100_000),
        ("1.234.567,8", 123_456_780),
        ("$ 12,5", 1250),
    ],
)
def test_an_amount_is_read_with_either_sign_for_decimals(typed, cents):
    """A third of the world writes 3,50; whatever has one meaning is read so."""
    assert parse_usd(typed) == cents * NANO_PER_CENT


@pytest.mark.parametrize(
    "typed", ["0,500", "0,050", "0,001", "00,500", "1,00,000", "1,0000", "1.000,000", "1,5,0", ","]
)
def test_an_amount_in_doubt_is_asked_for_again(typed):
    """Nobody who types 0,500 means five hundred dollars."""
    with pytest.raises(MoneyError, match="is not an amount"):
        parse_usd(typed)


def cents_of(shown: str) -> int:
    return 0 if shown.startswith("<") else int(shown.removeprefix("$").replace(",", "").replace(".", ""))


@given(st.lists(st.integers(0, 10**12) | st.integers(0, 2 * NANO_PER_CENT), max_size=12))
def test_parts_add_up_to_the_sum_that_is_shown(nanos):
    """None is a cent or more away from what it is, and only nothing is shown as nothing."""
    shown = format_usd_parts(nanos)
    assert sum(map(cents_of, shown)) == cents_of(format_usd(sum(nanos)))
    for text, nano in zip(shown, nanos, strict=True):
        assert abs(cents_of(text) * NANO_PER_CENT - nano) < NANO_PER_CENT
        assert (text == "$0.00") is (nano == 0)


def test_the_largest_remainders_are_rounded_up():
    """Three parts of .8 cents are two cents; each on its own would be one."""
    assert format_usd_parts([8_000_000, 8_000_000, 8_000_000]) == ["$0.01", "$0.01", "< $0.01"]
    assert format_usd_parts([14_000_000, 0, 14_500_000]) == ["$0.01", "$0.00", "$0.02"]
