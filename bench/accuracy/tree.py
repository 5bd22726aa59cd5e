"""The cost-aware `tree` against treequest 0.3.3 (AB-MCTS-A, Sakana AI) on equal dollars, in the simulated world.

Both search with the same three models, the same prompts and the same luck of problems; every call of either is paid at
the same prices. treequest decides between a new try and a revision by rewards alone, and has no notion of prices, of a
budget or of when to stop. So on each problem it is given twice: as many dollars as `tree` spent there (its last call
may exceed them, in its favour), and the whole budget, of which `tree` leaves what it does not need. Its reward is the
checker's verdict where there is one, else a grade by the middle model, which is paid for; it answers what most of its
best-scored nodes say. treequest is fetched from the package index at the first run, into var/.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from bench.accuracy.arena import Run, paired, summary
from bench.extra import fetch
from bench.plot import Panel
from solver.core.money import NANO_PER_CENT
from solver.core.pricing import Usage, cost_nano
from solver.core.problem.statement import Problem
from solver.core.request import Message
from solver.core.steps import StepKind
from solver.inference.decisions.rewards import process_reward
from solver.simulation.simulate import Scenario, play
from solver.simulation.world import RIGHT, World, cards, parameters
from solver.text.extract import extract_answer
from solver.text.prompting.prompts import messages_for, read_grade

TREEQUEST = "treequest==0.3.3"
CENTS = (2, 5, 10, 20, 50)
_COUNTS = {False: 400, True: 40}
_MOST_NODES = 2_000


class Node(NamedTuple):
    """A candidate of treequest's search."""

    text: str
    answer: str


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return accuracy and mean cost of both at each budget, with and without a checker, and the worst paired gain."""
    treequest, seeds = _treequest(), range(_COUNTS[quick])
    figures: dict[str, Any] = {"problems": len(seeds), "against": TREEQUEST}
    gains: list[float] = []
    for is_checkable in (True, False):
        for cents in CENTS[1::2] if quick else CENTS:
            budget_nano = cents * NANO_PER_CENT
            ours = [_ours(seed, budget_nano, is_checkable=is_checkable) for seed in seeds]
            same = [
                _theirs(treequest, seed, run.cost_nano, is_checkable=is_checkable)
                for seed, run in zip(seeds, ours, strict=True)
            ]
            whole = [_theirs(treequest, seed, budget_nano, is_checkable=is_checkable) for seed in seeds]
            gain, bound = paired(ours, same)
            gains.append(100 * gain)
            name = f"{'checker' if is_checkable else 'no_checker'}_{cents}"
            figures |= {
                f"{name}_tree": _point(ours),
                f"{name}_treequest_same_dollars": _point(same),
                f"{name}_treequest_whole_budget": _point(whole),
                f"{name}_gain_pt": round(100 * gain, 2),
                f"{name}_bound_pt": round(100 * bound, 2),
            }
    return figures | {
        "worst_gain_pt": round(min(gains), 2),
        "mean_gain_pt": round(sum(gains) / len(gains), 2),
    }


def panels(figures: Mapping[str, Any]) -> list[Panel]:
    """Return the diagrams: accuracy against the mean cost in cents."""
    ways = {
        "tree": "tree",
        "treequest_same_dollars": "treequest, as many dollars",
        "treequest_whole_budget": "treequest, the whole budget",
    }
    return [
        Panel(
            title,
            {
                label: [
                    (point["cents"], point["accuracy"])
                    for cents in CENTS
                    if (point := figures.get(f"{arena}_{cents}_{way}"))
                ]
                for way, label in ways.items()
            },
            "mean cost in cents", "accuracy", logarithmic=True, dashed=frozenset([ways["treequest_whole_budget"]]),
        )
        for arena, title in (("checker", "simulator, checker"), ("no_checker", "simulator, no checker"))
    ]  # fmt: skip


def _point(runs: Sequence[Run]) -> dict[str, float]:
    means = summary(runs)
    return {"accuracy": round(means.accuracy, 4), "cents": round(means.cost_nano / NANO_PER_CENT, 4)}


def _ours(seed: int, budget_nano: int, *, is_checkable: bool) -> Run:
    driven = play(Scenario(seed, budget_nano, "tree", is_checkable=is_checkable))
    best = driven.outcome.best
    return Run(best is not None and best.answer == RIGHT, driven.purse.settled_nano)


def _treequest() -> Any:
    """Return the package, fetched if it is not there yet."""
    fetch("treequest", TREEQUEST)
    import treequest  # type: ignore[import-not-found]

    return treequest


class Search:
    """What treequest's generators do and pay on one problem."""

    def __init__(self, seed: int, *, is_checkable: bool) -> None:
        self.world = World(seed)
        self.is_checkable = is_checkable
        self.spent_nano = 0
        self._cards = {card.name: card for card in cards()}
        self._judge = cards()[-2].name
        self._text = f"Problem {seed}"
        self._turns: Counter[str] = Counter()

    def generator(self, model: str) -> Callable[[Node | None], tuple[Node, float]]:
        """Return what makes a child of a node, or a new root child, with one model."""

        def generate(parent: Node | None) -> tuple[Node, float]:
            if parent is None:
                messages = tuple(Problem(self._text).messages())
            else:
                messages = messages_for(StepKind.REVISE, self._text, [parent.text])
            text = self._asked(model, messages)
            node = Node(text, extract_answer(text) or "")
            return node, self._reward(node)

        return generate

    def _reward(self, node: Node) -> float:
        if self.is_checkable:
            return float(node.answer == RIGHT)
        grade = read_grade(self._asked(self._judge, messages_for(StepKind.GRADE, self._text, [node.text])))
        return process_reward(grade) if grade else 0.0

    def _asked(self, model: str, messages: tuple[Message, ...]) -> str:
        self._turns[model] += 1
        said = self.world.reply(model, messages, self._turns[model])
        self.spent_nano += cost_nano(
            self._cards[model].rates, Usage(parameters()["prompt_tokens"], said.tokens)
        )
        return said.text


def _theirs(treequest: Any, seed: int, dollars_nano: int, *, is_checkable: bool) -> Run:
    """Let treequest search until the money is spent or, with a checker, the answer is proven."""
    import numpy as np

    np.random.seed(seed)  # noqa: NPY002  (treequest draws from numpy's global generator)
    search, algorithm = Search(seed, is_checkable=is_checkable), treequest.ABMCTSA()
    generators = {card.name: search.generator(card.name) for card in cards()}
    state, scored = algorithm.init_tree(), list[tuple[Node, float]]()
    while search.spent_nano < dollars_nano and len(scored) < _MOST_NODES:
        state = algorithm.step(state, generators)
        scored = algorithm.get_state_score_pairs(state)
        if is_checkable and any(score == 1.0 for _, score in scored):
            break
    most = max((score for _, score in scored), default=0.0)
    answers = Counter(node.answer for node, score in scored if score == most)
    answer = max(answers, key=answers.__getitem__, default="")
    return Run(answer == RIGHT, search.spent_nano)
