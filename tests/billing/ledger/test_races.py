"""Two connections at once: the database decides, and money is never counted twice."""

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connection

from billing.books.wallet import grant
from billing.errors import NotEnoughMoney
from billing.models import AccountKind, Call
from tests.billing.books import USD, JobMoney, settle, start_job


def together(*tasks: Callable[[], object]) -> list[object]:
    """Run tasks at the same moment, each on its own connection; return results or exceptions, in order."""
    results: list[object] = [None] * len(tasks)
    gate = threading.Barrier(len(tasks))

    def run(index: int, task: Callable[[], object]) -> None:
        try:
            gate.wait(120)
            results[index] = task()
        except Exception as error:  # noqa: BLE001  (the test looks at it)
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    return results


@pytest.fixture
def shared(transactional_db, job) -> JobMoney:
    """A job with $10, visible to every connection."""
    return job


def test_holds_never_exceed_the_budget(shared):
    """Of 16 holds of $1.50 sent at once on 8 connections, exactly six fit into $10."""
    said = together(*(lambda: [shared.hold(3 * USD // 2)[1] for _ in range(2)] for _ in range(8)))
    flat = [answer for pair in said for answer in pair]
    assert sorted(flat) == ["held"] * 6 + ["refused"] * 10
    assert shared.state == (10 * USD, 9 * USD)


def test_one_call_sent_by_two_connections_is_held_once(shared):
    """A batch retried while the first try still commits finds one row."""
    call = uuid.uuid4()
    said = together(*(lambda: shared.hold(USD, call=call, step="same")[1] for _ in range(6)))
    assert said == ["held"] * 6
    assert shared.state == (10 * USD, USD)
    assert Call.objects.count() == 1


def test_one_call_is_settled_once(shared):
    """Eight settlements at once charge once."""
    call, _ = shared.hold(2 * USD)
    assert together(*(lambda: settle(call, USD) for _ in range(8))) == ["settled"] * 8
    assert shared.state == (9 * USD, 0)


def test_settling_while_the_job_ends_neither_loses_nor_doubles(shared):
    """Each reply is either charged before the end or carried by the house; all money is accounted for."""
    held = [shared.hold(USD)[0] for _ in range(8)]
    outcomes = together(
        shared.close, *(lambda call=call: settle(call, USD // 2) for call in held), shared.close
    )
    settlements = [outcome for outcome in outcomes if not isinstance(outcome, str)]
    settled = outcomes.count("settled")
    assert settled + outcomes.count("in_doubt") == 8
    assert settlements[0] == settlements[1]
    assert settlements[0].charged_nano == settled * USD // 2
    assert settlements[0].returned_nano == 10 * USD - settled * USD // 2
    assert shared.state == (0, 0)


def test_two_jobs_never_spend_the_same_money(shared, purse):
    """Of five jobs that each want $6 of a wallet with $15, two start."""
    said = together(*(lambda: start_job(shared.workspace, 6 * USD) for _ in range(5)))
    assert sum(isinstance(outcome, JobMoney) for outcome in said) == 2
    assert sum(isinstance(outcome, NotEnoughMoney) for outcome in said) == 3
    assert purse(shared.workspace) == 3 * USD


def test_one_grant_by_key_arrives_once(shared, purse):
    """The same key from many connections posts one transfer."""
    before = purse(shared.workspace, AccountKind.TRIAL)
    gift = {"amount_nano": USD, "by": None, "reason": "gift", "to_trial": True, "key": "gift:1"}
    postings = together(*(lambda: grant(workspace=shared.workspace, **gift) for _ in range(8)))
    assert sum(posting.is_new for posting in postings) == 1
    assert purse(shared.workspace, AccountKind.TRIAL) == before + USD


def test_opposite_orders_of_accounts_do_not_deadlock(shared):
    """Jobs of one workspace end and start at once; everyone locks in the same order, so nobody waits for ever."""
    jobs = [start_job(shared.workspace, USD, trial_allowed=False) for _ in range(6)]
    outcomes = together(
        *(job.close for job in jobs),
        *(lambda: start_job(shared.workspace, USD // 2, trial_allowed=False) for _ in range(6)),
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
