"""What calls cost that can wait, and prompts that begin alike: the real runner against a simulated provider's prices.

A virtual hour passes in a second (solver/simulation/simulate.py). The provider refuses a share of the calls at half
price, and all of them for some minutes, answers the others late, and keeps prompts as OpenAI does (whatever begins
alike, from 1,024 tokens on, in steps of 128) or as Anthropic does (what is marked, written for a quarter more). It
reckons its bill by arithmetic of its own; a purse that does not come to it ends the measurement.

`price_ratio`: what a job costs that may wait an hour, with half the budget, over one that may not; `batch_price_ratio`
the same of one that may wait till tonight, whose waves go in batches that take from minutes to half a day;
`accuracy_gap_pt`: by how many points the latter is right more often, of all strategies together. `cached_price_ratio`:
what jobs with a problem of some 3,000 tokens cost whose calls begin alike and whose first one goes ahead, over the same
jobs with prompts in the shape of the bundled models, all sent at once. The table on stderr has each strategy.
"""

import asyncio
import math
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from solver.core.errors import NotExecuted, ProviderError
from solver.core.models import ModelCard
from solver.core.money import NANO_PER_CENT, format_usd
from solver.core.pricing import BATCH, FLEX, Tier, Usage
from solver.core.problem.statement import Problem
from solver.core.purse import Purse
from solver.core.request import Reply, Request
from solver.engine.calls.service_tier import at_cheaper_tier
from solver.engine.control import Control
from solver.engine.journal import MemoryJournal
from solver.engine.outcome import Limits
from solver.engine.plan import reserve_nano
from solver.engine.runner import Runner
from solver.providers.batch_server import BatchLook
from solver.providers.litellm_gateway import Gateway
from solver.simulation.simulate import KIND, PlainJudge, VirtualLoop
from solver.simulation.world import RIGHT, Said, World, cards
from solver.strategies import Setting, make_strategy

STRATEGIES = ("aggregate", "auto", "deep", "refine", "swiss", "tree", "vote")
BUDGET_NANO = 20 * NANO_PER_CENT
_WAITS_S, _TONIGHT_S = 3_600.0, 43_200.0
_BATCH_MEDIAN_S, _BATCH_SPREAD = 2_400.0, 1.2
"""How long batches take: log-normal, so that one in ten takes longer than three hours."""
_BATCH_LEFT_OUT = 0.02
_SHARE_OF_BUDGET = (1, 2)
_REFUSED, _STORM_S = 0.2, 400.0
_SLOWNESS = 3.0
_KEPT_S, _STEP_TOKENS, _LEAST_TOKENS = 300.0, 128, 1_024
_FILLER = "The clerk writes down each number of the list once more, and checks it against the ledger. " * 130
RULES = ("openai", "anthropic")
"""By whose rules prompts are kept."""


class Kept(NamedTuple):
    """A prompt that was answered, and until when it is kept."""

    text: str
    until_s: float


