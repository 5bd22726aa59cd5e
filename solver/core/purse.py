"""The purse: what holds a job's money while it runs.

Invariant, at every moment: settled + held + in doubt ≤ limit. Amounts are integer nano-USD that the user pays. The
purse of a running job mirrors its escrow account, which makes the same decision once more in the database.
"""

from dataclasses import dataclass

from solver.core.errors import BudgetReached


@dataclass(slots=True)
class Purse:
    """Money of one job.

    The reserve is part of the limit and open to the final write-up only. The last resort is kept back until there is an
    answer, for one more try should everything else have come to nothing (solver/engine/last_resort.py).
    """

    limit_nano: int
    reserve_nano: int = 0
    settled_nano: int = 0
    held_nano: int = 0
    in_doubt_nano: int = 0
    last_resort_nano: int = 0

    def remaining_nano(self) -> int:
        """Return what is neither settled nor held nor in doubt."""
        return self.limit_nano - self.settled_nano - self.held_nano - self.in_doubt_nano

    def spendable_nano(self, *, final: bool = False) -> int:
        """Return what a step may hold: the remaining money, without what is kept back unless it is the final step."""
        return self.remaining_nano() - (0 if final else self.reserve_nano + self.last_resort_nano)

    def hold(self, amount_nano: int, *, final: bool = False) -> None:
        """Hold money for a call. Raises BudgetReached if it does not fit."""
        if amount_nano < 0:
            raise ValueError(f"A hold cannot be negative: {amount_nano} nano-USD")
        if amount_nano > self.spendable_nano(final=final):
            raise BudgetReached(f"{amount_nano} nano-USD do not fit into {self.spendable_nano(final=final)}")
        self.held_nano += amount_nano

    def settle(self, hold_nano: int, charged_nano: int) -> None:
        """Turn a hold into a charge of at most the hold; the difference is free again."""
        if not 0 <= charged_nano <= hold_nano <= self.held_nano:
            raise ValueError(
                f"Cannot settle {charged_nano} of a hold of {hold_nano} with {self.held_nano} held"
            )
        self.held_nano -= hold_nano
        self.settled_nano += charged_nano

    def void(self, hold_nano: int) -> None:
        """Give a hold back: the call was provably not executed."""
        if not 0 <= hold_nano <= self.held_nano:
            raise ValueError(f"Cannot void {hold_nano} with {self.held_nano} held")
        self.held_nano -= hold_nano

    def doubt(self, hold_nano: int) -> None:
        """Put a hold out of reach: the call may have been executed."""
        self.void(hold_nano)
        self.in_doubt_nano += hold_nano
