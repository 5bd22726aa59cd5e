"""A job's journal that is nothing but the ledger: what is held, settled, void and in doubt lies in PostgreSQL."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from solver.core.steps import StepResult
from solver.engine.journal import Charge, MemoryJournal, OpenCall

if TYPE_CHECKING:
    import psycopg

    from bench.ledger.books import JobMoney

_HOLD = (
    "SELECT billing_hold(%(call)s, %(escrow)s, %(workspace)s, %(job)s, 1, 'model', %(step)s, %(attempt)s, %(model)s, "
    "NULL, %(hold)s, %(bytes)s, %(cap)s)"
)
_SETTLE = (
    "SELECT billing_settle(%(call)s, %(cost)s, %(billed)s, %(input)s, %(read)s, %(written)s, %(output)s, %(reasoning)s, "
    "%(usage)s, %(missing)s, %(reference)s, %(charged)s)"
)


class LedgerJournal(MemoryJournal):
    """One escrow of the real ledger. Raises RuntimeError where the ledger refuses what the engine decided."""

    def __init__(self, connection: "psycopg.AsyncConnection[Any]", money: "JobMoney") -> None:
        super().__init__()
        self._connection = connection
        self._names = {"escrow": money.escrow, "workspace": money.workspace, "job": money.job}

    async def open(self, call: OpenCall) -> bool:
        """Hold the money of a call."""
        said = await self._ask(
            _HOLD,
            self._names
            | {
                "call": call.id,
                "step": call.step.key,
                "attempt": call.attempt,
                "model": call.step.model,
                "hold": call.hold_nano,
                "bytes": call.prompt_bytes,
                "cap": call.max_output_tokens,
            },
        )
        return said == "held" and await super().open(call)

    async def settle(self, call: OpenCall, result: StepResult, charge: Charge) -> StepResult:
        """Charge a call."""
        usage = charge.usage
        said = await self._ask(
            _SETTLE,
            {
                "call": call.id,
                "cost": charge.cost_nano,
                "billed": charge.billed_nano,
                "charged": charge.charged_nano,
                "input": usage.input_tokens,
                "read": usage.cache_read_tokens,
                "written": usage.cache_write_tokens,
                "output": usage.output_tokens,
                "reasoning": usage.reasoning_tokens,
                "usage": json.dumps(charge.raw_usage),
                "missing": charge.usage_missing,
                "reference": charge.provider_ref,
            },
        )
        if said not in {"settled", "overrun"}:
            raise RuntimeError(f"A call cannot be settled: it is {said}.")
        self._close(call, "settled")
        return replace(result, seq=len(self.calls))

    async def void(self, call: OpenCall, error: str, *, detail: str = "") -> None:
        """Give the money of a call back."""
        await self._ask(
            "SELECT billing_void(%(call)s, %(error)s)", {"call": call.id, "error": detail or error}
        )
        await super().void(call, error)

    async def doubt(self, call: OpenCall, error: str, *, detail: str = "") -> None:
        """Put the money of a call out of reach."""
        await self._ask(
            "SELECT billing_doubt(%(call)s, %(error)s)", {"call": call.id, "error": detail or error}
        )
        await super().doubt(call, error)

    async def _ask(self, statement: str, values: dict[str, Any]) -> str:
        row = await (await self._connection.execute(statement, values)).fetchone()
        assert row is not None, "a function returns one row"
        return str(row[0])
