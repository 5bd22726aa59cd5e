"""The cost formula, figure by figure: classes, tiers, hours, rounding, bounds; and how amounts are written."""

from datetime import UTC, datetime

import pytest

from solver.core.money import (
    MoneyError,
    format_usd,
    format_usd_about,
    format_usd_at_least,
    format_usd_at_most,
    format_usd_exact,
    parse_usd,
    usd_decimal,
    whole_cents_of,
)
from solver.core.pricing import (
    Rates,
    Tier,
    Usage,
    Window,
    affordable_output_tokens,
    billed_nano,
    bound_nano,
    cost_nano,
)

PLAIN = Rates(1_000, 7_000)
FULL = Rates(1_000, 7_000, 100, 1_250, 2_000, 9_000, request_nano=5)
LONG = Tier(200, 3_000, 11_000, 300, 3_750, 6_000)
FLEX = Tier(0, 500, 3_500, 50, 625, 1_000, service="flex")
FLEX_LONG = Tier(200, 1_500, 5_500, 150, 1_875, 3_000, service="flex")
NIGHT = Window((1, 2), 60, 120, 400, 2_800, 40, 500, 800)
TIERED = Rates(
    1_000, 7_000, 100, 1_250, 2_000, 9_000, request_nano=5, tiers=(LONG, FLEX, FLEX_LONG), windows=(NIGHT,)
)
HEARD = Rates(1_000, 7_000, 100, audio_pico=3_000, search_nano=11, tiers=(FLEX,))
MONDAY = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
CACHED = Usage(
    100, 50, cache_read_tokens=30, cache_write_tokens=40, reasoning_tokens=20, cache_write_1h_tokens=10
)