class Provider(Gateway):
    """A provider with two prices and a cache; times are those of the virtual clock."""

    def __init__(self, seed: int, rule: str) -> None:
        self.bill_nano = 0
        self._world = World(seed)
        self._rule = rule
        self._kept: dict[str, list[Kept]] = {}
        self._fate = random.Random(f"tiers:{seed}")
        self._storm_s = self._fate.uniform(0.0, 1_200.0)
        self._batches: dict[str, Batch] = {}

    async def complete(self, request: Request) -> Reply:
        """Answer as the model would, at the tier that is asked for unless that is refused."""
        loop, is_flex = asyncio.get_running_loop(), request.card.service == FLEX
        if is_flex and self._is_refused(loop.time()):
            await asyncio.sleep(0.5)
            raise NotExecuted("429 resource unavailable")
        said = self._world.reply(request.card.name, request.messages, request.seed)
        cached = self._cached(request, loop.time())
        await asyncio.sleep(said.seconds * (_SLOWNESS if is_flex else 1.0))
        self._keep(request, loop.time())
        return self._billed(request, said, cached, FLEX if is_flex else "")

    def _billed(self, request: Request, said: Said, cached: tuple[int, int, int], tier: str) -> Reply:
        read, written, prompt = cached
        output = min(said.tokens, request.max_output_tokens)
        usage = Usage(prompt, output, read, written, service=tier)
        self.bill_nano += self._cost_nano(request.card, usage)
        is_cut = said.tokens > request.max_output_tokens
        return Reply("" if is_cut else said.text, "", "length" if is_cut else "stop", usage, None, "")

    async def prepare_batch(self, calls: Mapping[str, Request]) -> str:
        """Keep calls for a batch."""
        takes_s = _BATCH_MEDIAN_S * math.exp(self._fate.gauss(0.0, _BATCH_SPREAD))
        self._batches[f"batch:{len(self._batches)}"] = Batch(
            dict(calls), asyncio.get_running_loop().time() + takes_s
        )
        return f"batch:{len(self._batches) - 1}"

    async def start_batch(self, calls: Mapping[str, Request], reference: str) -> str:
        """Start it: its time runs already."""
        del calls
        return reference

    async def look_at_batch(self, request: Request, reference: str) -> BatchLook:
        """Tell of a batch once it is over; it is executed then."""
        del request
        batch = self._batches[reference]
        rest = NotExecuted("not begun")
        if batch.is_cancelled:
            return BatchLook(reference, is_over=True, rest=rest)
        if asyncio.get_running_loop().time() < batch.until_s:
            return BatchLook(reference)
        fates: dict[str, Reply | ProviderError] = {}
        for call_id, each in batch.calls.items():
            if self._fate.random() >= _BATCH_LEFT_OUT:
                said = self._world.reply(each.card.name, each.messages, each.seed)
                fates[call_id] = self._billed(each, said, (0, 0, len(_text(each)) // 4), BATCH)
        return BatchLook(reference, is_over=True, fates=fates, rest=rest)

    async def cancel_batch(self, request: Request, reference: str) -> None:
        """Begin none of its calls."""
        del request
        self._batches[reference].is_cancelled = True

    def _is_refused(self, now_s: float) -> bool:
        return self._storm_s <= now_s < self._storm_s + _STORM_S or self._fate.random() < _REFUSED

    def _cost_nano(self, card: ModelCard, usage: Usage) -> int:
        """Return what the provider bills: half of everything at half price, rounded up to a billionth of a dollar."""
        rates = card.rates
        plain = usage.input_tokens - usage.cache_read_tokens - usage.cache_write_tokens
        pico = plain * rates.input_pico + usage.output_tokens * rates.output_pico
        pico += usage.cache_read_tokens * (rates.cache_read_pico or 0)
        pico += usage.cache_write_tokens * (rates.cache_write_pico or 0)
        return -(-pico // (2_000 if usage.service else 1_000))

    def _cached(self, request: Request, now_s: float) -> tuple[int, int, int]:
        """Return how many tokens are read from the cache, written to it, and in the prompt."""
        said = _text(request)
        prompt = len(said) // 4
        kept = [each.text for each in self._kept.get(request.card.name, ()) if each.until_s > now_s]
        if self._rule == "anthropic":
            marked = _marked(request)
            tokens = len(marked) // 4
            if tokens < _LEAST_TOKENS:
                return 0, 0, prompt
            return (tokens, 0, prompt) if marked in kept else (0, tokens, prompt)
        alike = max((_common(said, each) for each in kept), default=0) // 4
        tokens = min(alike, prompt - 1) // _STEP_TOKENS * _STEP_TOKENS
        return tokens if tokens >= _LEAST_TOKENS else 0, 0, prompt

    def _keep(self, request: Request, now_s: float) -> None:
        text = _marked(request) if self._rule == "anthropic" else _text(request)
        kept = [each for each in self._kept.get(request.card.name, ()) if each.until_s > now_s]
        self._kept[request.card.name] = [
            *(each for each in kept if each.text != text),
            Kept(text, now_s + _KEPT_S),
        ]

    async def close(self) -> None:
        """Nothing to close."""


def _text(request: Request) -> str:
    return "\n\n".join(f"{message.role}: {message.content}" for message in request.messages)


def _marked(request: Request) -> str:
    first = request.messages[0]
    return first.content[: first.kept_chars]


def _common(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if one[:middle] == other[:middle] else (least, middle - 1)
    return least


@dataclass(slots=True)
class Batch:
    """Calls that are executed at a moment, unless they are cancelled before."""

    calls: dict[str, Request]
    until_s: float
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How jobs are run: how long they may wait, with what budget, and do their prompts begin alike, by whose rules."""

    budget_nano: int = BUDGET_NANO
    may_wait_s: float = 0.0
    begins_alike: bool = True
    rule: str = "openai"
    filler: str = ""


class Job(NamedTuple):
    """What one job came to. The cost is in nano-USD."""

    right: bool
    cost_nano: int
    calls: int
    cheap_calls: int
    batch_calls: int
    seconds: float


def panel(way: Way) -> list[ModelCard]:
    """Return the simulated models as models of a provider, with prices for calls that can wait and for what is kept."""
    found = []
    for card in cards():
        rates = card.rates
        is_marked = way.rule == "anthropic"
        priced = replace(
            rates,
            cache_read_pico=rates.input_pico // 10,
            cache_write_pico=rates.input_pico * 5 // 4 if is_marked else None,
            tiers=tuple(
                Tier(
                    0, rates.input_pico // 2, rates.output_pico // 2, rates.input_pico // 20,
                    rates.input_pico * 5 // 8 if is_marked else None, service=tier,
                )
                for tier in (FLEX, BATCH)
            ),
        )  # fmt: skip
        own = replace(
            card, rates=priced, family="anthropic" if is_marked else card.family,
            bundled=not way.begins_alike, writes_prose=True, has_batches=True,
        )  # fmt: skip
        found.append(at_cheaper_tier(own) if way.may_wait_s else own)
    return found


async def run_job(strategy: str, seed: int, way: Way) -> Job:
    """Run one job to its end. Raises RuntimeError where the purse does not come to the provider's bill."""
    models, problem = panel(way), Problem(f"{way.filler}Problem {seed}", KIND)
    purse = Purse(
        way.budget_nano,
        reserve_nano=reserve_nano(models, problem, budget_nano=way.budget_nano, markup_bp=0),
    )
    provider, journal = Provider(seed, way.rule), MemoryJournal()
    clock = asyncio.get_running_loop().time
    outcome = await Runner(
        problem=problem,
        strategy=make_strategy(strategy, Setting(problem, models, way.budget_nano, 0, {}, seed)),
        panel=models,
        seed=seed,
        purse=purse,
        journal=journal,
        gateway=provider,
        judge=PlainJudge(),
        control=Control(),
        limits=Limits(slots=16 if way.may_wait_s > _WAITS_S else 8, patience_s=3_600.0),
        clock=clock,
        may_wait_until_s=clock() + way.may_wait_s if way.may_wait_s else None,
    ).run()
    if purse.settled_nano != provider.bill_nano or provider.bill_nano > way.budget_nano or purse.held_nano:
        raise RuntimeError(
            f"{strategy}, seed {seed}: {purse} does not come to a bill of {provider.bill_nano}."
        )
    settled = [call for call, state in journal.calls.values() if state == "settled"]
    return Job(
        outcome.best is not None and outcome.best.answer == RIGHT,
        provider.bill_nano,
        len(settled),
        sum(bool(call.service) for call in settled),
        sum(call.service == BATCH for call in settled),
        clock(),
    )


def run_all(strategy: str, seeds: Sequence[int], way: Way) -> list[Job]:
    """Run a strategy on the problems of some seeds, one after another."""
    loop = VirtualLoop()
    try:
        found = []
        for seed in seeds:
            found.append(loop.run_until_complete(run_job(strategy, seed, way)))
            loop.rewind()
        return found
    finally:
        loop.close()


def cost_nano(jobs: Sequence[Job]) -> int:
    """Return what jobs cost together."""
    return sum(job.cost_nano for job in jobs)


def accuracy(jobs: Sequence[Job]) -> float:
    """Return the share of jobs that are right."""
    return sum(job.right for job in jobs) / len(jobs)


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return the figures; the tables go to stderr."""
    seeds = range(1, 41 if quick else 401)
    waiting = Way(BUDGET_NANO * _SHARE_OF_BUDGET[0] // _SHARE_OF_BUDGET[1], may_wait_s=_WAITS_S)
    now, later, tonight = (
        [job for each in STRATEGIES for job in run_all(each, seeds, way)]
        for way in (Way(), waiting, replace(waiting, may_wait_s=_TONIGHT_S))
    )
    _say_tiers(now, later, len(seeds))
    _say_tiers(now, tonight, len(seeds))
    few = seeds[: len(seeds) // 4]
    before, after = 0, 0
    for rule in RULES:
        for each in STRATEGIES:
            long = Way(rule=rule, filler=_FILLER)
            alike, apart = run_all(each, few, long), run_all(each, few, replace(long, begins_alike=False))
            _say_cached(rule, each, alike, apart)
            before, after = before + cost_nano(apart), after + cost_nano(alike)
    return {
        "price_ratio": round(cost_nano(later) / cost_nano(now), 4),
        "accuracy_gap_pt": round(100 * (accuracy(now) - accuracy(later)), 2),
        "batch_price_ratio": round(cost_nano(tonight) / cost_nano(now), 4),
        "batch_accuracy_gap_pt": round(100 * (accuracy(now) - accuracy(tonight)), 2),
        "batch_share": round(sum(job.batch_calls for job in tonight) / sum(job.calls for job in tonight), 4),
        "cached_price_ratio": round(after / before, 4),
    }


def _say_tiers(now: Sequence[Job], later: Sequence[Job], count: int) -> None:
    _say(
        "strategy",
        "standard",
        "may wait",
        "saved",
        "right",
        "right, waiting",
        "at half price",
        "in batches",
        "minutes",
    )
    for index, strategy in enumerate(STRATEGIES):
        own, other = (jobs[index * count : (index + 1) * count] for jobs in (now, later))
        calls = sum(job.calls for job in other)
        _say(
            strategy, _each(own), _each(other), f"{100 - 100 * cost_nano(other) / cost_nano(own):.0f} %",
            f"{accuracy(own):.3f}", f"{accuracy(other):.3f}",
            f"{100 * sum(job.cheap_calls for job in other) / calls:.0f} %",
            f"{100 * sum(job.batch_calls for job in other) / calls:.0f} %",
            f"{sum(job.seconds for job in other) / 60 / count:.0f}",
        )  # fmt: skip


def _say_cached(rule: str, strategy: str, alike: Sequence[Job], apart: Sequence[Job]) -> None:
    saved = f"{100 - 100 * cost_nano(alike) / cost_nano(apart):.0f} %"
    _say(
        f"{strategy}, {rule}",
        _each(apart),
        _each(alike),
        saved,
        f"{accuracy(apart):.3f}",
        f"{accuracy(alike):.3f}",
    )


def _each(jobs: Sequence[Job]) -> str:
    return f"{format_usd(NANO_PER_CENT)[0]}{cost_nano(jobs) / len(jobs) / 1e9:.4f}"


def _say(*cells: str) -> None:
    sys.stderr.write(
        "".join(f"{cell:<22}" if at == 0 else f"{cell:>15}" for at, cell in enumerate(cells)) + "\n"
    )
