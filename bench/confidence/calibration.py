"""Is the confidence that users see right as often as it says? Reliability and expected calibration error (ECE).

Runs of `auto` and `vote` at six budgets on the recorded pool, and of every strategy in the simulated world, where judges
take part; with and without a checker. Two parameters of the calibration of each kind were fitted to that pool, so
`held_out_ece` is the same for `auto` on the held-out one, to which nothing was fitted.
"""

from typing import Any

from bench import RESULTS
from bench.accuracy.arena import Arena, Recorded, Run, Simulated
from bench.accuracy.reliability import bins, expected_calibration_error
from bench.accuracy.strategies import CENTS
from bench.plot import Panel, save
from bench.recordings.replay import HELD_OUT
from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from solver.strategies import names_for

_COUNTS = {False: (400, 100), True: (400, 20)}


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the error by arena and strategy, and the worst of `auto` on the demo models."""
    recorded, simulated = _COUNTS[quick]
    families = [(kind, is_checkable) for kind in ("modular", "countdown") for is_checkable in (False, True)]
    arenas: list[Arena] = [
        Recorded(kind, is_checkable=is_checkable, most=recorded) for kind, is_checkable in families
    ]
    arenas += [Simulated(is_checkable=is_checkable, count=simulated) for is_checkable in (False, True)]
    figures: dict[str, Any] = {}
    panels: list[Panel] = []
    demo: list[float] = []
    for arena in arenas:
        of_strategy = {
            name: runs for name in names_for(ResultKind.ANSWER) if (runs := _runs(arena, name, quick=quick))
        }
        figures[arena.name] = {
            name: {
                "runs": len(runs),
                "ece": round(expected_calibration_error(runs), 4),
                "bins": [(b.runs, round(b.confidence, 3), round(b.accuracy, 3)) for b in bins(runs)],
            }
            for name, runs in of_strategy.items()
        }
        if isinstance(arena, Recorded):
            demo.append(figures[arena.name]["auto"]["ece"])
        lines = {name: [(b.confidence, b.accuracy) for b in bins(runs)] for name, runs in of_strategy.items()}
        panels.append(
            Panel(arena.name, {"as it should be": [(0, 0), (1, 1)], **lines}, "confidence", "share right",
                  dashed=frozenset({"as it should be"}))
        )  # fmt: skip
    if not quick:
        save(RESULTS / "confidence" / "calibration.svg", panels)
    held_out = [
        expected_calibration_error(
            _runs(
                Recorded(kind, is_checkable=is_checkable, folder=HELD_OUT, most=recorded), "auto", quick=quick
            )
        )
        for kind, is_checkable in families
    ]
    return {"arenas": figures, "held_out_ece": round(max(held_out), 4), "ece": max(demo)}


def _runs(arena: Arena, strategy: str, *, quick: bool) -> list[Run]:
    """Return the runs of a strategy over all budgets; none where the arena cannot run it."""
    together: list[Run] = []
    for cents in CENTS[1::2] if quick else CENTS:
        runs = arena.run(strategy, cents * NANO_PER_CENT)
        if runs is None:
            return []
        together += runs
    return together
