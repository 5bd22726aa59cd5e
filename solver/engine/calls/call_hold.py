"""The hold of one call: opened before anything is sent, and ended in exactly one way."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from solver.core.errors import NOT_SENT, BudgetReached, InDoubt, LeaseLost, ModelSuspended, NotExecuted
from solver.core.purse import Purse
from solver.core.steps import StepResult
from solver.engine.control import Control, Stop
from solver.engine.journal import Charge, Journal, OpenCall


class CallHold:
    """Money of one call, in the purse and in the journal alike.

    The block must end it settled, void or in doubt, or by an error: one that says that the call was not executed voids
    it, any other puts it in doubt. A call whose reference is committed may also be left to the next execution.
    Raises RuntimeError where the block does none of these.
    """

    def __init__(
        self,
        call: OpenCall,
        *,
        purse: Purse,
        journal: Journal,
        control: Control,
        left_to_next: Callable[[], bool],
        cancel: Callable[[str], Awaitable[None]],
        reference: str = "",
    ) -> None:
        """The purse holds the money already; with a `reference` the journal does, too.

        `left_to_next` says whether another execution of the job may collect the call, `cancel` ends the provider's work.
        """
        self.call = call
        self.reference = reference
        self._purse = purse
        self._journal = journal
        self._control = control
        self._left_to_next = left_to_next
        self._cancel = cancel
        self._ended = False

    async def __aenter__(self) -> Self:
        """Commit the hold. Raises BudgetReached and ModelSuspended (nothing is held then) and LeaseLost."""
        if self.reference:
            return self
        opening = asyncio.ensure_future(self._journal.open(self.call))
        try:
            held = await asyncio.shield(opening)
        except ModelSuspended:
            self._purse.void(self.call.hold_nano)
            raise
        except asyncio.CancelledError:
            # The act may be committed by now, and a row that nobody ends would be taken for a call that was made.
            if await opening and self._control.stop is not Stop.FENCED:
                await self.void(NOT_SENT)
            raise
        if not held:
            self._purse.void(self.call.hold_nano)
            raise BudgetReached("The escrow of the job does not cover the call.")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the call as the error says, where the block has not ended it."""
        if self._ended:
            return
        match error:
            case None:
                raise RuntimeError(f"The call of step {self.call.step.key} was neither settled nor given up.")
            case NotExecuted():
                await self.void(str(error), error.detail)
            case InDoubt():
                await self.doubt(str(error), error.detail)
            case _ if self._control.stop is Stop.FENCED or (self.reference and self._left_to_next()):
                pass
            case _:
                # Cancelled in mid-call, or a fault of our own: the provider may have executed it.
                await asyncio.shield(self._abandon(type(error).__name__))

    async def attach_reference(self, reference: str) -> None:
        """Commit the provider's reference: from here on the call outlives this process. Raises LeaseLost."""
        await self._journal.attach_reference(self.call, reference)
        self.reference = reference

    async def settle(self, result: StepResult, charge: Charge) -> StepResult:
        """Commit result and charge together; return the result with its place in the order. Raises LeaseLost."""
        # Cancelled while it waits, the act may be committed all the same: the row says.
        self._ended = True
        told = await self._journal.settle(self.call, result, charge)
        self._purse.settle(self.call.hold_nano, charge.charged_nano)
        return told

    async def void(self, error: str, detail: str = "") -> None:
        """Give the money back: the call was not executed. Raises LeaseLost."""
        self._ended = True
        await self._journal.void(self.call, error, detail=detail)
        self._purse.void(self.call.hold_nano)

    async def doubt(self, error: str, detail: str = "") -> None:
        """Put the money out of reach: the call may have been executed. Raises LeaseLost, and stops the job then."""
        self._ended = True
        try:
            await self._journal.doubt(self.call, error, detail=detail)
        except LeaseLost:
            self._control.request(Stop.FENCED)
            raise
        self._purse.doubt(self.call.hold_nano)

    async def _abandon(self, why: str) -> None:
        if self.reference:
            await self._cancel(self.reference)
        await self.doubt(f"Abandoned: {why}")
