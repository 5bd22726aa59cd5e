"""Thousands of calls to a provider that fails in every known way, held and settled in the real ledger, and its own bill.

`overshoot_nano`: what was charged or billed beyond the budgets. `unrecorded_nano`: what the provider billed and no book
has; a call in doubt is recorded with its whole hold. `executed_but_void`: calls that the provider executed and that were
given back. A request that was sent twice under one hold is executed twice on the provider's bill.
"""

import asyncio
import json
import sys
import urllib.request
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bench.conformance.books import LedgerJournal
from bench.conformance.faults import CAP_USED, FAULTS, GOOD, HANG_S, faulty_provider
from bench.ledger.books import MODEL, JobMoney, open_job, rich_workspace
from solver.core.errors import BudgetReached, InDoubt, NotExecuted
from solver.core.models import ModelCard, OutputQuantiles
from solver.core.pricing import Rates
from solver.core.purse import Purse
from solver.core.request import Message, Request
from solver.core.steps import Step, StepKind, StepResult
from solver.core.verdict import Judgement
from solver.engine.calls.bounds import bound_call, prompt_bytes
from solver.engine.calls.call_hold import CallHold
from solver.engine.calls.metering import charge_for
from solver.engine.control import Control
from solver.engine.journal import OpenCall
from solver.providers.litellm_gateway import LiteLLMGateway

INPUT_PICO, OUTPUT_PICO = 731_337, 13_131_313
MARKUP_BP = 1_733
BUDGET_NANO = 400_000_000
CALLERS = 48
_TIMEOUT_S = HANG_S / 4
_GOOD_OF_TEN = 2
"""After so many of ten faults comes a call that is answered well."""
_PROVIDERS = ("openai", "hosted_vllm", "deepseek", "openrouter")


class Finding(NamedTuple):
    """What was found in one comparison of the books with the bill."""

    faulty_calls: int = 0
    overshoot_nano: int = 0
    unrecorded_nano: int = 0
    executed_but_void: int = 0


class Made(NamedTuple):
    """One call as the books have it."""

    fault: str
    state: str
    recorded_nano: int


def compare(made: Mapping[str, Made], bill: Mapping[str, Mapping[str, int]]) -> Finding:
    """Hold the books against the bill, call by call."""
    unrecorded = void = 0
    for call, entry in bill.items():
        cost, known = entry["cost_nano"], made.get(call)
        unrecorded += max(cost - (known.recorded_nano if known else 0), 0)
        void += bool(cost and known and known.state == "void")
    faulty = sum(1 for each in made.values() if each.fault != GOOD)
    return Finding(faulty, 0, unrecorded, void)


def run(calls: int) -> Finding:
    """Make so many faulty calls on a database that is up, and compare. Budgets are new ones as they are spent."""
    from django.db import connection

    workspace = rich_workspace()
    with faulty_provider(INPUT_PICO, OUTPUT_PICO) as address:
        load = Load(address, connection.get_connection_params())
        with load:
            todo = deque(_wanted(calls))
            while todo:
                load.spend(open_job(workspace, BUDGET_NANO), todo)
        with urllib.request.urlopen(f"{address}/bill") as answer:  # noqa: S310  (our own process)
            bill: dict[str, dict[str, int]] = json.load(answer)
    return report(load, bill)


def report(load: "Load", bill: Mapping[str, Mapping[str, int]]) -> Finding:
    """Return what was found, and say on stderr which faults ended how."""
    found = compare(load.made, bill)
    overshoot = sum(load.beyond(job, bill) for job in load.calls_of)
    repeated = [call for call, entry in bill.items() if entry["requests"] > 1]
    states = Counter((made.fault, made.state) for made in load.made.values())
    for (fault, state), count in sorted(states.items()):
        sys.stderr.write(f"{fault:<26}{state:<10}{count:>6}\n")
    sys.stderr.write(f"sent more than once: {len(repeated)}\n")
    return found._replace(overshoot_nano=overshoot)


def _wanted(calls: int) -> Iterator[str]:
    """Yield so many faults, each kind in turn, and good calls between them."""
    for number in range(calls):
        yield FAULTS[number % len(FAULTS)]
        if number % 10 < _GOOD_OF_TEN:
            yield GOOD


