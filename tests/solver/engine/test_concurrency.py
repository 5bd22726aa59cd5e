"""How many calls a model bears at once: growth and cuts, fairness between jobs, and hosts that die."""

import asyncio
import time
from dataclasses import replace

import pytest

from solver.core.errors import ErrorCategory, InDoubt, ModelSuspended, NotExecuted, ProviderDown
from solver.core.steps import Status
from solver.engine.calls.concurrency import FIRST_LIMIT, LEASE_S, ModelLimit, Refusal, Report
from solver.engine.calls.permits import LocalLimits, Permits
from solver.engine.control import Stop
from tests.solver.simulated import Bench, Provider, card

OTHERS = replace(card("openai/one"), bundled=False)


def test_it_doubles_until_the_first_refusal_then_halves_and_grows_by_one_a_round():
    """Each round trip of a full limit doubles it at first; once the provider has refused, it adds one."""
    limit = ModelLimit()
    full = {"job": int(FIRST_LIMIT)}
    limit.tell("host", Report(full, {}, answered=32), 1.0)
    assert limit.limit == 64
    limit.tell("host", Report({"job": 64}, {}, refused=[Refusal(0.5)]), 2.0)
    assert limit.limit == 32
    limit.tell("host", Report(full, {}, answered=32), 3.0)
    assert limit.limit == 33


def test_calls_that_were_under_way_at_a_cut_do_not_cut_again():
    """A whole wave refused at once is one piece of news; a call begun after it is another."""
    limit = ModelLimit()
    limit.tell("host", Report({"job": 32}, {}, refused=[Refusal(0.1)] * 9), 1.0)
    assert limit.limit == 16
    limit.tell("host", Report({"job": 16}, {}, refused=[Refusal(0.2)]), 2.0)
    assert limit.limit == 16
    limit.tell("host", Report({"job": 16}, {}, refused=[Refusal(1.5)]), 3.0)
    assert limit.limit == 8


def test_a_limit_that_nobody_comes_near_does_not_grow():
    """What was never tried is not known to be borne."""
    limit = ModelLimit()
    limit.tell("host", Report({"job": 3}, {}, answered=500), 1.0)
    assert limit.limit == FIRST_LIMIT


def test_it_never_falls_below_one_call():
    """However often a provider refuses, somebody has to find out when it does not."""
    limit = ModelLimit()
    for moment in range(1, 20):
        limit.tell("host", Report({"job": 1}, {}, refused=[Refusal(moment - 0.5)]), float(moment))
    assert limit.tell("host", Report({}, {"job": 5}), 30.0) == {"job": 1}


def test_a_wish_to_be_left_alone_holds_for_all_hosts():
    """No host begins a call before the moment that one of them was told."""
    limit = ModelLimit()
    limit.tell("one", Report({}, {}, refused=[Refusal(0.0, retry_after_s=20.0)]), 10.0)
    assert limit.tell("two", Report({}, {"job": 1}), 29.9) == {}
    assert limit.tell("two", Report({}, {"job": 1}), 30.0) == {"job": 1}


def test_free_places_go_to_the_jobs_with_the_fewest_calls():
    """A job that came first and took all gives every place that falls free to the one that came later."""
    limit = ModelLimit()
    assert limit.tell("one", Report({}, {"early": 100}), 1.0) == {"early": 32}
    assert limit.tell("two", Report({}, {"late": 100}), 1.1) == {}
    # Nine calls of the early job end: it wants them back, and they are kept for the other host's job.
    assert limit.tell("one", Report({"early": 23}, {"early": 77}), 1.2) == {}
    assert limit.tell("two", Report({}, {"late": 100}), 1.3) == {"late": 9}
    # With as many each, both get their share.
    assert limit.tell("one", Report({"early": 9}, {"early": 77}), 1.4) == {"early": 7}


def test_free_places_are_given_out_without_looking_at_every_job_each_time():
    """Hundreds of jobs and a thousand places must not hold a worker's event loop up."""
    compared = []

    class Job(str):
        __slots__ = ()

        def __lt__(self, other: str) -> bool:
            compared.append(self)
            return str.__lt__(self, other)

    limit = ModelLimit(limit=100.0)
    granted = limit.tell("host", Report({}, {Job(f"{number:03}"): 5 for number in range(200)}), 1.0)
    assert granted == {f"{number:03}": 1 for number in range(100)}
    assert len(compared) < 4_000


def test_what_nobody_asks_for_any_more_is_not_kept_free():
    """A host that waited and fell silent keeps nobody from the places."""
    limit = ModelLimit()
    limit.tell("one", Report({}, {"early": 32}), 1.0)
    limit.tell("dead", Report({}, {"late": 100}), 1.1)
    assert limit.tell("one", Report({"early": 20}, {"early": 12}), 10.0) == {"early": 12}


