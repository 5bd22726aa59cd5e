"""The audit finds damage: each case breaks the books behind the triggers' back and must be named."""

import pytest

from billing.books.audit import INVARIANTS, MAX_PER_INVARIANT, violations
from tests.billing.books import USD, doubt, settle, sql, void
from tests.support.quick_audit import breaks_a_promise

pytestmark = pytest.mark.breaks_the_books

CLOSE_WITH_MONEY = "UPDATE billing_account SET closed_at = now() WHERE kind = 'escrow' AND closed_at IS NULL"
DAMAGE = {
    "the entries of every transfer sum to zero": (
        "UPDATE billing_entry SET amount_nano = amount_nano + 1 WHERE account_id = 1"
    ),
    "every balance is the sum of its entries": (
        "UPDATE billing_account SET balance_nano = balance_nano + 1 WHERE kind = 'wallet'"
    ),
    "what is held is the sum of the open holds": (
        "UPDATE billing_account SET held_nano = held_nano + 1 WHERE kind = 'escrow' AND closed_at IS NULL"
    ),
    "every settled call has its transfer, with its amounts": (
        "UPDATE billing_call SET cost_nano = cost_nano + 1 WHERE state = 'settled'"
    ),
    "every call's transfer has its settled call": (
        "UPDATE billing_call SET state = 'void' WHERE state = 'settled'"
    ),
    "no user pays more for a call than was held": (
        "UPDATE billing_call SET billed_nano = hold_nano + 1 WHERE state = 'settled'"
    ),
    "a model is suspended once a call costs more than its hold": (
        "UPDATE billing_call SET overrun_nano = 1 WHERE state = 'settled'"
    ),
    "no closed escrow keeps money or holds": CLOSE_WITH_MONEY,
    "no call of a closed escrow is still held": CLOSE_WITH_MONEY,
    "every call in doubt of a closed escrow has its accrual": CLOSE_WITH_MONEY,
    "every call belongs to an existing escrow of its job, workspace and price": (
        "UPDATE billing_call SET price_id = 999999"
    ),
    "the cost review's sums are those of its calls": (
        "INSERT INTO billing_callsummark (until) SELECT max(finished_at) FROM billing_call"
    ),
    "what was posted for providers' bills is what their items say": (
        "INSERT INTO billing_reconciliationitem (provider, day, model, report_id, billed_nano, settled_nano, "
        "estimated_nano, accrued_nano, doubts, waiting_nano, accepted_nano, payable_posted_nano, suspense_posted_nano, "
        "postings, state, reason, changed_at) VALUES ('openai', '2026-11-01', 'openai/test', 1, 5, 0, 0, 0, 0, 0, 0, 5, "
        "0, 1, 'open', '', now())"
    ),
    "every credited top-up has its transfer": (
        "INSERT INTO billing_topup (id, workspace_id, user_id, amount_nano, state, checkout_session, checkout_url, "
        "payment_intent, credited_nano, reversed_nano, reversals, problem, created_at) SELECT gen_random_uuid(), "
        "workspace_id, user_id, 5, 'credited', '', '', 'pi_x', 5, 0, 0, '', now() FROM accounts_membership LIMIT 1"
    ),
}
DAMAGE["what was refunded or disputed of a top-up is in its transfers"] = DAMAGE[
    "every credited top-up has its transfer"
].replace("5, 0, 0", "5, 3, 1")
DAMAGE["a top-up gives back what refunds of it were asked for"] = (
    f"{DAMAGE['every credited top-up has its transfer']}; INSERT INTO billing_refund (id, request, top_up_id, by_id, "
    "by_staff, reason, cents, state, stripe_refund, problem, created_at) SELECT gen_random_uuid(), gen_random_uuid(), "
    "id, user_id, false, '', 7, 'done', '', '', now() FROM billing_topup LIMIT 1"
)
# The floor is a CHECK, which no trick turns off; the query stays as a second opinion.
UNBREAKABLE = {"no floored account lacks what it holds"}


@pytest.fixture
def busy(job):
    """A job with one call in each state."""
    for finish in (lambda call: settle(call, USD), void, doubt, lambda call: None):
        finish(job.hold(2 * USD)[0])
    assert violations() == []
    assert not breaks_a_promise()
    return job


@pytest.mark.parametrize("invariant", DAMAGE)
def test_damage_is_found(busy, invariant):
    """Each promise has a query that notices when it is broken."""
    sql("SET LOCAL session_replication_role = replica")
    sql(DAMAGE[invariant])
    found = violations()
    assert invariant in {violation.invariant for violation in found}
    assert breaks_a_promise()
    assert all(violation.detail for violation in found)


def test_every_promise_has_a_test():
    """No invariant is without its damage."""
    assert set(DAMAGE) | UNBREAKABLE == set(INVARIANTS)


def test_a_broken_book_is_told_in_brief(busy):
    """A few examples of each kind of damage are enough."""
    for _ in range(MAX_PER_INVARIANT + 5):
        settle(busy.hold(1)[0], 1)
    sql("SET LOCAL session_replication_role = replica")
    sql("UPDATE billing_call SET cost_nano = cost_nano + 1 WHERE state = 'settled'")
    assert len(violations()) == MAX_PER_INVARIANT
