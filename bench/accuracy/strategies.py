"""Accuracy against dollars: every strategy, `auto`, fixed numbers of votes and best-of-N, paired on the same problems.

The figures come from the recorded pool (1,000 modular and 400 Countdown problems that no model was trained on) and from
the simulated world. A dozen parameters of how models err were fitted to that pool (`bench fit`), so `held_out` repeats
the comparison with vote40 on another one, to which nothing was fitted. A strategy that asks for more than tries cannot
be replayed from a pool and is compared in the simulated world alone. `vote40` are 40 fixed votes of the strongest
model. The gap at a budget is the best single strategy's accuracy (the best of all, chosen in hindsight) less that of
`auto`, with its paired 95 % interval.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.accuracy.arena import Arena, Recorded, Run, Simulated, paired, summary
from bench.accuracy.reliability import expected_calibration_error
from bench.plot import Panel, Points
from bench.recordings.replay import HELD_OUT
from solver.core.money import NANO_PER_CENT
from solver.core.problem.result_kind import ResultKind
from solver.strategies import names_for

CENTS = (1, 2, 5, 10, 20, 50)
FIXED = (1, 2, 4, 8, 16, 32, 40)
VOTES = 40
TOLERANCE = 0.005
# In the simulated world forty votes of the strongest model cost a dollar and more.
SIMULATED_VOTES = (50, 100, 200, 500, 1_000)
_COUNTS = {False: (1_000, 400, 150, 1_000), True: (300, 160, 40, 300)}
"""Modular problems, Countdown problems, simulated ones for all strategies and for vote40 alone, by `quick`."""


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the curves, the gaps and the ratios of cost."""
    modular, countdown, simulated, votes = _COUNTS[quick]
    demo = [
        Contest(Recorded(kind, is_checkable=is_checkable, most=most))
        for kind, is_checkable, most in (
            ("modular", False, modular),
            ("modular", True, countdown),
            ("countdown", False, countdown),
            ("countdown", True, countdown),
        )
    ]
    contests = demo + [
        Contest(Simulated(is_checkable=is_checkable, count=simulated)) for is_checkable in (False, True)
    ]
    gaps = [gap for each in contests for gap in each.gaps]
    in_simulator = Duel(Simulated(is_checkable=False, count=votes), SIMULATED_VOTES[2 * quick :])
    held_out = Duel(Recorded("modular", is_checkable=False, folder=HELD_OUT, most=modular), CENTS)
    return {
        "arenas": {each.arena.name: each.figures() for each in contests},
        "simulator_against_vote40": in_simulator.figures(),
        "held_out_against_vote40": held_out.figures(),
        "worst_gap_seen": max(gaps, key=lambda gap: gap["gap_pt"]),
        "auto_vs_vote40_cost_ratio_demo": demo[0].duel.ratio(),
        "auto_vs_vote40_cost_ratio_sim": in_simulator.ratio(),
        "auto_vs_vote40_cost_ratio_held_out": held_out.ratio(),
        "worst_gap_seen_pt": max(gap["gap_pt"] for gap in gaps),
        "worst_gap_pt": round(max(gap["gap_pt"] - gap["bound_pt"] for gap in gaps), 2),
        "ece": max(each.ece() for each in demo),
    }


class Duel:
    """`auto` at some budgets against forty fixed votes of the strongest model."""

    def __init__(
        self, arena: Arena, cents: Sequence[int], auto: Mapping[int, list[Run]] | None = None
    ) -> None:
        self.vote40 = arena.fixed(arena.models[-1].name, VOTES)
        self.auto = auto or {each: arena.run("auto", each * NANO_PER_CENT) or [] for each in cents}

    def ratio(self) -> float | None:
        """Return the least cost of `auto`, by that of vote40, at which it is as right but for the tolerance."""
        if self.vote40 is None:
            return None
        reference = summary(self.vote40)
        enough = [
            summary(runs).cost_nano
            for runs in self.auto.values()
            if summary(runs).accuracy >= reference.accuracy - TOLERANCE
        ]
        return round(min(enough) / reference.cost_nano, 4) if enough else None

    def figures(self) -> dict[str, Any]:
        """Return what either comes to, and by how much `auto` is better at each budget, in points."""
        if self.vote40 is None:
            return {}
        reference = summary(self.vote40)
        against = {}
        for cents, runs in self.auto.items():
            gain, bound = paired(runs, self.vote40)
            against[cents] = {
                **_point(runs),
                "cost_ratio": round(summary(runs).cost_nano / reference.cost_nano, 4),
                "gain_pt": round(100 * gain, 2),
                "bound_pt": round(100 * bound, 2),
            }
        return {
            "problems": reference.count,
            "vote40": _point(self.vote40),
            "auto": against,
            "ratio": self.ratio(),
        }


