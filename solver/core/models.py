"""Model cards: what the engine knows of a model before it calls it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from solver.core.pricing import Rates
from solver.core.trait import Trait


@dataclass(frozen=True, slots=True)
class OutputQuantiles:
    """Total output tokens of one call, reasoning included, at three quantiles."""

    q50: int
    q90: int
    q995: int


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model of a panel. Without rates and an output limit there is no card: unknown is not zero."""

    name: str
    litellm_model: str
    family: str
    rates: Rates
    price_id: int
    context_window: int
    max_output_tokens: int
    output: OutputQuantiles
    ability: Mapping[str, float] = field(default_factory=dict)
    """Probability that one sample is right, by problem kind; `""` holds for kinds not named."""
    traits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By problem kind: the fields of `Trait` but for the ability (solver/inference/item_response.py); what is missing
    is assumed."""
    judging: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By problem kind: `sensitivity`, `specificity`, `comparison` (solver/inference/judge_likelihood.py); what is
    missing is assumed."""
    is_measured: bool = False
    """Whether its ability on this kind of problem was measured, by its makers or by jobs; else it is a mere guess."""
    api_base: str = ""
    bundled: bool = False
    """One of the demo models: seeds are honoured."""
    writes_prose: bool = False
    """Of a bundled one: whether prose is to be expected of it, as of any other; the puzzle models write bytes."""
    kinds: tuple[str, ...] = ()
    """The problem kinds it is for; none: any."""
    solves: bool = True
    """Whether it is asked for tries of its own; one that only judges and improves what others answered is not."""
    reads: bool = True
    """Whether it can grade, compare, revise and combine what it is shown."""
    sees: bool = False
    """Whether it can be shown pictures."""
    calls_tools: bool = False
    """Whether it can be told of tools and call them."""
    reasons: bool = False
    """Thinks out of sight: without usage from the provider its reply says nothing about its cost."""
    temperature: float | None = None
    timeout_s: float = 600.0
    at_once: int = 0
    """As many calls its server answers at a time, where that is known: more would only wait there. 0: not known."""
    background: bool = False
    """The provider works on calls by itself, to be collected by reference (solver/providers/openai_responses.py)."""
    has_batches: bool = False
    """The provider takes waves of calls together (solver/providers/batch_server.py)."""
    service: str = ""
    """The service tier that its calls ask for where they can wait (see engine/calls/service_tier.py); empty: standard."""

    @property
    def asked_rates(self) -> Rates:
        """The rates that bound and forecast its calls: those of the service tier that they ask for."""
        return self.rates.asked_at(self.service)

    def at_standard(self) -> "ModelCard":
        """Return the card as it is without a service tier."""
        return replace(self, service="") if self.service else self

    @property
    def writes(self) -> bool:
        """Whether it reads and writes running text, some four bytes a token."""
        return self.writes_prose or not self.bundled

    def is_for(self, kind: str) -> bool:
        """Tell whether problems of this kind are what the model is for."""
        return not self.kinds or kind in self.kinds

    def ability_for(self, kind: str) -> float:
        """Return the prior probability that one sample on a problem of this kind is right."""
        return self.ability.get(kind, self.ability.get("", 0.5))

    def trait_for(self, kind: str) -> Trait:
        """Return how the model does on problems of this kind."""
        told = self.traits.get(kind, self.traits.get("", {}))
        known = {each.name: told[each.name] for each in fields(Trait) if each.name in told}
        return Trait(**{"ability": self.ability_for(kind), **known})

    def judging_for(self, kind: str) -> Mapping[str, float]:
        """Return how the model judges answers to problems of this kind, as far as that is told."""
        return self.judging.get(kind, self.judging.get("", {}))

    def as_json(self) -> dict[str, Any]:
        """Return a form that a job can pin."""
        card = asdict(self)
        if not card["rates"]["windows"]:
            # An older release refuses rates that it does not know.
            del card["rates"]["windows"]
        return card

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ModelCard":
        """Return the card that `as_json` described, also of another release: what this one does not know is left out."""
        known = {each.name: data[each.name] for each in fields(cls) if each.name in data}
        known["kinds"] = tuple(data.get("kinds", ()))
        return cls(
            **{**known, "rates": Rates.from_json(data["rates"]), "output": OutputQuantiles(**data["output"])}
        )


def solvers_of(panel: Sequence[ModelCard]) -> list[ModelCard]:
    """Return the cards of a panel that are asked for tries: all of them where none is meant for it."""
    return [card for card in panel if card.solves] or list(panel)
