"""What the measurements of strategies compute with: paired arms, calibration error, plots."""

import xml.etree.ElementTree as ET

import pytest

from bench.accuracy.arena import Recorded, Run, Simulated, paired, summary
from bench.accuracy.reliability import bins, expected_calibration_error
from bench.accuracy.strategies import Contest
from bench.plot import Panel, save
from bench.recordings.record import PLANS
from bench.recordings.replay import HELD_OUT, pool
from solver.core.money import NANO_PER_CENT


def test_more_fixed_tries_cost_more_and_a_checker_only_gains():
    """Fixed arms pay for every try; with a checker a further try cannot lose what was found."""
    votes, checked = (
        Recorded("modular", is_checkable=is_checkable, most=8) for is_checkable in (False, True)
    )
    expert = votes.models[-1].name
    for fewer, more in ((1, 4), (4, 16)):
        assert summary(votes.fixed(expert, fewer)).cost_nano < summary(votes.fixed(expert, more)).cost_nano
        before, after = checked.fixed(expert, fewer), checked.fixed(expert, more)
        assert all(b.right >= a.right for a, b in zip(before, after, strict=True))
    assert votes.fixed(expert, 10_000) is None


def test_a_pool_cannot_answer_what_it_has_no_replies_for():
    """A strategy that revises or compares is not replayed; one that only tries is."""
    arena = Recorded("modular", is_checkable=False, most=4)
    assert arena.run("swiss", 20 * NANO_PER_CENT) is None
    runs = arena.run("auto", 2 * NANO_PER_CENT)
    assert len(runs) == 4
    assert all(0 < run.cost_nano <= 2 * NANO_PER_CENT for run in runs)


def test_best_of_n_pays_for_its_grades():
    """Grading as many tries costs more than the tries alone."""
    arena = Simulated(is_checkable=False, count=5)
    strong, judge = arena.models[-1].name, arena.models[-2].name
    assert summary(arena.graded(strong, judge, 4)).cost_nano > summary(arena.fixed(strong, 4)).cost_nano


def test_the_paired_bound_is_that_of_the_differences():
    """Arms that differ nowhere have no gap and no doubt; a gap has half the interval of its differences."""
    same = [Run(True, 1), Run(False, 1)] * 50
    assert paired(same, same) == (0.0, 0.0)
    gap, bound = paired([Run(True, 1)] * 100, same)
    assert gap == pytest.approx(0.5)
    assert bound == pytest.approx(1.96 * 0.5 / 10, rel=0.02)


def test_the_calibration_error_is_zero_where_confidence_is_kept():
    """Ten runs at 80 % of which eight are right are calibrated; if none is, the error is 80 points."""
    kept = [Run(turn < 8, 1, 0.8) for turn in range(10)]
    assert expected_calibration_error(kept) == pytest.approx(0.0)
    assert expected_calibration_error([Run(False, 1, 0.8)] * 10) == pytest.approx(0.8)
    assert [each.runs for each in bins([*kept, Run(True, 1, 1.0)])] == [10, 1]


def test_a_contest_compares_auto_with_everything_else(monkeypatch):
    """Its figures name the best single strategy at each budget, and the ratio of costs where auto is as right."""
    monkeypatch.setattr("bench.accuracy.strategies.CENTS", (1, 5))
    contest = Contest(Recorded("modular", is_checkable=False, most=12))
    figures = contest.figures()
    assert [gap["cents"] for gap in figures["gaps"]] == [1, 5]
    assert {gap["best"] for gap in figures["gaps"]} <= {"vote", "deep", *figures["fixed"]}
    ratio = contest.duel.ratio()
    assert ratio is None or 0 < ratio < 1


def test_plots_are_well_formed(tmp_path):
    """Each panel has its lines and its title; names are escaped."""
    panel = Panel(
        "a < b", {"one": [(1, 0.5), (10, 0.9)], "two": [(2, 0.4)]}, "cents", "right", logarithmic=True
    )
    save(tmp_path / "plot.svg", [panel, panel])
    root = ET.fromstring((tmp_path / "plot.svg").read_text())
    names = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert names.count("polyline") == 4
    assert "a < b" in {element.text for element in root.iter()}


def test_no_problem_is_in_both_pools():
    """What figures are reported on was not there when parameters were fitted."""
    fitted_on = {item.unseen.text for item in pool()}
    held_out = pool(HELD_OUT)
    assert held_out
    assert not fitted_on & {item.unseen.text for item in held_out}
    assert len({plan.seed for plan in PLANS.values()}) == len(PLANS)
