"""One process that holds and settles for some seconds, on jobs of `bench_job`: prints how long each hold took (ms)."""

import random
import sys
import time
import uuid

import psycopg

from bench.ledger.books import HOLD, SETTLE


def main(address: str, seconds: float) -> None:
    """Hold and settle, one pair after another."""
    draw = random.Random()
    waits_ms: list[float] = []
    with psycopg.connect(address, autocommit=True) as connection:
        jobs = connection.execute("SELECT job, escrow, workspace FROM bench_job").fetchall()
        until_s = time.monotonic() + seconds
        while (began_s := time.monotonic()) < until_s:
            job, escrow, workspace = draw.choice(jobs)
            call, hold = uuid.uuid4(), draw.randint(200_000, 2_000_000)
            names = {"call": call, "job": job, "escrow": escrow, "workspace": workspace, "step": call.hex}
            connection.execute(HOLD, names | {"hold": hold}, prepare=True)
            waits_ms.append((time.monotonic() - began_s) * 1000)
            connection.execute(SETTLE, {"call": call, "cost": hold * 7 // 10}, prepare=True)
    sys.stdout.writelines(f"{wait_ms:.3f}\n" for wait_ms in waits_ms)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