@pytest.mark.parametrize(
    ("rates", "usage", "at", "nano"),
    [
        (PLAIN, Usage(100, 50), None, 100 + 350),
        (PLAIN, CACHED, None, 100 + 350),
        (FULL, CACHED, None, 30 + 3 + 30 * 1.25 + 20 + 30 * 7 + 20 * 9 + 5),
        (FULL, Usage(100, 50, cache_read_tokens=100), None, 10 + 350 + 5),
        (FULL, Usage(10, 5, reasoning_tokens=9), None, 10 + 81 + 5),
        (TIERED, Usage(200, 1), None, 200 + 7 + 5),
        (TIERED, Usage(201, 1), None, 603 + 11 + 5),
        (TIERED, Usage(201, 1, reasoning_tokens=1), None, 603 + 11 + 5),
        (TIERED, Usage(100, 2, service="flex"), None, 50 + 7 + 5),
        (TIERED, Usage(100, 2, reasoning_tokens=2, service="flex"), None, 50 + 7 + 5),
        (TIERED, Usage(202, 2, service="flex"), None, 303 + 11 + 5),
        (TIERED, Usage(100, 2, service="unknown"), None, 100 + 14 + 5),
        (TIERED, Usage(201, 1, service="unknown"), None, 603 + 11 + 5),
        (TIERED, Usage(100, 10), MONDAY, 40 + 28 + 5),
        (TIERED, Usage(100, 10, reasoning_tokens=10), MONDAY, 40 + 28 + 5),
        (TIERED, Usage(100, 10), MONDAY.replace(minute=59), 40 + 28 + 5),
        (TIERED, Usage(100, 10), MONDAY.replace(hour=2), 100 + 70 + 5),
        (TIERED, Usage(100, 10), MONDAY.replace(hour=0, minute=59), 100 + 70 + 5),
        (TIERED, Usage(100, 10), MONDAY.replace(day=29), 100 + 70 + 5),
        (TIERED, Usage(201, 1), MONDAY, 603 + 11 + 5),
        (HEARD, Usage(100, 10, cache_read_tokens=30, audio_tokens=20), None, 50 + 60 + 3 + 70),
        (HEARD, Usage(100, 0, cache_read_tokens=90, audio_tokens=20), None, 30 + 9),
        (HEARD, Usage(100, 0, cache_read_tokens=100, audio_tokens=20), None, 10),
        (HEARD, Usage(100, 0, audio_tokens=10, searches=2), None, 90 + 30 + 22),
        (Rates(1_000, 7_000, audio_pico=500), Usage(100, 0, audio_tokens=100), None, 100),
        (Rates(1, 1), Usage(1, 0), None, 1),
        (Rates(1, 1), Usage(500, 500), None, 1),
        (Rates(1, 1), Usage(501, 500), None, 2),
        (Rates(1, 1), Usage(), None, 0),
    ],
)
def test_a_call_costs_what_its_tokens_cost_rounded_up_once(rates, usage, at, nano):
    """Each class at its rate, by size of prompt, service and hour; a fee once; a fraction is rounded up at the end."""
    cost = cost_nano(rates, usage, at=at)
    assert type(cost) is int
    assert cost == -(-nano // 1)
    assert cost_nano(Rates.from_json({**_as_json(rates), "new": 1}), usage, at=at) == cost


def _as_json(rates: Rates) -> dict:
    parts = {name: getattr(rates, name) for name in Rates.__slots__}
    for name in ("tiers", "windows"):
        parts[name] = [{key: getattr(each, key) for key in each.__slots__} for each in parts[name]]
    return parts


def test_bounds_count_the_dearest_and_what_fits_them_is_affordable():
    """The prompt with its overhead, the longest output, the fee; the cap is the largest that fits, to the token."""
    assert bound_nano(FULL, prompt_tokens=36, max_output_tokens=10) == 100 * 2 + 90 + 5
    assert bound_nano(TIERED, prompt_tokens=36, max_output_tokens=10) == 100 * 6 + 110 + 5
    assert bound_nano(HEARD, prompt_tokens=36, max_output_tokens=10) == 100 * 3 + 70
    assert Rates(0, 0).worst_input_pico() == 0
    assert [billed_nano(100, bp) for bp in (0, 1, 10_000)] == [100, 101, 200]
    assert type(bound_nano(FULL, prompt_tokens=1, max_output_tokens=1)) is int
    assert affordable_output_tokens(Rates(0, 0), prompt_tokens=1, billed_room_nano=1, markup_bp=0) == 2**31
    for markup in (0, 1_733):
        for room in (606, 640, 1_000):
            cap = affordable_output_tokens(TIERED, prompt_tokens=36, billed_room_nano=room, markup_bp=markup)
            assert type(cap) is int
            if cap == -1:
                assert billed_nano(bound_nano(TIERED, prompt_tokens=36, max_output_tokens=0), markup) > room
                continue
            assert billed_nano(bound_nano(TIERED, prompt_tokens=36, max_output_tokens=cap), markup) <= room
            assert billed_nano(bound_nano(TIERED, prompt_tokens=36, max_output_tokens=cap + 1), markup) > room
    assert affordable_output_tokens(TIERED, prompt_tokens=36, billed_room_nano=604, markup_bp=0) == -1
    assert affordable_output_tokens(TIERED, prompt_tokens=36, billed_room_nano=605, markup_bp=0) == 0


def test_a_service_that_is_asked_for_bounds_by_its_own_rates():
    """Its size tiers, caches and the fee come along; one that has no rates changes nothing."""
    flex = TIERED.asked_at("flex")
    assert bound_nano(flex, prompt_tokens=36, max_output_tokens=10) == 100 * 3 + 55 + 5
    assert cost_nano(flex, CACHED) == -(-(15_000 + 1_500 + 18_750 + 10_000 + 175_000) // 1_000) + 5
    assert cost_nano(flex, Usage(202, 2)) == 303 + 11 + 5
    assert TIERED.asked_at("priority") is TIERED
    heard = HEARD.asked_at("flex")
    assert cost_nano(heard, Usage(100, 0, audio_tokens=20, searches=1)) == 40 + 60 + 11
    only_long = Rates(1_000, 7_000, tiers=(FLEX_LONG,))
    assert only_long.asked_at("flex") is only_long, "of shorter prompts nothing is known"


@pytest.mark.parametrize(
    ("nano", "exact", "cents", "at_most", "at_least", "about"),
    [
        (0, "0.00", "$0.00", "$0.00", "$0.00", "$0.00"),
        (1, "0.000000001", "< $0.01", "$0.00", "$0.01", "$0.000000001"),
        (4_999_999, "0.004999999", "< $0.01", "$0.00", "$0.01", "$0.005"),
        (5_000_000, "0.005", "$0.01", "$0.00", "$0.01", "$0.005"),
        (500_000_000, "0.50", "$0.50", "$0.50", "$0.50", "$0.50"),
        (12_345_678, "0.012345678", "$0.01", "$0.01", "$0.02", "$0.012"),
        (12_500_000, "0.0125", "$0.01", "$0.01", "$0.02", "$0.013"),
        (
            1_234_567_890_000_000,
            "1234567.89",
            "$1,234,567.89",
            "$1,234,567.89",
            "$1,234,567.89",
            "$1,234,567.89",
        ),
        (-1, "-0.000000001", "−< $0.01", "−$0.01", "$0.00", "−< $0.01"),
        (-515_000_000, "-0.515", "−$0.52", "−$0.52", "−$0.51", "−$0.52"),
    ],
)
def test_amounts_are_written_exactly_and_rounded_the_way_they_say(
    nano, exact, cents, at_most, at_least, about
):
    """For machines every digit, for people cents: to the nearest, down, up, or two digits that count."""
    assert usd_decimal(nano) == exact
    assert (format_usd(nano), format_usd_at_most(nano), format_usd_at_least(nano)) == (
        cents,
        at_most,
        at_least,
    )
    assert format_usd_about(nano) == about
    assert format_usd_exact(nano) == "$".join(("−" if nano < 0 else "", exact.removeprefix("-")))


@pytest.mark.parametrize(
    ("typed", "nano"),
    [
        ("5", 5_000_000_000),
        (" $ .05 ", 50_000_000),
        ("0,05", 50_000_000),
        ("1,000", 1_000_000_000_000),
        ("1.000,50", 1_000_500_000_000),
        ("1,234,567.5", 1_234_567_500_000_000),
        ("1000000000", 1_000_000_000_000_000_000),
    ],
)
def test_typed_amounts_are_read_to_the_nano(typed, nano):
    """Points, commas and separators of thousands."""
    assert parse_usd(typed) == nano
    assert parse_usd(typed, maximum_nano=nano, minimum_nano=nano) == nano
    with pytest.raises(MoneyError, match=r"^Sum: .* is out of range. Enter dollars between \$0.01 and"):
        parse_usd(typed, name="Sum", maximum_nano=nano - 1)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "^Budget is empty. Enter dollars of at least .0.01, such as 5 or 0.05.$"),
        ("five", "^Budget: “five” is not an amount. Enter"),
        ("1000000001", r"^Budget: \$1000000001 is too large. Enter"),
        ("0.001", r"^Budget: \$0.001 has fractions of a cent. Use whole cents, such as 0.05.$"),
        ("0", "is out of range"),
    ],
)
def test_what_is_no_amount_says_what_to_enter(typed, said):
    """Nothing is guessed."""
    with pytest.raises(MoneyError, match=said):
        parse_usd(typed)


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [
        (10**9, 10**13, "between .1.00 and .10,000.00, such as 5 or 12.50.$"),
        (10**7, 10**9, "between .0.01 and .1.00, such as 0.05.$"),
        (10**7, 2 * 10**7, "between .0.01 and .0.02.$"),
    ],
)
def test_the_examples_are_amounts_that_would_be_taken(least, most, said):
    """A top-up of at least a dollar is not explained by five cents."""
    with pytest.raises(MoneyError, match=said):
        parse_usd("x", minimum_nano=least, maximum_nano=most)


def test_zero_and_fractions_are_read_where_they_are_allowed():
    """A limit may be nothing; a price may be less than a cent."""
    assert parse_usd("0", allow_zero=True) == 0
    assert parse_usd("0.001", whole_cents=False, minimum_nano=1) == 1_000_000
    assert whole_cents_of(20_000_000) == 2
    with pytest.raises(ValueError, match="20000001 nano-USD is not a whole number of cents"):
        whole_cents_of(20_000_001)
