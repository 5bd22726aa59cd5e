"""One use of a tool, from its hold to a told result: never on a model's slot, never beyond its time.

A use that costs nothing is told like what programs did. One that costs is a call: held before, settled after. What a
tool brings is a text for models; here it decides nothing but what its provider charges.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from solver.core.errors import BudgetReached, ModelSuspended, SpendingStopped
from solver.core.pricing import Usage, billed_nano
from solver.core.programs import Asker
from solver.core.purse import Purse
from solver.core.steps import Step, StepResult
from solver.core.tools import ToolOrder, ToolOutcome, Tools, ToolsOff, ToolSpec
from solver.engine.calls.call_hold import CallHold
from solver.engine.control import Control
from solver.engine.journal import Charge, Journal, OpenCall
from solver.text.extract import clean_text

logger = logging.getLogger(__name__)

_BACKSTOP = 5
"""A tool keeps its own time and may wait for its turn; after so many times its limit it is given up here."""
_STOPPED = "Stopped before it was used."


class ToolUses:
    """Has the tools of one job used."""

    def __init__(
        self,
        tools: Tools | None,
        asker: Asker,
        *,
        purse: Purse,
        journal: Journal,
        control: Control,
        markup_bp: int,
        next_attempt: Callable[[str], int],
        is_closed: Callable[[], bool],
        suspend: Callable[[str, str], None],
        may_hold: Callable[[Step, int], None] = lambda *_: None,
    ) -> None:
        """`is_closed` says whether nothing may be begun any more; `suspend` has what is named asked for later again.

        `may_hold` is as for calls to models.
        """
        self._tools, self._asker = tools, asker
        self._specs: Mapping[str, ToolSpec] = {spec.name: spec for spec in tools.specs()} if tools else {}
        self._purse, self._journal, self._control = purse, journal, control
        self._markup_bp = markup_bp
        self._next_attempt = next_attempt
        self._is_closed = is_closed
        self._suspend = suspend
        self._may_hold = may_hold

    def is_free(self, step: Step) -> bool:
        """Tell whether a use costs nothing, so that it may be repeated."""
        return not self._hold_nano(_order_of(step))

    def hold_for(self, step: Step) -> int:
        """Hold what a use may cost, and return it (nano-USD). Raises BudgetReached."""
        hold_nano = self._hold_nano(_order_of(step))
        if hold_nano:
            self._may_hold(step, hold_nano)
            self._purse.hold(hold_nano)
        return hold_nano

    async def use(self, step: Step, hold_nano: int) -> StepResult:
        """Have the tool used and tell what came of it. The caller made the hold.

        A tool that is stopped by itself has failed, and the model goes on without it. Where all spending is stopped, the
        use waits for its end, as calls do.

        Raises BudgetReached and SpendingStopped (nothing told), and LeaseLost.
        """
        if not hold_nano:
            return await self._tell(step, await self._outcome(step))
        try:
            async with self._hold(step, hold_nano) as hold:
                return await self._make(hold)
        except SpendingStopped as error:
            self._suspend(step.model, str(error))
            raise
        except ModelSuspended:
            return await self._tell(step, _failure("The operator has stopped this tool for now."))

    async def _make(self, hold: CallHold) -> StepResult:
        """Use a tool that is paid for: settled by what its provider charges, in doubt where nobody knows."""
        step = hold.call.step
        if self._is_closed():
            await hold.void(_STOPPED)
            raise BudgetReached(_STOPPED)
        try:
            outcome = await self._performed(step)
        except ToolsOff as error:
            await hold.void(str(error))
            return await self._tell(step, _failure(str(error)))
        except Exception as error:  # noqa: BLE001  (whatever a tool does, the job goes on; what it owes is in doubt)
            outcome = _failed(step, error, self._timeout_s(step))
            await hold.doubt(outcome.error, type(error).__name__)
            return await self._tell(step, outcome)
        charge = self._charge(step, outcome, hold.call.hold_nano)
        told = _told(step, outcome, charged_nano=charge.charged_nano, attempt=hold.call.attempt)
        return await hold.settle(told, charge)

    async def _outcome(self, step: Step) -> ToolOutcome:
        """Return what the use of a free tool came to, whatever happens."""
        try:
            return await self._performed(step)
        except ToolsOff as error:
            return _failure(str(error))
        except Exception as error:  # noqa: BLE001  (whatever a tool does, the job goes on)
            return _failed(step, error, self._timeout_s(step))

    async def _performed(self, step: Step) -> ToolOutcome:
        """Use the tool within its time. Raises ToolsOff, TimeoutError, and whatever a tool raises."""
        order = _order_of(step)
        if self._tools is None or order.tool not in self._specs:
            raise ToolsOff(f"The tool “{order.tool[:60]}” is not there any more.")
        async with asyncio.timeout(self._timeout_s(step)):
            return await self._tools.use(order, self._asker)

    def _charge(self, step: Step, outcome: ToolOutcome, hold_nano: int) -> Charge:
        uses = max(outcome.charged_uses, 0)
        cost = uses * self._specs[_order_of(step).tool].most_nano
        billed = billed_nano(cost, self._markup_bp)
        usage = Usage(input_tokens=0, output_tokens=0)
        return Charge(
            cost_nano=cost, billed_nano=billed, charged_nano=min(billed, hold_nano), usage=usage,
            raw_usage={"uses": uses}, usage_missing=False, provider_ref="",
        )  # fmt: skip

    def _hold(self, step: Step, hold_nano: int) -> CallHold:
        call = OpenCall(
            id=uuid.uuid4(),
            step=step,
            attempt=self._next_attempt(step.key),
            price_id=None,
            hold_nano=hold_nano,
            prompt_bytes=0,
            max_output_tokens=0,
        )
        return CallHold(
            call,
            purse=self._purse,
            journal=self._journal,
            control=self._control,
            left_to_next=lambda: False,
            cancel=_nothing_to_cancel,
        )

    async def _tell(self, step: Step, outcome: ToolOutcome) -> StepResult:
        told = _told(step, outcome, attempt=self._next_attempt(step.key))
        return await self._journal.tell(told)

    def _hold_nano(self, order: ToolOrder) -> int:
        spec = self._specs.get(order.tool)
        return billed_nano(spec.most_nano, self._markup_bp) if spec else 0

    def _timeout_s(self, step: Step) -> float:
        spec = self._specs.get(_order_of(step).tool)
        return _BACKSTOP * spec.timeout_s if spec else 0.0


def _order_of(step: Step) -> ToolOrder:
    assert step.order is not None, "a step that uses a tool says which"
    return step.order


def _told(step: Step, outcome: ToolOutcome, *, charged_nano: int = 0, attempt: int = 1) -> StepResult:
    """Return what is told of a use, in characters that every journal keeps."""
    told = StepResult.used(step, outcome, charged_nano=charged_nano, attempt=attempt)
    return replace(told, text=clean_text(told.text), note=_cleaned(told.note))


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return clean_text(value)
        case Mapping():
            return {clean_text(str(key)): _cleaned(each) for key, each in value.items()}
        case list() | tuple():
            return [_cleaned(each) for each in value]
    return value


def _failure(why: str) -> ToolOutcome:
    return ToolOutcome("", error=why)


def _failed(step: Step, error: Exception, timeout_s: float) -> ToolOutcome:
    if isinstance(error, TimeoutError):
        return _failure(f"It took longer than {timeout_s:.0f} seconds.")
    logger.warning("Tool %s of step %s failed.", _order_of(step).tool, step.key, exc_info=error)
    return _failure(f"The tool failed ({type(error).__name__}).")


async def _nothing_to_cancel(reference: str) -> None:
    del reference