def test_calls_of_a_dead_host_count_until_its_lease_ends():
    """A host killed with calls under way leaves no place taken for ever."""
    limit = ModelLimit()
    limit.tell("dead", Report({}, {"job": 32}), 1.0)
    assert limit.tell("other", Report({}, {"job": 4}), LEASE_S) == {}
    assert limit.tell("other", Report({}, {"job": 4}), 1.0 + LEASE_S) == {"job": 4}


def test_what_is_shared_reads_back():
    """The state survives the form in which workers share it."""
    limit = ModelLimit()
    limit.tell("host", Report({"a": 2}, {"b": 3}, refused=[Refusal(0.0, 5.0)]), 1.0)
    assert ModelLimit.from_json(limit.as_json()) == limit


async def test_a_run_never_exceeds_the_limit_and_learns_from_refusals():
    """Sixteen slots against a provider that bears four calls: the limit comes down to what it bears."""
    store = LocalLimits()

    def bears_four(request, number):
        if provider.in_flight > 4:
            return NotExecuted("429", category=ErrorCategory.BUSY, retry_after_s=0.0)
        return f"Answer: {number}"

    provider = Provider(bears_four, delay_s=0.001)
    bench = Bench(provider, panel=[OTHERS], budget_nano=30_000_000)
    await bench.run(permits=Permits(store, "host"))
    assert store.limits["openai/one"].limit < 16
    assert bench.purse.held_nano == bench.purse.in_doubt_nano == 0


@pytest.mark.parametrize("bundled", [True, False])
async def test_a_server_gets_no_more_calls_than_it_answers_at_a_time(bundled):
    """What waits waits here, where nothing is held for it and no time of the call runs out."""
    seen = []

    def replies(_, number):
        seen.append(provider.in_flight)
        return f"Answer: {number}"

    provider = Provider(replies, delay_s=0.001)
    bench = Bench(provider, panel=[replace(OTHERS, at_once=2, bundled=bundled)], budget_nano=30_000_000)
    await bench.run(permits=Permits(LocalLimits(), "host"))
    assert max(seen) == 2


async def test_the_wait_for_a_permit_is_no_failure_of_the_provider():
    """A call that waited for long, and is then refused a few times, is still made."""
    queued_s = 0.0

    class Queue(Permits):
        async def take(self, model, job, most=0):
            nonlocal queued_s
            queued_s += 40.0
            return await super().take(model, job, most)

    def refuses_twice(request, _):
        asked[request.seed] = asked.get(request.seed, 0) + 1
        if asked[request.seed] < 3:
            return NotExecuted("429", category=ErrorCategory.BUSY, retry_after_s=0.0)
        return "Answer: 42"

    asked: dict[int, int] = {}
    bench = Bench(Provider(refuses_twice), panel=[OTHERS], clock=lambda: queued_s + time.monotonic())
    bench.limits = replace(bench.limits, patience_s=30, slots=1)
    outcome = await bench.run(permits=Queue(LocalLimits(), "host"))
    assert outcome.best.answer == "42"
    assert not [result for result in bench.journal.results if result.status is Status.FAILED]


async def test_a_stop_ends_the_waiting_and_gives_the_money_back():
    """Calls that wait for their permit are not made, and nothing of them stays held or in doubt."""
    store = LocalLimits()
    limit = store.limits["openai/one"] = ModelLimit(limit=1.0)
    provider = Provider(lambda *_: "Answer: 42", delay_s=0.05)
    bench = Bench(provider, panel=[OTHERS])
    running = asyncio.create_task(bench.run(permits=Permits(store, "host")))
    while not provider.requests:  # noqa: ASYNC110  (nothing tells of it)
        await asyncio.sleep(0.005)
    bench.control.request(Stop.FINISH)
    await running
    assert len(provider.requests) == len(bench.journal.calls) == 1
    assert bench.purse.held_nano == bench.purse.in_doubt_nano == 0
    assert limit.under_way(limit.cut_s) <= 1


@pytest.mark.parametrize("error", [NotExecuted, InDoubt])
async def test_a_provider_that_wants_an_hour_of_quiet_makes_the_job_wait(error, monkeypatch):
    """No call is made before; a job without another model waits outside its worker."""
    monkeypatch.setattr("solver.engine.calls.attempts._DOUBT_BACKOFF_S", 0.02)
    store = LocalLimits()
    refusal = error("busy", category=ErrorCategory.BUSY, retry_after_s=3_600.0)
    provider = Provider(lambda *_: refusal)
    bench = Bench(provider, panel=[OTHERS])
    with pytest.raises(ProviderDown):
        await bench.run(permits=Permits(store, "host"))
    asked = len(provider.requests)
    with pytest.raises(ModelSuspended):
        await Permits(store, "another").take("openai/one", "job")
    assert asked == len(provider.requests)
    assert bench.purse.held_nano == 0
