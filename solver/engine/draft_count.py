"""How many drafts of a text a budget is worth, to be written and compared."""

from solver.inference.tournament import MOST_ENTRANTS, most_comparisons

MOST_IMPROVEMENTS = 6
MOST_DRAFTS = MOST_ENTRANTS - MOST_IMPROVEMENTS
UNJUDGED = 3
"""So many drafts are written where nobody can compare them: enough to see what most of them come to."""
_FEW = 5
"""More drafts than so many are written only for a multiple of what they cost: each adds less than the last."""


def drafts_cost_nano(drafts: int, *, draft_nano: int, compare_nano: int) -> int:
    """Return what so many drafts and all comparisons of them cost, in nano-USD."""
    return drafts * draft_nano + most_comparisons(drafts) * compare_nano


def drafts_for(budget_nano: int, *, draft_nano: int, compare_nano: int, is_judged: bool) -> int:
    """Return how many drafts are wanted, at least one: so many as the money covers and comparing them."""
    counts = range(2, (MOST_DRAFTS if is_judged else UNJUDGED) + 1)
    needed = {
        count: drafts_cost_nano(count, draft_nano=draft_nano, compare_nano=compare_nano) for count in counts
    }
    # Two may take nearly all of the money; more leave a third for better texts, and beyond a few, ever more of it.
    wanted = {
        count: need * 10 // 9 if count == 2 or not is_judged else need * 3 // 2 * max(count - _FEW, 1)
        for count, need in needed.items()
    }
    return max((count for count, need in wanted.items() if need <= budget_nano), default=1)
