"""Amounts of money as people type them."""

import pytest

from solver.core.money import NANO_PER_CENT, MoneyError, parse_usd


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
