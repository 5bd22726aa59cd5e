"""Why a budget is suggested: what it buys, and what a larger one would add, both as quoted."""

from solver.core.money import format_usd, format_usd_about
from solver.quotes.quote import Quote, chance_in_words

LARGER = 10
"""By which factor the budget is larger that a suggested one is compared with."""


def why_suggested(said: Quote, larger: Quote | None, *, value_nano: int | None) -> str:
    """Return the reason as sentences; `larger` is what ten times as much, or the most allowed, would buy, if any."""
    pays = f"{format_usd(said.budget_nano)} pays for {_bought(said)}"
    worth = (
        f"A right answer is worth {format_usd(value_nano)} to you: this amount is expected to gain most. "
        if value_nano and not said.is_text
        else ""
    )
    if larger is None:
        return f"{worth}{pays}."
    return f"{worth}{pays}; {format_usd(larger.budget_nano)} would {_added(said, larger)}."


def _bought(said: Quote) -> str:
    if said.is_text:
        return f"about {said.tries_low} drafts" if said.tries_low > 1 else "one draft"
    return f"up to {said.tries_high:,} attempts" if said.tries_high > 1 else "one attempt"


def _added(said: Quote, larger: Quote) -> str:
    """Say what the larger budget adds to the quote of the suggested one."""
    if said.is_text:
        if larger.tries_low <= said.tries_low:
            return "pay for no more of them"
        cost = format_usd_about(larger.cost_p50_nano)
        return f"pay for about {larger.tries_low}, and typically cost {cost}"
    if said.right_probability is not None and larger.right_probability is not None:
        of, now, then = "a right answer", said.right_probability, larger.right_probability
    else:
        of, now, then = "an answer that the job is sure of", said.win_probability, larger.win_probability
    if chance_in_words(now) == chance_in_words(then) or then <= now:
        return f"hardly raise the chance of {of}, {chance_in_words(now)}"
    return f"raise the chance of {of} from {chance_in_words(now)} to {chance_in_words(then)}"
