"""The journal: told results in order are the state of a job; storing a result and settling its cost are one act."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from solver.core.pricing import Usage
from solver.core.steps import Step, StepResult


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call about to be made: its hold is committed before anything is sent."""

    id: UUID
    step: Step
    attempt: int
    price_id: int | None
    """None: of a use of a tool, whose price is in the hold."""
    hold_nano: int
    prompt_bytes: int
    max_output_tokens: int
    service: str = ""
    """The service tier that it asks for; empty: standard."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A call that an earlier execution submitted to a provider: to be collected by its reference."""

    call: OpenCall
    reference: str


@dataclass(frozen=True, slots=True)
class Charge:
    """What a call came to, in nano-USD: the provider's cost, that with the markup, and what the user pays of it.

    `charged_nano` is at most the hold; where more was billed, the house pays the rest.
    """

    cost_nano: int
    billed_nano: int
    charged_nano: int
    usage: Usage
    raw_usage: Mapping[str, Any] | None
    usage_missing: bool
    provider_ref: str
    served_model: str = ""


class Journal(Protocol):
    """Durable memory of one job under one lease. Every method raises LeaseLost once the lease is someone else's."""

    async def told(self) -> Sequence[StepResult]:
        """Return every told result in the order of telling."""
        ...

    async def attempts(self) -> Mapping[str, int]:
        """Return the highest attempt made so far by step key, told or not."""
        ...

    async def open(self, call: OpenCall) -> bool:
        """Commit a call's hold. False: the money is not there, and nothing was written. Raises ModelSuspended."""
        ...

    async def submitted(self) -> Sequence[Submitted]:
        """Return the open calls of earlier executions of which a provider's reference is kept."""
        ...

    async def attach_reference(self, call: OpenCall, reference: str) -> None:
        """Commit a provider's reference of an open call."""
        ...

    async def settle(self, call: OpenCall, result: StepResult, charge: Charge) -> StepResult:
        """Commit result and charge together; return the result with its place in the order."""
        ...

    async def void(self, call: OpenCall, error: str, *, detail: str = "") -> None:
        """Commit that the call was not executed: why, in words for users, and what the provider said, for staff."""
        ...

    async def doubt(self, call: OpenCall, error: str, *, detail: str = "") -> None:
        """Commit that the call may have been executed; the texts as for `void`."""
        ...

    async def tell(self, result: StepResult) -> StepResult:
        """Commit a result that cost nothing (a note, a final failure); return it with its place in the order."""
        ...


class MemoryJournal:
    """A journal that forgets with its process: for the simulator and for tests of strategies."""

    def __init__(self, results: Sequence[StepResult] = ()) -> None:
        self.results: list[StepResult] = list(results)
        self.calls: dict[UUID, tuple[OpenCall, str]] = {}
        self.references: dict[UUID, str] = {}
        self._attempts: dict[str, int] = {r.key: r.attempt for r in results}
        self._seq = itertools.count(len(self.results) + 1)

    async def told(self) -> Sequence[StepResult]:
        """Return every told result in the order of telling."""
        return list(self.results)

    async def attempts(self) -> Mapping[str, int]:
        """Return the highest attempt by step key."""
        return dict(self._attempts)

    async def open(self, call: OpenCall) -> bool:
        """Remember the call."""
        self.calls[call.id] = (call, "held")
        self._attempts[call.step.key] = call.attempt
        return True

    async def submitted(self) -> Sequence[Submitted]:
        """Return the open calls with a reference."""
        return [
            Submitted(call, self.references[call.id])
            for call, state in self.calls.values()
            if state == "held" and call.id in self.references
        ]

    async def attach_reference(self, call: OpenCall, reference: str) -> None:
        """Remember the reference."""
        self.references[call.id] = reference

    async def settle(self, call: OpenCall, result: StepResult, charge: Charge) -> StepResult:
        """Remember the result."""
        del charge
        self._close(call, "settled")
        return await self.tell(result)

    async def void(self, call: OpenCall, error: str, *, detail: str = "") -> None:
        """Remember that the call was not executed."""
        del error, detail
        self._close(call, "void")

    async def doubt(self, call: OpenCall, error: str, *, detail: str = "") -> None:
        """Remember that the call may have been executed."""
        del error, detail
        self._close(call, "in_doubt")

    async def tell(self, result: StepResult) -> StepResult:
        """Append the result."""
        told = replace(result, seq=next(self._seq))
        self.results.append(told)
        return told

    def _close(self, call: OpenCall, state: str) -> None:
        known, old = self.calls[call.id]
        if old != "held":
            raise ValueError(f"call {call.id} is already {old}")
        self.calls[call.id] = (known, state)
