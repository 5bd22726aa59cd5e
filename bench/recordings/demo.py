"""The demo models for measurements: their servers, their cards at the shipped prices, and problems they never saw."""

import contextlib
import random
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from billing.prices.shipped_list import shipped_models
from demo_model import problems, tasks
from demo_model.launch import running
from solver.core.models import ModelCard
from solver.core.pricing import Rates
from solver.learning.priors import demo_fields

MODELS = ("intern", "thinker", "expert")
SOLVERS = ("intern", "expert")


@dataclass(frozen=True, slots=True)
class Unseen:
    """A problem that training never saw. `right` is its one right answer; a puzzle has many and a checker instead."""

    text: str
    right: str = ""
    kind: str = "modular"
    checker: Mapping[str, Any] | None = None


def modular_problems(count: int, seed: int) -> list[Unseen]:
    """Draw modular arithmetic in the published phrasings."""
    rng = random.Random(seed)
    return [
        Unseen(tasks.modular_prompt(problem, rng), str(problem.answer))
        for problem in problems.modular(count, rng)
    ]


def countdown_problems(count: int, seed: int) -> list[Unseen]:
    """Draw different puzzles of four numbers in the published phrasings."""
    rng = random.Random(seed)
    drawn: dict[object, Unseen] = {}
    while len(drawn) < count:
        [puzzle] = problems.countdown(4, 1, rng)
        checker = {"kind": "arithmetic", "numbers": list(puzzle.numbers), "target": puzzle.target}
        drawn.setdefault(puzzle.key, Unseen(tasks.countdown_prompt(puzzle, rng), "", "countdown", checker))
    return list(drawn.values())


@contextlib.asynccontextmanager
async def panel(*, slots: int = 16) -> AsyncIterator[list[ModelCard]]:
    """Serve the models for the block and yield their cards, weak to strong."""
    with tempfile.TemporaryDirectory(prefix="ponder-bench-") as directory:
        async with contextlib.AsyncExitStack() as stack:
            cards = []
            for model in MODELS:
                server = await stack.enter_async_context(
                    running(model, Path(directory) / f"{model}.sock", slots=slots)
                )
                cards.append(replace(demo_card(model), api_base=f"unix:{server.socket}"))
            yield cards


def demo_card(model: str) -> ModelCard:
    """Return the card of a demo model at its shipped price; without an address."""
    [shipped] = [each for each in shipped_models() if each.model == f"demo/{model}"]
    rates = shipped.rates
    return ModelCard(
        name=shipped.model,
        litellm_model=f"openai/{model}",
        family="demo",
        rates=Rates(input_pico=rates["input_pico"], output_pico=rates["output_pico"]),
        price_id=0,
        context_window=rates["context_window"],
        max_output_tokens=rates["max_output_tokens"],
        bundled=True,
        timeout_s=60.0,
        **demo_fields(model),
    )
