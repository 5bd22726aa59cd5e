"""Chaos with real processes: `python -m tests.chaos --minutes 1`; the last line of its output is one JSON object.

Workers and Beat are killed, PostgreSQL is crashed, Redis flushed and crashed, the provider's line spoils requests, the
mail server closes, clocks jump, the disk fills. Afterwards everything must have ended well: the keys `violations`,
`stuck_jobs`, `missing_messages` and `doubled_messages` are zero, and `repeated_calls` is at most `in_flight_at_kills`.
"""

import argparse
import json
import logging
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tests.chaos.instance import Instance
from tests.chaos.post_office import PostOffice
from tests.chaos.provider import Provider

logger = logging.getLogger("chaos")

_QUIET_S = 20.0
ROUND = [
    *["kill worker"] * 5, "stop worker", "kill beat", "flush redis", "restart redis", "restart postgres", "close mail",
    "jump clock", "hide provider", "fill disk",
]  # fmt: skip
"""What happens in each round, in random order, spread evenly."""


class Chaos:
    """One run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._rng = random.Random(f"chaos:{options.seed}")
        self._done: Counter[str] = Counter()
        self._in_flight_at_kills = 0
        self._ends = 0.0
        self._least_events = len(ROUND)
        self._events = 0
        self._ended_by_themselves: Counter[int] = Counter()
        self._stopping: list[object] = []
        self._provider = Provider(seed=options.seed, fault_rate=options.faults, hang_s=20.0)
        self._mail = PostOffice()
        settings = {
            "PONDER_MODELS": "demo/intern",
            "DEMO_INTERN_URL": self._provider.url,
            "PONDER_LEASE_S": str(options.lease_s),
            "PONDER_DRAIN_S": "10",
            "PONDER_CALL_TIMEOUT_S": str(options.lease_s + 2),
            "PONDER_JOBS_PER_WORKER": "60",
            "PONDER_CALLS_PER_JOB": "8",
            "PONDER_RUN_CODE": str(not options.without_code),
            "EMAIL_URL": f"smtp://127.0.0.1:{self._mail.port}",
            "SECRET_KEY": "chaos chaos chaos chaos chaos chaos chaos chaos chaos",
        }
        self._instance = Instance(workers=options.workers, disk_mb=options.disk_mb, settings=settings)
        os.environ.update(self._instance.env)
        import django

        django.setup()
        # Submitting while the database restarts fails loudly and is repeated; that is not news.
        logging.getLogger().setLevel(logging.CRITICAL)
        logger.setLevel(logging.INFO)
        from tests.chaos.crowd import Crowd

        self._crowd = Crowd(options.seed, options.jobs)

    def run(self) -> dict[str, object]:
        """Run for the given time and one round at least, then look at what is left."""
        began = time.monotonic()
        self._ends = began + self._options.minutes * 60
        signal.signal(signal.SIGTERM, self._end_early)
        events: Iterator[str] = iter(())
        due = began + 3
        while (
            time.monotonic() < self._ends
            or self._provider.executed < self._options.calls
            or self._events < self._least_events
        ):
            self._tend()
            if time.monotonic() >= due:
                event = next(events, None)
                if event is None:
                    events = iter(self._rng.sample(ROUND, len(ROUND)))
                    continue
                self._happen(event)
                due += 0.9 * self._options.round_s / len(ROUND)
                due = max(due, time.monotonic() + 0.5)
            time.sleep(0.2)
        return self._conclude(time.monotonic() - began)

    def _end_early(self, *_: object) -> None:
        """Bring the run to its end: what is open may finish, and everything is judged as always."""
        logger.info("told to end")
        self._ends, self._options.calls, self._least_events = 0.0, 0, 0

    def _tend(self) -> None:
        """Do what a supervisor and users do all the time."""
        from tests.chaos.crowd import persistently

        self._ended_by_themselves.update(self._instance.tend())
        # A short run submits nothing more towards its end, so that what it waits for afterwards is soon done.
        if self._ends - time.monotonic() > _QUIET_S or self._provider.executed < self._options.calls:
            persistently(self._crowd.top_up)
        if self._rng.random() < 0.05:
            persistently(self._crowd.meddle)
        if self._rng.random() < 0.1:
            persistently(self._crowd.resume_all)

    def _happen(self, event: str) -> None:
        """Let one thing go wrong; what must be mended by hand is mended before this returns."""
        self._events += 1
        if event == "fill disk" and not self._options.disk_mb:
            return
        self._done[event] += 1
        began = time.monotonic()
        self._let(event)
        logger.info("%s (%.1f s)", event, time.monotonic() - began)

    def _let(self, event: str) -> None:  # noqa: C901  (one case an event)
        instance, rng = self._instance, self._rng
        match event:
            case "kill worker":
                self._kill_worker(rng.randrange(len(instance.workers)))
            case "stop worker":
                index = rng.randrange(len(instance.workers))
                instance.workers[index].terminate()
                # A soft deploy: the new worker is there while the old one ends.
                instance.replace_worker(index)
            case "kill beat":
                instance.replace_beat()
            case "flush redis":
                self._flush_redis()
            case "restart redis":
                instance.restart_redis()
            case "restart postgres":
                instance.restart_postgres()
            case "close mail":
                self._mail.close_doors()
                time.sleep(1)
                self._tend()
                self._mail.open_doors()
            case "jump clock":
                if not instance.set_clock(rng.choice([-86_400, -3_600, -30, 0, 0, 30, 3_600, 86_400])):
                    del self._done[event]
            case "hide provider":
                self._provider.reachable = False
                time.sleep(2)
                self._provider.reachable = True
            case "fill disk":
                hog = instance.fill_disk()
                time.sleep(2)
                hog.unlink()
                instance.ensure_postgres()

    def _kill_worker(self, index: int) -> None:
        """Stop a worker dead, count what it has in flight, then end it: nothing is counted that could still end well."""
        from tests.chaos.crowd import persistently

        worker = self._instance.workers[index]
        worker.send_signal(signal.SIGSTOP)
        self._in_flight_at_kills += persistently(lambda: _in_flight(worker.pid))
        worker.kill()
        worker.wait(30)
        self._instance.replace_worker(index)

    def _flush_redis(self) -> None:
        import redis

        url = self._instance.env["REDIS_URL"].replace("redis+socket://", "unix://")
        with redis.Redis.from_url(url) as client:
            client.flushall()

    def _conclude(self, wall_s: float) -> dict[str, object]:
        from tests.chaos.verdict import judge, settle

        self._instance.set_clock(0)
        self._mail.open_doors()
        self._provider.fault_rate = 0.0

        def tend() -> None:
            self._instance.tend()
            self._crowd.resume_all()

        settle(within_s=self._options.settle_s, tend=tend)
        verdict = judge(self._mail.received)
        report: dict[str, object] = {
            "violations": len(verdict.violations),
            "kills": self._done["kill worker"] + self._done["kill beat"],
            "settled_calls": verdict.settled_calls,
            "stuck_jobs": verdict.stuck_jobs,
            "repeated_calls": self._provider.repeated,
            "in_flight_at_kills": self._in_flight_at_kills,
        }
        rest = asdict(verdict) | {
            "answered": round(verdict.answered, 4),
            "violations_found": verdict.violations[:20],
            "events": dict(sorted(self._done.items())),
            "faults": dict(sorted(self._provider.fates.items())),
            "users_verbs": self._crowd.verbs,
            "workers_ended_by_themselves": dict(self._ended_by_themselves),
            "minutes": self._options.minutes,
            "seed": self._options.seed,
            "lease_s": self._options.lease_s,
            "wall_s": round(wall_s, 1),
        }
        if verdict.stuck_jobs or verdict.violations or os.environ.get("PONDER_CHAOS_LOG"):
            sys.stderr.write(self._instance.tail(60) + "\n")
        return report | {key: value for key, value in rest.items() if key not in report}

    def close(self) -> None:
        """End every process."""
        self._instance.close()
        self._provider.close()


def _in_flight(pid: int) -> int:
    """Return how many calls the worker of this process id has opened and neither settled nor closed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM billing_call c JOIN jobs_job j ON j.id = c.job_id AND j.token = c.lease_token "
            "WHERE c.state = 'held' AND j.owner LIKE %s",
            [f"%:{pid}:%"],
        )
        return int(cursor.fetchone()[0])


