"""The worked examples of CONTRIBUTING.md keep every promise."""

import re
from pathlib import Path

from solver.checkers import REGISTRY as CHECKERS
from solver.checkers import checker_from_json, option_examples, parse_checker, parse_checker_option
from solver.strategies import REGISTRY as STRATEGIES
from tests.solver.played import Play, kinds, world

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def example(name):
    """Return the class of that name from the guide's code, run as it stands."""
    [text] = [
        code
        for code in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
        if f"class {name}(" in code
    ]
    names: dict[str, object] = {}
    exec(compile(text, str(GUIDE), "exec"), names)
    return names[name]


def test_the_worked_strategy_runs_as_it_stands(monkeypatch):
    """Registered by one line it samples as often as it is told, and any execution continues where another ended."""
    monkeypatch.setitem(STRATEGIES, "fixed", example("Fixed"))
    play = Play(
        "fixed", world(wrong=40), budget_nano=200_000_000, options={"tries": 5, "confidence_target": 0.995}
    )
    play.run(check_replays=0.5)
    assert kinds(play) == ["sample"] * 5
    assert play.strategy.best() is not None


def test_the_worked_checker_runs_as_it_stands(monkeypatch):
    """Registered by one line it is read from form and terminal, kept with a job, and says right, wrong or undecided."""
    monkeypatch.setitem(CHECKERS, "length", example("Length"))
    checker = parse_checker("length", problem="", fields={"length": "5"})
    assert checker == parse_checker_option("length:5", problem="") == checker_from_json(checker.to_json())
    assert "length:5" in option_examples()
    assert [checker.check(answer).passed for answer in ("seven", "six", "x" * 2_000)] == [True, False, None]
    assert checker.describe() == "has 5 characters"
    assert parse_checker("length", problem="", fields=checker.to_fields()) == checker
