"""How many calls each model bears at once, shared by all workers in Redis; without Redis each process knows its own."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace

from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from jobs.core.model_limits import KEY, read_limit, redis_address
from solver import LimitStore, LocalLimits, ModelLimit

logger = logging.getLogger(__name__)

_KEPT_S = 6 * 3_600
"""What was learned of a model is forgotten when nobody calls it for so long."""
_TIMEOUT_S = 1.0
_AWAY_S = 5.0
"""For how long Redis is not asked again after it failed."""
_AFTER_COLLISION_S = 0.01
_MOST_TRIES = 50
"""Where others were faster so often, a change is made here alone: calls wait for it."""


class SharedLimits(LimitStore):
    """Limits in Redis. Where two workers change one at the same moment, one repeats it. Belongs to one event loop."""

    def __init__(self) -> None:
        self._redis = Redis.from_url(
            redis_address(), socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S
        )
        self._own = LocalLimits()
        self._away_until_s = 0.0

    async def change[T](self, model: str, change: Callable[[ModelLimit, float], T]) -> T:
        """Change the limit of a model; here alone, from what was last known of it, where Redis is away or too busy."""
        if time.monotonic() >= self._away_until_s:
            try:
                limit, result = await self._change_shared(model, change)
            except WatchError:
                logger.warning("Others changed the limit of %s %d times in a row.", model, _MOST_TRIES)
            except (RedisError, OSError) as error:
                logger.warning("Redis is not answering (%s); each process limits its calls by itself.", error)
                self._away_until_s = time.monotonic() + _AWAY_S
            else:
                self._own.limits[model] = replace(limit, hosts={})
                return result
        return await self._own.change(model, change)

    async def _change_shared[T](
        self, model: str, change: Callable[[ModelLimit, float], T]
    ) -> tuple[ModelLimit, T]:
        """Change the limit that all know. Raises RedisError; WatchError where others were faster too often."""
        key = KEY + model
        async with self._redis.pipeline(transaction=True) as pipe:
            for attempt in range(1, _MOST_TRIES + 1):
                await pipe.watch(key)
                limit = read_limit(await pipe.get(key))
                seconds, micros = await pipe.time()
                result = change(limit, seconds + micros / 1e6)
                pipe.multi()  # type: ignore[no-untyped-call]
                pipe.set(key, json.dumps(limit.as_json()), ex=_KEPT_S)
                try:
                    await pipe.execute()
                except WatchError:
                    longest_s = _AFTER_COLLISION_S * min(attempt, 10)
                    await asyncio.sleep(random.uniform(0, longest_s))  # noqa: S311  (spreads)
                else:
                    return limit, result
        raise WatchError

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
