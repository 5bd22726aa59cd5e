"""A call's hold ends in exactly one way, in the purse as in the journal."""

import asyncio
import uuid

import pytest

from solver.core.errors import BudgetReached, InDoubt, LeaseLost, ModelSuspended, NotExecuted
from solver.core.pricing import Usage
from solver.core.purse import Purse
from solver.core.steps import Status, Step, StepKind, StepResult
from solver.engine.calls.call_hold import CallHold
from solver.engine.control import Control, Stop
from solver.engine.journal import Charge, MemoryJournal, OpenCall

HOLD_NANO = 100


class Journal(MemoryJournal):
    """Opens calls when it is let, and refuses when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.refusal: Exception | None = None
        self.has_money = True

    async def open(self, call: OpenCall) -> bool:
        if not self.has_money:
            return False
        await super().open(call)
        await self.may_open.wait()
        if self.refusal:
            raise self.refusal
        return True


class Case:
    """One call with its purse and journal."""

    def __init__(self, *, reference: str = "", job_ends: bool = False) -> None:
        self.purse = Purse(1_000)
        self.purse.hold(HOLD_NANO)
        self.journal, self.control, self.cancelled = Journal(), Control(), []
        self.call = OpenCall(uuid.uuid4(), Step("sample/0", StepKind.SAMPLE), 1, 1, HOLD_NANO, 10, 10)
        if reference:
            self.journal.calls[self.call.id] = (self.call, "held")
        self.hold = CallHold(
            self.call, purse=self.purse, journal=self.journal, control=self.control,
            left_to_next=lambda: not job_ends, cancel=self.cancel, reference=reference,
        )  # fmt: skip

    async def cancel(self, reference: str) -> None:
        self.cancelled.append(reference)

    @property
    def money(self) -> tuple[int, int, int]:
        """Settled, held, in doubt."""
        return self.purse.settled_nano, self.purse.held_nano, self.purse.in_doubt_nano

    @property
    def row(self) -> str:
        """What the journal says of the call."""
        return self.journal.calls[self.call.id][1]


async def test_a_block_that_ends_its_call_in_no_way_raises():
    """Money must not be forgotten: neither settled nor given up is a fault of the caller's."""
    case = Case()
    with pytest.raises(RuntimeError, match="neither settled nor given up"):
        async with case.hold:
            pass


async def test_a_settled_call_is_charged():
    """What the result says is charged; the rest of the hold is free."""
    case = Case()
    async with case.hold as hold:
        result = StepResult("sample/0", StepKind.SAMPLE, Status.OK, charged_nano=30)
        await hold.settle(result, Charge(30, 30, 30, Usage(), None, usage_missing=False, provider_ref=""))
    assert (case.money, case.row) == ((30, 0, 0), "settled")


@pytest.mark.parametrize(
    ("error", "money", "row"),
    [
        (NotExecuted("429"), (0, 0, 0), "void"),
        (InDoubt("cut"), (0, 0, HOLD_NANO), "in_doubt"),
        (ZeroDivisionError(), (0, 0, HOLD_NANO), "in_doubt"),
        (asyncio.CancelledError(), (0, 0, HOLD_NANO), "in_doubt"),
    ],
)
async def test_an_error_ends_the_call_as_it_says(error, money, row):
    """Provably not executed gives the hold back; anything else may have been executed."""
    case = Case()
    with pytest.raises(type(error)):
        async with case.hold:
            raise error
    assert (case.money, case.row) == (money, row)


async def test_what_may_be_someone_elses_by_now_is_left_alone():
    """Whoever lost the lease writes nothing; the next claim doubts the call."""
    case = Case()
    case.control.request(Stop.FENCED)
    with pytest.raises(ZeroDivisionError):
        async with case.hold:
            raise ZeroDivisionError
    assert (case.money, case.row) == ((0, HOLD_NANO, 0), "held")


@pytest.mark.parametrize(("job_ends", "row"), [(False, "held"), (True, "in_doubt")])
async def test_a_call_with_a_reference_is_left_to_the_next_execution(job_ends, row):
    """Only where the job ends is it cancelled at the provider and in doubt."""
    case = Case(reference="ref-1", job_ends=job_ends)
    with pytest.raises(asyncio.CancelledError):
        async with case.hold:
            raise asyncio.CancelledError
    assert (case.row, case.cancelled) == (row, ["ref-1"] if job_ends else [])


async def test_a_call_that_was_cancelled_while_it_was_opened_is_void():
    """Its row may be committed by then: it says that nothing was sent, and the money is free in purse and journal."""
    case = Case()
    case.journal.may_open.clear()

    async def make() -> None:
        async with case.hold:
            pytest.fail("The call was cancelled before.")

    task = asyncio.create_task(make())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0.01)
    assert case.money == (0, HOLD_NANO, 0)
    case.journal.may_open.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (case.money, case.row) == ((0, 0, 0), "void")


async def test_a_refused_hold_is_free_again():
    """No money in the escrow, a model that must not be called: nothing was written, and nothing stays held."""
    poor, suspended = Case(), Case()
    poor.journal.has_money = False
    suspended.journal.refusal = ModelSuspended("suspended")
    for case, error in ((poor, BudgetReached), (suspended, ModelSuspended)):
        with pytest.raises(error):
            async with case.hold:
                pytest.fail("It was refused.")
        assert case.money == (0, 0, 0)


async def test_a_lost_lease_is_noticed_by_a_doubt():
    """The journal refuses: every other call of the job stops, too."""
    case = Case()

    async def refused(*_: object, **__: object) -> None:
        raise LeaseLost("gone")

    case.journal.doubt = refused
    with pytest.raises(LeaseLost):
        async with case.hold:
            raise InDoubt("cut")
    assert case.control.stop is Stop.FENCED