class Contest:
    """All contestants in one arena."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.strong, self.weak = arena.models[-1].name, arena.models[0].name
        self.fixed = {
            f"fixed {model.name}": [runs for n in FIXED if (runs := arena.fixed(model.name, n))]
            for model in arena.models
        }
        judge = arena.models[-2].name
        graded = [runs for n in FIXED[2:5] if (runs := arena.graded(self.strong, judge, n))]
        if graded:
            self.fixed["best-of-N, graded"] = graded
        self.of_strategy: dict[str, dict[int, list[Run]]] = {}
        for name in names_for(ResultKind.ANSWER):
            of_budget: dict[int, list[Run]] = {}
            for cents in CENTS:
                runs = arena.run(name, cents * NANO_PER_CENT)
                if runs is None:
                    break
                of_budget[cents] = runs
            else:
                self.of_strategy[name] = of_budget
        self.auto = self.of_strategy.pop("auto")
        self.duel = Duel(arena, CENTS, self.auto)
        self.gaps = [self._gap(cents) for cents in CENTS]

    def _gap(self, cents: int) -> dict[str, Any]:
        """Return by how much the best single strategy at a budget is above `auto`, in points."""
        rivals = {name: of_budget[cents] for name, of_budget in self.of_strategy.items()}
        for name, curve in self.fixed.items():
            paid = [runs for runs in curve if summary(runs).cost_nano <= cents * NANO_PER_CENT]
            if paid:
                rivals[name] = max(paid, key=lambda runs: summary(runs).accuracy)
        best = max(rivals, key=lambda name: summary(rivals[name]).accuracy)
        gap, bound = paired(rivals[best], self.auto[cents])
        return {
            "arena": self.arena.name,
            "cents": cents,
            "best": best,
            "gap_pt": round(100 * gap, 2),
            "bound_pt": round(100 * bound, 2),
        }

    def ece(self) -> float:
        """Return the calibration error of what `auto` says of itself, over all budgets."""
        return round(expected_calibration_error([run for runs in self.auto.values() for run in runs]), 4)

    def figures(self) -> dict[str, Any]:
        """Return what was measured."""
        return {
            "problems": len(self.auto[CENTS[0]]),
            "against_vote40": self.duel.figures(),
            "strategies": {
                name: {cents: _point(runs) for cents, runs in of_budget.items()}
                for name, of_budget in {"auto": self.auto, **self.of_strategy}.items()
            },
            "fixed": {name: [_point(runs) for runs in curve] for name, curve in self.fixed.items()},
            "gaps": self.gaps,
            "ece": self.ece(),
        }


def panels(figures: Mapping[str, Any]) -> list[Panel]:
    """Return a diagram for each arena: accuracy against the mean cost in cents."""
    return [_panel(title, arena) for title, arena in figures["arenas"].items()]


def _panel(title: str, arena: Mapping[str, Any]) -> Panel:
    # Fixed numbers of tries stand from the weakest model to the strongest.
    weak, *_, strong = (name for name in arena["fixed"] if name.startswith("fixed "))
    names = {
        strong: "fixed votes or tries of the strong model",
        weak: "fixed votes or tries of the weak model",
        "best-of-N, graded": "best-of-N, graded",
    }
    lines = {name: _points(of_budget.values()) for name, of_budget in arena["strategies"].items()}
    lines |= {names[name]: _points(curve) for name, curve in arena["fixed"].items() if name in names}
    dashed = frozenset(names.values())
    return Panel(title, lines, "mean cost in cents", "accuracy", logarithmic=True, dashed=dashed)


def _point(runs: Sequence[Run]) -> dict[str, float]:
    """Return accuracy, mean cost in cents, and mean confidence."""
    means = summary(runs)
    return {
        "accuracy": round(means.accuracy, 4),
        "cents": round(means.cost_nano / NANO_PER_CENT, 4),
        "confidence": round(sum(run.confidence for run in runs) / len(runs), 4),
    }


def _points(curve: Iterable[Mapping[str, float]]) -> Points:
    return [(point["cents"], point["accuracy"]) for point in curve]
