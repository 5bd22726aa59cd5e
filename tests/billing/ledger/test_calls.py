"""The functions of the hot path: hold, settle, void, doubt; each says what happened and may be repeated."""

import uuid

import pytest

from billing.models import SYSTEM_ACCOUNTS, Call
from tests.billing.books import USD, call_of, doubt, entries_of, settle, sql, start_job, void

REVENUE, COST, PAYABLE, OVERRUN = (
    SYSTEM_ACCOUNTS[kind] for kind in ("revenue", "provider_cost", "provider_payable", "house_overrun")
)


def test_a_hold_reserves_and_records(job):
    """A hold takes its amount out of reach and leaves a row with its bounds."""
    call, said = job.hold(3 * USD)
    assert said == "held"
    assert job.state == (10 * USD, 3 * USD)
    row = call_of(call)
    assert (row.state, row.hold_nano, row.job_id, row.lease_token) == ("held", 3 * USD, job.job_id, 1)
    assert (row.prompt_bytes, row.max_output_tokens, row.price_id) == (100, 50, job.price_id)


def test_a_repeated_hold_holds_once(job):
    """A batch that is sent again finds its own row."""
    call, _ = job.hold(3 * USD, step="a")
    assert job.hold(3 * USD, call=call, step="a")[1] == "held"
    assert job.state == (10 * USD, 3 * USD)


def test_a_repeated_hold_is_held_even_when_the_escrow_is_full(job):
    """Finding the own row does not need room for a second one."""
    call, _ = job.hold(10 * USD, step="a")
    assert job.hold(10 * USD, call=call, step="a")[1] == "held"
    assert job.state == (10 * USD, 10 * USD)


def test_a_hold_beyond_the_budget_is_refused(job):
    """What does not fit is refused, leaving nothing; the last nano-dollar still fits."""
    job.hold(6 * USD)
    call, said = job.hold(4 * USD + 1)
    assert said == "refused"
    assert not Call.objects.filter(pk=call).exists()
    assert job.hold(4 * USD)[1] == "held"
    assert job.hold(1)[1] == "refused"
    assert job.hold(0)[1] == "held"


def test_a_second_call_for_the_same_attempt_is_a_conflict(job):
    """Job, step key and attempt name one call; the other keeps nothing held."""
    job.hold(USD, step="explore/1")
    assert job.hold(USD, step="explore/1")[1] == "conflict"
    assert job.hold(USD, step="explore/1", attempt=2)[1] == "held"
    assert job.state == (10 * USD, 2 * USD)


@pytest.mark.parametrize("nano", [-1, None])
def test_a_hold_is_never_negative(job, nano):
    """A negative or missing amount can't free money."""
    assert job.hold(nano)[1] == "refused"
    assert job.state == (10 * USD, 0)


def test_a_hold_needs_an_open_escrow(job):
    """Neither a closed escrow nor a wallet can be held from."""
    wallet = job.workspace.accounts.get(kind="wallet")
    job.close()
    assert job.hold(0)[1] == "refused"
    job.escrow = wallet
    assert job.hold(0)[1] == "refused"


def test_settling_charges_and_frees_the_rest(job):
    """The user pays what was billed, the provider is owed its cost, the hold is gone."""
    call, _ = job.hold(3 * USD)
    assert settle(call, 2 * USD, cost=USD) == "settled"
    assert job.state == (8 * USD, 0)
    assert entries_of(f"call:{call}") == {job.escrow.pk: -2 * USD, REVENUE: 2 * USD, COST: -USD, PAYABLE: USD}
    row = call_of(call)
    assert (row.billed_nano, row.cost_nano, row.overrun_nano) == (2 * USD, USD, 0)
    assert (row.input_tokens, row.cache_read_tokens, row.output_tokens, row.reasoning_tokens) == (
        90,
        10,
        80,
        5,
    )
    assert row.usage == {}
    assert row.finished_at is not None


def test_settling_twice_charges_once(job):
    """A repeated settlement says the same and changes nothing, whatever it claims now."""
    call, _ = job.hold(3 * USD)
    assert [settle(call, USD), settle(call, USD), settle(call, 3 * USD)] == ["settled"] * 3
    assert job.state == (9 * USD, 0)


