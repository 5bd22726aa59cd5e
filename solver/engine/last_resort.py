"""The last resort of a job without an answer: money for a few tries by the cheapest model, kept back until then.

Calls in doubt keep their holds, so time-outs and kills could use up a small budget with nothing to show for it. Until
the first answer the price of up to four long replies of the cheapest model, at most a quarter of the budget, is out of
the strategy's reach; where everything else came to nothing, it buys tries on the problem itself, one after another.
"""

from collections.abc import Callable, Collection, Sequence

from solver.core.models import ModelCard, solvers_of
from solver.core.money import PICO_PER_NANO
from solver.core.pricing import billed_nano
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.core.steps import Candidate, Step, StepKind, StepResult
from solver.engine.calls.bounds import long_hold_nano, prompt_bytes
from solver.engine.write_up import writer_of

_TRIES = 4
_SHARE = 4
_PATH = "last"


class LastResort:
    """The money kept back in a purse, and what of it was used."""

    def __init__(self, problem: Problem, panel: Sequence[ModelCard], purse: Purse, *, markup_bp: int) -> None:
        """Keep the money back."""
        self._problem = problem
        self._panel = panel
        self._purse = purse
        self._markup_bp = markup_bp
        self._made = 0
        self._size_bytes = prompt_bytes(problem.messages())
        purse.last_resort_nano = last_resort_nano(
            panel, self._size_bytes, budget_nano=purse.limit_nano, markup_bp=markup_bp
        )

    def heed(self, size_bytes: int) -> None:
        """Keep back what tries cost whose prompt has this size, as far as the money is there and still kept back.

        The final write-up's prompt grows as theirs does, and its reserve with it.
        """
        writer, more_bytes = writer_of(self._panel, self._problem), size_bytes - self._size_bytes
        self._size_bytes = size_bytes
        if writer and self._purse.reserve_nano and more_bytes > 0:
            more_nano = billed_nano(
                more_bytes * writer.rates.worst_input_pico() // PICO_PER_NANO + 1, self._markup_bp
            )
            self._purse.reserve_nano += min(more_nano, max(self._purse.spendable_nano(), 0))
        if self._purse.last_resort_nano:
            wanted_nano = last_resort_nano(
                self._panel, size_bytes, budget_nano=self._purse.limit_nano, markup_bp=self._markup_bp
            )
            there_nano = max(self._purse.remaining_nano() - self._purse.reserve_nano, 0)
            self._purse.last_resort_nano = min(max(wanted_nano, self._purse.last_resort_nano), there_nano)

    def told(self, result: StepResult, best: Candidate | None) -> None:
        """Count a try of this kind; with the first answer the money is free for the strategy."""
        self._made += is_last_resort(result.key)
        if self._purse.last_resort_nano and result.kind.answers and best:
            self._purse.last_resort_nano = 0

    def next_step(self, affordable: Callable[[], Collection[str]]) -> Step | None:
        """Free the money of one try and return its step; None where no model is affordable then."""
        release_one(self._purse, self._panel, self._size_bytes, markup_bp=self._markup_bp)
        return last_resort_step(
            self._panel,
            self._problem,
            affordable=affordable(),
            made=self._made,
            size_bytes=self._size_bytes,
            markup_bp=self._markup_bp,
        )


def last_resort_nano(panel: Sequence[ModelCard], size_bytes: int, *, budget_nano: int, markup_bp: int) -> int:
    """Return what is kept back of a budget; nothing where a quarter of it does not buy one long reply."""
    price = _price_nano(panel, size_bytes, markup_bp)
    return price * min(_TRIES, budget_nano // (_SHARE * price)) if price else 0


def release_one(purse: Purse, panel: Sequence[ModelCard], size_bytes: int, *, markup_bp: int) -> None:
    """Let one of these tries be paid, and keep the rest back: the strategy would spend it, a kill would take it all."""
    left_nano = min(purse.last_resort_nano, purse.remaining_nano() - purse.reserve_nano)
    purse.last_resort_nano = max(left_nano - _price_nano(panel, size_bytes, markup_bp), 0)


def last_resort_step(
    panel: Sequence[ModelCard],
    problem: Problem,
    *,
    affordable: Collection[str],
    made: int,
    size_bytes: int,
    markup_bp: int,
) -> Step | None:
    """Return the next of these tries, `made` of them being told, or None where none is affordable.

    `size_bytes` is the size of its prompt as it will be sent.
    """
    usable = [card for card in solvers_of(panel) if card.name in affordable]
    best = min(usable, key=lambda card: long_hold_nano(card, size_bytes, markup_bp), default=None)
    if best is None:
        return None
    return Step(f"{_PATH}/{made}", StepKind.SAMPLE, "Last try", best.name, problem.messages())


def is_last_resort(key: str) -> bool:
    """Tell whether a step was such a try."""
    return key.startswith(f"{_PATH}/")


def _price_nano(panel: Sequence[ModelCard], size_bytes: int, markup_bp: int) -> int:
    """Return what a try of the cheapest model may cost; 0 for an empty panel."""
    return min((long_hold_nano(card, size_bytes, markup_bp) for card in solvers_of(panel)), default=0)
