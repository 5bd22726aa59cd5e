"""The worked example of CONTRIBUTING.md is a strategy that keeps every promise."""

import re
from pathlib import Path

from solver.strategies import REGISTRY
from tests.solver.played import Play, kinds, world

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def test_the_worked_example_runs_as_it_stands(monkeypatch):
    """Registered by one line it samples as often as it is told, and any execution continues where another ended."""
    [text] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(text, str(GUIDE), "exec"), names)
    monkeypatch.setitem(REGISTRY, "fixed", names["Fixed"])
    play = Play(
        "fixed", world(wrong=40), budget_nano=200_000_000, options={"tries": 5, "confidence_target": 0.995}
    )
    play.run(check_lives=0.5)
    assert kinds(play) == ["sample"] * 5
    assert play.strategy.best() is not None
