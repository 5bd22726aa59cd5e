"""What attempts with tools are like: guesses at first, then what jobs taught, within bounds whatever stands there."""

from dataclasses import replace

from solver.core.problem.statement import Problem
from solver.learning.observations import added
from solver.learning.tool_habits import GUESSED, LineObservation, ToolHabits, habit_counts, habits_of
from solver.quotes.tool_work import tool_work
from tests.solver.simulated import card

LONG = [LineObservation(9, 6, [1_000, 21_000, 41_000]), LineObservation(11, 8, [1_000])]


def test_a_few_jobs_outweigh_the_guess():
    """Each counts once, however many attempts it made."""
    assert habits_of({}) == GUESSED
    one = habit_counts(LONG)
    assert sum(one.values()) == 3
    assert habits_of(one) == ToolHabits((4 * 4 + 10) / 5, (4 * 2 + 7) / 5, (4 * 6_000 + 20_000) / 5)
    many: dict[str, float] = {}
    for _ in range(50):
        many = added(many, one)
    assert 9 < habits_of(many).turns < 10


def test_quotes_go_by_what_is_known():
    """A whole number of calls, two at least; the fee of so many uses."""
    panel = [replace(card(), calls_tools=True)]

    def made_of(habits: ToolHabits):
        return tool_work(Problem("Who?"), panel, strategy="agent", paid_use_nano=5_000_000, habits=habits)

    work = made_of(ToolHabits(9.6, 6.5, 20_000.4))
    assert (work.turns, work.fee_nano, work.growth_bytes) == (10, 32_500_000, 20_000)
    assert made_of(ToolHabits(0.1, 0.0, 0.0)).turns == 2


def test_whatever_stands_among_the_counts_breaks_nothing():
    """As for every posterior."""
    odd = {"turns:3": "x", "turns:-1": 5.0, "turns:1e9": 1.0, "paid:": 2.0, "kilobytes:99": float("inf")}
    assert habits_of(odd) == GUESSED
    assert habits_of({"turns:99": 1e12}).turns <= 99
