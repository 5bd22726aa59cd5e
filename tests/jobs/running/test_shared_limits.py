"""What workers know together of how many calls a model bears, in a real Redis, and what each does without it."""

import asyncio
import json
import time

import pytest
import redis

from jobs.core.model_limits import KEY, limits_by_model, redis_address
from jobs.worker.shared_limits import SharedLimits
from solver.core.errors import ErrorCategory, NotExecuted
from solver.engine.calls.concurrency import LEASE_S, Report
from solver.engine.calls.permits import Permits

MODEL = "openai/tested flex"


@pytest.fixture(autouse=True)
def _nothing_known_yet():
    """No limit in Redis."""
    with redis.from_url(redis_address()) as server:
        server.delete(KEY + MODEL)


@pytest.fixture
async def stores():
    """Five workers' connections to the same Redis."""
    made = [SharedLimits() for _ in range(5)]
    yield made
    for store in made:
        await store.close()


async def _under_way(count):
    """Wait until so many calls are known to be under way."""
    async with asyncio.timeout(30):
        while limits_by_model()[MODEL].under_way(time.time()) != count:  # noqa: ASYNC110  (nothing tells of it)
            await asyncio.sleep(0.05)


async def test_workers_share_one_limit_and_a_provider_s_wish(stores):
    """Two workers never have more calls under way than the limit, and both wait where one was refused."""
    one, two = (Permits(store, f"host-{number}") for number, store in enumerate(stores[:2]))
    begun = await asyncio.gather(*(permits.take(MODEL, "job") for permits in [one, two] * 16))
    assert all(begun)
    begun[0].failed(NotExecuted("429", category=ErrorCategory.BUSY, retry_after_s=30.0))
    await _under_way(31)
    waiting = asyncio.create_task(two.take(MODEL, "job"))
    for permit in begun[2:]:
        permit.answered()
    await _under_way(1)
    known = limits_by_model()[MODEL]
    # Halved; what was answered since may have added one or two.
    assert 16 <= known.limit < 18
    assert known.closed_until_s > time.time()
    assert not waiting.done()
    two.give_up("job")
    assert await waiting is None
    await one.close()
    await two.close()


async def test_no_report_is_lost_where_workers_report_at_once(stores):
    """Fifty reports through five connections at the same time: each is in the state that follows."""

    def report(host):
        return lambda limit, now_s: limit.tell(host, Report({host: 1}, {}), now_s)

    async def ten(number, store):
        for each in range(10):
            await store.change(MODEL, report(f"{number}-{each}"))

    await asyncio.gather(*(ten(number, store) for number, store in enumerate(stores)))
    assert limits_by_model()[MODEL].under_way(time.time()) == 50
    assert limits_by_model()[MODEL].under_way(time.time() + LEASE_S) == 0


async def test_a_change_that_others_overtake_every_time_is_made_by_its_worker_alone(stores):
    """It ends after so many tries, and Redis is asked again for the next one."""
    asked = []
    with redis.from_url(redis_address()) as other:

        def overtaken(limit, _):
            other.set(KEY + MODEL, json.dumps(limit.as_json()))
            asked.append(limit)
            return "done"

        assert await stores[0].change(MODEL, overtaken) == "done"
    assert 2 < len(asked) <= 51
    await stores[0].change(MODEL, lambda limit, now_s: limit.tell("host", Report({"host": 1}, {}), now_s))
    assert limits_by_model()[MODEL].under_way(time.time()) == 1


async def test_without_redis_each_worker_limits_itself(settings):
    """Calls are made all the same, and the page shows no limits."""
    settings.CACHES = {"default": {"LOCATION": "redis://127.0.0.1:9/0"}}
    store = SharedLimits()
    permits = Permits(store, "host")
    permit = await permits.take(MODEL, "job")
    permit.failed(NotExecuted("429", category=ErrorCategory.BUSY))
    assert await permits.take(MODEL, "job")
    assert limits_by_model() == {}
    await permits.close()
    await store.close()


async def test_what_no_release_understands_is_begun_anew(stores):
    """A value of another shape in Redis costs what was learned, and nothing else."""
    with redis.from_url(redis_address()) as server:
        server.set(KEY + MODEL, b'{"limit": "many"}')
    assert await stores[0].change(
        MODEL, lambda limit, now_s: limit.tell("host", Report({}, {"job": 2}), now_s)
    ) == {"job": 2}
