"""A provider, a panel and a run without I/O: what the engine's own tests inject instead of the world."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from solver.core.errors import ProviderError
from solver.core.models import ModelCard, OutputQuantiles
from solver.core.pricing import Rates, Tier, Usage
from solver.core.problem.statement import Problem
from solver.core.programs import Asker
from solver.core.purse import Purse
from solver.core.request import Reply, Request
from solver.core.tools import Tools
from solver.engine.asks import AskWishes
from solver.engine.calls.permits import Permits
from solver.engine.control import Control
from solver.engine.health import Benched
from solver.engine.journal import MemoryJournal
from solver.engine.outcome import Limits, Outcome
from solver.engine.plan import reserve_nano
from solver.engine.runner import Runner
from solver.judging.judge import Judge
from solver.strategies import Setting, Strategy, make_strategy


def card(
    name: str = "demo/one",
    *,
    ability: float = 0.6,
    pico: int = 5_000_000,
    bundled: bool = True,
    solves: bool = True,
    reads: bool = True,
    flex: bool = False,
    cache_read_pico: int | None = None,
) -> ModelCard:
    """A model whose call of some 100 + 60 tokens costs about 0.08 cents."""
    return ModelCard(
        name=name,
        litellm_model=f"openai/{name}",
        family=name.split("/", maxsplit=1)[0],
        rates=Rates(
            pico,
            pico,
            cache_read_pico,
            tiers=(Tier(0, pico // 2, pico // 2, service="flex"),) if flex else (),
        ),
        price_id=1,
        context_window=4_000,
        max_output_tokens=400,
        output=OutputQuantiles(60, 100, 200),
        ability={"": ability},
        bundled=bundled,
        solves=solves,
        reads=reads,
        service="flex" if flex else "",
    )


@dataclass
class Provider:
    """Answers from a function; counts what it was asked and what it charged."""

    answer: Callable[[Request, int], str | Reply | ProviderError]
    usage: Callable[[Request], Usage | None] = lambda _: Usage(100, 60)
    delay_s: float = 0.0
    requests: list[Request] = field(default_factory=list)
    in_flight: int = 0

    async def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        number = len(self.requests) - 1
        self.in_flight += 1
        try:
            await asyncio.sleep(self.delay_s)
            answer = self.answer(request, number)
            if isinstance(answer, ProviderError):
                raise answer
            if isinstance(answer, Reply):
                return answer
            return Reply(answer, "", "stop", self.usage(request), None, f"ref-{number}")
        finally:
            self.in_flight -= 1

    async def close(self) -> None:
        """Nothing to close."""


@dataclass
class Bench:
    """Everything a run needs, open to the test."""

    provider: Provider
    budget_nano: int = 50_000_000
    problem: Problem = field(default_factory=lambda: Problem("What is 6 times 7?"))
    panel: list[ModelCard] = field(default_factory=lambda: [card()])
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    control: Control = field(default_factory=Control)
    options: dict[str, object] = field(default_factory=dict)
    limits: Limits = field(default_factory=lambda: Limits(slots=8, patience_s=1, grace_s=0.5, drain_s=0.2))
    seed: int = 7
    strategy: Strategy | None = None
    judge: Judge | None = None
    clock: Callable[[], float] = time.monotonic
    tools: Tools | None = None

    def __post_init__(self) -> None:
        reserve = reserve_nano(self.panel, self.problem, budget_nano=self.budget_nano, markup_bp=0)
        self.purse = Purse(self.budget_nano, reserve_nano=reserve)

    async def run(
        self,
        deadline_s: float | None = None,
        may_wait_until_s: float | None = None,
        permits: Permits | None = None,
        benched: dict[str, Benched] | None = None,
        ask_wishes: AskWishes | None = None,
    ) -> Outcome:
        specs = self.tools.specs() if self.tools else ()
        setting = Setting(self.problem, self.panel, self.budget_nano, 0, self.options, self.seed, tools=specs)
        judge = self.judge or Judge(processes=1)  # each takes a second of CPU to start
        try:
            return await Runner(
                problem=self.problem,
                strategy=self.strategy or make_strategy("vote", setting),
                panel=self.panel,
                purse=self.purse,
                journal=self.journal,
                gateway=self.provider,  # type: ignore[arg-type]  # no background mode here
                judge=judge,
                control=self.control,
                seed=self.seed,
                limits=self.limits,
                deadline_s=deadline_s,
                may_wait_until_s=may_wait_until_s,
                clock=self.clock,
                tools=self.tools,
                asker=Asker("workspace", "job"),
                permits=permits,
                benched=benched,
                ask_wishes=ask_wishes,
            ).run()
        finally:
            await judge.close()


def noisy(
    seed: int, right: str = "42", ability: float = 0.6, wrong: int = 30
) -> Callable[[Request, int], str]:
    """Right with probability `ability`, else one of `wrong` other answers; depends on the request's seed alone."""

    def answer(request: Request, _: int) -> str:
        rng = random.Random(f"{seed}:{request.seed}")
        return f"Answer: {right if rng.random() < ability else rng.randrange(wrong)}"

    return answer
