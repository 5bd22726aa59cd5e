"""Turns are shared fairly, and none is lost."""

import asyncio

from solver.judging.fair_queue import FairQueue


async def test_who_comes_later_does_not_wait_for_all_of_another_one():
    """Of two owners each has every second turn, however many one of them wants."""
    queue = FairQueue(1)
    order: list[str] = []

    async def work(owner: str) -> None:
        async with queue.turn(owner):
            order.append(owner)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(work("many"))
        await asyncio.sleep(0)
        for _ in range(2):
            group.create_task(work("few"))
    assert sorted(order[:5]) == ["few", "few", "many", "many", "many"]


async def test_an_owner_alone_may_use_every_slot():
    """Slots are not kept free for nobody."""
    queue = FairQueue(2)
    async with queue.turn("one"), asyncio.timeout(60), queue.turn("one"):
        pass


async def test_a_cancelled_wait_takes_no_turn_and_loses_none():
    """Whoever gives up leaves the queue; whoever is cancelled with a turn hands it on."""
    queue = FairQueue(1)
    async with queue.turn("first"):
        tasks = [asyncio.create_task(_take(queue)) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.sleep(0)
    # The turn was just given to the second, which has not run yet.
    tasks[1].cancel()
    async with asyncio.timeout(60):
        await tasks[2]
        async with queue.turn("last"):
            pass
    assert [task.cancelled() for task in tasks] == [True, True, False]
    assert not queue._waiting
    assert queue._free == 1


async def _take(queue: FairQueue) -> None:
    async with queue.turn("others"):
        await asyncio.sleep(0)
