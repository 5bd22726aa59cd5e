"""The shipped list's prices beside genai-prices': each is the same, or it is said here why it is not."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from billing.prices.comparison import by_class
from billing.prices.shipped_list import BUNDLED_PROVIDER, shipped_models
from billing.prices.sources import genai

EXPLAINED = {
    "mistral/mistral-large-latest": (
        "genai-prices gives the price of the Large before; the alias leads to Large 3, at $0.50 and $1.50 "
        "(https://docs.mistral.ai/models/mistral-large-3-25-12)."
    ),
    "mistral/magistral-medium-latest": (
        "genai-prices gives Magistral Medium 1.2's price, deprecated 2026-05-22; the alias leads to Medium 3.5, at $1.50 "
        "and $7.50 (https://docs.mistral.ai/models/model-cards/mistral-medium-3-5-26-04)."
    ),
}
"""Why a model's prices differ from genai-prices', with where its provider says so."""


class Compared(NamedTuple):
    """One price in both sources, in pico-USD per token (a fee: nano-USD). `why` explains a difference."""

    model: str
    name: str
    ours: int
    theirs: int
    why: str

    @property
    def verdict(self) -> str:
        """Whether the price is the same, explained, or neither."""
        return "same" if self.ours == self.theirs else "explained" if self.why else "unexplained"


def compared() -> Iterator[Compared]:
    """Yield every price of the shipped list that genai-prices has too: each class of each tier."""
    for shipped in shipped_models():
        theirs = None if shipped.provider == BUNDLED_PROVIDER else genai.look_up(shipped.model)
        if theirs is None:
            continue
        ours, others = by_class(shipped.rates), by_class(theirs.rates)
        for name in sorted(ours.keys() & others.keys()):
            yield Compared(shipped.model, name, ours[name], others[name], EXPLAINED.get(shipped.model, ""))


def sample(number: int, *, seed: int = 13) -> list[Compared]:
    """Return so many of them, drawn by chance; the same seed draws the same."""
    every = list(compared())
    return random.Random(seed).sample(every, min(number, len(every)))  # noqa: S311  (no secret)
