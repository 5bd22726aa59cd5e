"""What is told of `auto` against single strategies, and what a stopped measurement leaves."""

import json

from bench.accuracy.arena import Run
from bench.accuracy.live import Solved, against, arms, kept_in


def runs(right: int, cost_nano: int) -> list[Run]:
    return [Run(number < right, cost_nano) for number in range(200)]


def test_auto_is_compared_where_it_is_cheapest_among_what_is_as_right():
    """Half a point is no difference; where no budget is as right, the most right one stands for it."""
    autos = {"auto, 1 cents": runs(150, 10), "auto, 2 cents": runs(179, 20), "auto": runs(185, 40)}
    told = against({**autos, "vote": runs(180, 50), "deep": runs(199, 80)})
    assert told["vote"] == {
        "arm": "auto, 2 cents", "is_as_right": True, "gain_pt": -0.5, "bound_pt": 0.98, "cost_ratio": 0.4,
    }  # fmt: skip
    assert (told["deep"]["arm"], told["deep"]["is_as_right"]) == ("auto", False)


def test_a_stopped_measurement_goes_on_from_what_it_kept(tmp_path):
    """A line that was cut short counts for nothing, and is written anew."""
    solved = Solved(right=True, cost_nano=7, confidence=0.5, kinds={"sample": 3})
    kept = tmp_path / "modular vote.jsonl"
    kept.write_text(json.dumps({"seed": 4, **solved.row()}) + '\n{"seed": 5, "ri')
    assert kept_in(kept) == {4: solved}
    assert kept.read_text().count("\n") == 1
    assert kept_in(tmp_path / "none.jsonl") == {}


def test_some_strategies_alone_are_measured_with_all_of_their_budgets():
    """`auto` has several; a strategy that is worth nothing here is never run."""
    assert arms(["auto", "deep", "agent"]) == [
        ("auto", 1),
        ("auto", 2),
        ("auto", 3),
        ("auto", 5),
        ("deep", 5),
    ]
    assert {"auto", "vote", "deep", "refine"} <= {name for name, _ in arms()}
