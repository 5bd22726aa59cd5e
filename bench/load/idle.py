"""What an idle Ponder costs: CPU of worker, Beat and the stand-in for Redis together, as a share of one core.

Nothing is queued and no page is open. The stand-in written in Python is measured, which costs more than a real Redis;
PostgreSQL is reported separately. The measurement begins after everything has started.
"""

import os
import time
from typing import Any

from bench.load.workers import cpu_s, fleet

GOAL_PERCENT = 3.0
_SETTLE_S = 15.0


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return shares of one core in percent."""
    seconds = 60.0 if quick else 180.0
    os.environ["PONDER_REDIS"] = "fake"
    with fleet(delay_ms=20) as ours:
        processes = {
            "worker": ours.start_worker().pid,
            "beat": ours.start_beat().pid,
            "redis": ours.data.redis_pid,
        }
        time.sleep(_SETTLE_S)
        began_s, before = time.monotonic(), {name: cpu_s(pid) for name, pid in processes.items()}
        database_s = ours.data.cpu_s()
        time.sleep(seconds)
        passed_s = time.monotonic() - began_s
        shares = {name: 100 * (cpu_s(pid) - before[name]) / passed_s for name, pid in processes.items()}
        database_share = 100 * (ours.data.cpu_s() - database_s) / passed_s
    return {
        "seconds": round(passed_s, 1),
        **{f"{name}_percent": round(share, 2) for name, share in shares.items()},
        "together_percent": round(sum(shares.values()), 2),
        "together_goal_percent": GOAL_PERCENT,
        "database_percent": round(database_share, 2),
    }