def main() -> int:
    """Run, print the report, return 0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--calls", type=int, default=0, help="go on until so many calls were answered, too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lease-s", type=int, default=8, help="seconds that a job is lent to a worker")
    parser.add_argument("--jobs", type=int, default=40, help="jobs that are open at any time")
    parser.add_argument("--faults", type=float, default=0.05, help="share of requests that the line spoils")
    parser.add_argument(
        "--round-s", type=float, default=60.0, help="seconds in which each thing happens once"
    )
    parser.add_argument(
        "--disk-mb", type=int, default=0, help="a disk of this size of its own, to be filled (root)"
    )
    parser.add_argument("--without-code", action="store_true", help="run no programs; saves their self-test")
    parser.add_argument("--settle-s", type=float, default=300.0, help="longest wait for the end of all jobs")
    parser.add_argument("--report", type=Path, help="also write the report to this file")
    options = parser.parse_args()
    chaos = Chaos(options)
    try:
        report = chaos.run()
    finally:
        chaos.close()
    if options.report:
        options.report.write_text(
            json.dumps(report | {"command": " ".join(["python -m tests.chaos", *sys.argv[1:]])}, indent=2)
            + "\n"
        )
    sys.stdout.write(json.dumps(report) + "\n")
    kept = not any(
        report[key] for key in ("violations", "stuck_jobs", "missing_messages", "doubled_messages")
    )
    return int(not kept or int(str(report["repeated_calls"])) > int(str(report["in_flight_at_kills"])))


if __name__ == "__main__":
    sys.exit(main())