def test_the_house_pays_beyond_the_hold(job):
    """However much a provider charges, the user pays at most the hold."""
    call, _ = job.hold(USD)
    assert [settle(call, 3 * USD), settle(call, 3 * USD)] == ["overrun", "overrun"]
    assert job.state == (9 * USD, 0)
    assert entries_of(f"call:{call}") == {
        job.escrow.pk: -USD,
        OVERRUN: -2 * USD,
        REVENUE: 3 * USD,
        COST: -3 * USD,
        PAYABLE: 3 * USD,
    }
    row = call_of(call)
    assert (row.billed_nano, row.overrun_nano) == (USD, 2 * USD)


def test_a_free_call_leaves_a_transfer_without_entries(job):
    """Zero amounts are no entries, but the call is still on the books."""
    call, _ = job.hold(0)
    assert settle(call, 0) == "settled"
    assert entries_of(f"call:{call}") == {}
    assert sql("SELECT count(*) FROM billing_transfer WHERE key = %s", f"call:{call}") == 1


def test_nonsense_amounts_charge_nothing(job):
    """Negative or missing amounts count as zero; they never pay anyone."""
    for billed in (-5, None):
        call, _ = job.hold(USD)
        assert settle(call, billed, cost=-7) == "settled"
    assert job.state == (10 * USD, 0)


def test_voiding_frees_the_whole_hold(job):
    """A call that was not executed costs nothing, and stays on record with its reason."""
    call, _ = job.hold(3 * USD)
    assert [void(call), void(call)] == ["void", "void"]
    assert job.state == (10 * USD, 0)
    assert call_of(call).error == "connection refused"
    assert settle(call, USD) == "void"


def test_doubt_keeps_the_money_out_of_reach(job):
    """Nobody knows what the call cost, so its hold is never spent again while the job lives."""
    call, _ = job.hold(3 * USD)
    assert [doubt(call), doubt(call)] == ["in_doubt", "in_doubt"]
    assert job.state == (10 * USD, 3 * USD)
    assert job.hold(8 * USD)[1] == "refused"
    assert [settle(call, USD), void(call)] == ["in_doubt", "in_doubt"]
    assert job.state == (10 * USD, 3 * USD)


def test_only_holds_of_older_leases_become_doubtful(job, rich):
    """A new lease doubts what its predecessors left in flight, and only of its own job."""
    other = start_job(rich, USD, trial_allowed=False)
    old, _ = job.hold(USD)
    settled, _ = job.hold(USD)
    settle(settled, USD)
    foreign, _ = other.hold(USD)
    job.token = 2
    new, _ = job.hold(USD)
    assert sql("SELECT billing_doubt_stale(%s, 2)", job.job_id) == 1
    assert sql("SELECT billing_doubt_stale(%s, 2)", job.job_id) == 0
    assert [call_of(call).state for call in (old, settled, foreign, new)] == [
        "in_doubt",
        "settled",
        "held",
        "held",
    ]


def test_unknown_calls_are_named_so(db):
    """A call that was never held has no outcome."""
    nobody = uuid.uuid4()
    assert [settle(nobody, 1), void(nobody), doubt(nobody)] == ["unknown"] * 3


def test_long_texts_are_cut_not_refused(job):
    """A provider's long error or reference can't spoil a batch."""
    call, _ = job.hold(USD)
    assert sql("SELECT billing_void(%s, %s)", call, "x" * 10_000) == "void"
    assert len(call_of(call).error) == 500
    call, _ = job.hold(USD)
    assert sql("SELECT billing_settle(%s, 1, 1, 1, 0, 0, 1, 0, NULL, true, %s)", call, "r" * 999) == "settled"
    assert len(call_of(call).provider_ref) == 200
    assert call_of(call).usage_missing is True


def test_a_settlement_reads_no_table_as_a_whole(job):
    """Neither other calls in flight nor other accounts make a settlement slower: all are found by key."""
    for _ in range(30):
        job.hold(1)
    call, _ = job.hold(1)
    # Small tables are read as a whole by choice; what is asked is whether there is another way.
    sql("SET LOCAL enable_seqscan = off")
    sql("DISCARD PLANS")
    read = "SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname IN ('billing_call', 'billing_account')"
    before = sql(read)
    settle(call, 1)
    after = sql(read)
    assert after == before
