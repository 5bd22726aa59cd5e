"""What can go wrong with money: a code for programs and a message for people.

BillingError
├── NotEnoughMoney      the workspace can't pay for what it asks
├── LedgerError         a transfer that must not be (a key used twice for different things)
└── StripeProblem       Stripe is not set up, did not answer, or said something unexpected
"""

from solver.core.money import NANO_PER_CENT, format_usd_at_least, format_usd_at_most


class BillingError(Exception):
    """`code` is for programs and tests, `message` for the person who asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class LedgerError(BillingError):
    """A transfer that contradicts the books."""


class StripeProblem(BillingError):
    """Stripe is not set up, did not answer, or answered something unexpected; `about` is the id of a payment, if any."""

    def __init__(self, code: str, message: str, *, about: str = "") -> None:
        super().__init__(code, message)
        self.about = about


class NotEnoughMoney(BillingError):
    """A workspace asked for more than it may spend. All amounts are nano-USD."""

    def __init__(self, *, needed_nano: int, usable_nano: int, unusable_trial_nano: int) -> None:
        self.needed_nano = needed_nano
        self.usable_nano = usable_nano
        self.unusable_trial_nano = unusable_trial_nano
        super().__init__("not_enough_money", _explain(needed_nano, usable_nano, unusable_trial_nano))


def _explain(needed_nano: int, usable_nano: int, unusable_trial_nano: int) -> str:
    usable = format_usd_at_most(usable_nano)
    sentences = [f"This needs {format_usd_at_least(needed_nano)}, but {usable} is available."]
    if unusable_trial_nano > 0:
        sentences.append(
            f"Your trial credit of {format_usd_at_most(unusable_trial_nano)} can't be used here: it pays only for the "
            "bundled models, and other models are chosen."
        )
    choices = ["add money to the wallet"]
    if unusable_trial_nano > 0:
        choices.append("choose only bundled models")
    if usable_nano >= NANO_PER_CENT:
        choices.append(f"lower the budget to {usable} or less")
    sentences.append(f"{' or '.join(choices).capitalize()}.")
    return " ".join(sentences)