class Load:
    """The gateway, a purse for each budget, and the books."""

    def __init__(self, address: str, database: Mapping[str, Any]) -> None:
        self._address = address
        names = ("dbname", "user", "password", "host", "port")
        self._database = {name: database[name] for name in names if database.get(name)}
        self.made: dict[str, Made] = {}
        self.calls_of: dict[uuid.UUID, list[str]] = {}
        self.charged_of: dict[uuid.UUID, int] = {}
        self._runner = asyncio.Runner()

    def __enter__(self) -> None:
        self._gateway = self._runner.run(_gateway())

    def __exit__(self, *error: object) -> None:
        self._runner.run(self._gateway.close())
        self._runner.close()

    def spend(self, money: JobMoney, todo: deque[str]) -> None:
        """Make calls with these faults for as long as one budget pays for them."""
        self._runner.run(self._spend(money, todo))

    def beyond(self, job: uuid.UUID, bill: Mapping[str, Mapping[str, int]]) -> int:
        """Return by how much a budget was overshot: by what was charged, or by what the provider wants."""
        billed = sum(bill.get(call, {"cost_nano": 0})["cost_nano"] for call in self.calls_of[job])
        return max(billed, self.charged_of[job], BUDGET_NANO) - BUDGET_NANO

    async def _spend(self, money: JobMoney, todo: deque[str]) -> None:
        import psycopg

        self.calls_of[money.job] = []
        purse, is_spent = Purse(BUDGET_NANO), False
        connection = await psycopg.AsyncConnection.connect(**self._database, autocommit=True)
        journal = LedgerJournal(connection, money)

        async def caller() -> None:
            nonlocal is_spent
            while todo and not is_spent:
                fault = todo.popleft()
                try:
                    await self._call(money.job, purse, journal, len(self.made), fault)
                except BudgetReached:
                    todo.append(fault)
                    is_spent = True

        async with connection, asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(caller())
        rows = await self._rows(money)
        for call, state, cost, hold, charged in rows:
            fault = self.made[str(call)].fault
            recorded = {"settled": cost, "in_doubt": hold}.get(state, 0)
            self.made[str(call)] = Made(fault, state, recorded)
            self.charged_of[money.job] = self.charged_of.get(money.job, 0) + (charged or 0)
        self.charged_of.setdefault(money.job, 0)

    async def _rows(self, money: JobMoney) -> list[tuple[Any, ...]]:
        import psycopg

        async with await psycopg.AsyncConnection.connect(**self._database) as connection:
            rows = await connection.execute(
                "SELECT id, state, cost_nano, hold_nano, billed_nano FROM billing_call WHERE job_id = %s",
                [money.job],
            )
            return await rows.fetchall()

    async def _call(
        self, job: uuid.UUID, purse: Purse, journal: LedgerJournal, number: int, fault: str
    ) -> None:
        """Hold, call and settle once, as the engine does. Raises BudgetReached."""
        call_id = uuid.uuid4()
        card = _card(
            self._address, _PROVIDERS[number % len(_PROVIDERS)], reasons=fault == CAP_USED or number % 3 == 0
        )
        messages = (Message("user", f"What is 6 times 7? Show each step. [{fault} {call_id}]"),)
        size = prompt_bytes(messages)
        bound = bound_call(card, size, budget_left_nano=purse.spendable_nano(), markup_bp=MARKUP_BP)
        if bound is None:
            raise BudgetReached("The budget is spent.")
        purse.hold(bound.hold_nano)
        step = Step(key=f"{number}-{call_id.hex}", kind=StepKind.SAMPLE, model=MODEL, messages=messages)
        call = OpenCall(call_id, step, 1, 0, bound.hold_nano, size, bound.max_output_tokens)
        self.made[str(call_id)] = Made(fault, "held", 0)
        self.calls_of[job].append(str(call_id))
        request = Request(card, messages, bound.max_output_tokens, 1)
        hold = CallHold(
            call, purse=purse, journal=journal, control=Control(), left_to_next=lambda: False, cancel=_never
        )
        try:
            async with hold:
                reply = await self._gateway.complete(request)
                charge = charge_for(card, bound, reply, MARKUP_BP)
                tokens = charge.usage.output_tokens
                result = StepResult.of(
                    step, reply, Judgement(), charged_nano=charge.charged_nano, tokens=tokens, attempt=1
                )
                await hold.settle(result, charge)
        except (NotExecuted, InDoubt):
            return


def _card(address: str, provider: str, *, reasons: bool) -> ModelCard:
    return ModelCard(
        name=MODEL,
        litellm_model=f"{provider}/faulty",
        family=provider,
        rates=Rates(INPUT_PICO, OUTPUT_PICO),
        price_id=0,
        context_window=4_000,
        max_output_tokens=400,
        output=OutputQuantiles(60, 100, 200),
        api_base=f"{address}/v1",
        reasons=reasons,
        timeout_s=_TIMEOUT_S,
    )


async def _gateway() -> LiteLLMGateway:
    return LiteLLMGateway()


async def _never(_: str) -> None:
    """Nothing is cancelled: no call has a reference."""
