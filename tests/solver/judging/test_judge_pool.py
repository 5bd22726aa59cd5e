"""The children of the judge: killable, bounded in memory, without secrets, gone when idle or orphaned."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio

from solver.judging import judge_pool
from solver.judging.judge_pool import JudgePool, PoolReply
from tests.support.children import is_alive, worker_of

ROOT = str(Path(judge_pool.__file__).parents[2])
TOWER = "9^{9^{9^{9}}}"

# A child takes a second of CPU to start, so all share one loop and one pool, and cost it no more than they must.
on_shared_loop = pytest.mark.asyncio(loop_scope="module")


async def wait_until(condition, *, within_s: float = 120.0) -> bool:
    """Wait until a condition holds."""
    for _ in range(int(within_s / 0.05)):
        if condition():
            return True
        await asyncio.sleep(0.05)
    return condition()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool():
    """Make a pool of one child, of a worker with a secret in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "secret-of-the-worker")
        made = JudgePool(size=1, cpu_limit_s=1.0, idle_s=600.0)
        yield made
        await made.close()


def proc_of(pid: int, name: str) -> str:
    """Read a file of /proc about a process."""
    return Path(f"/proc/{pid}/{name}").read_text()


def child_of(pool: JudgePool) -> int:
    """Return the process that reads formulas in the pool's only child."""
    worker = worker_of(pool._processes)
    assert worker is not None
    return worker


@on_shared_loop
async def test_idle_children_end_and_come_back():
    """A pool without work holds no memory; the next request starts a child again."""
    pool = JudgePool(size=1, cpu_limit_s=2.0, idle_s=0.3)
    assert (await pool.ask("2^3", ())).key == "num:8"
    pid = child_of(pool)
    assert await wait_until(lambda: not is_alive(pid))
    assert (await pool.ask("2^4", ())).key == "num:16"
    await pool.close()


@on_shared_loop
async def test_a_cancelled_request_never_answers_the_next_one(pool):
    """A half-done computation dies with its request."""
    await pool.ask("2^3", ())
    task = asyncio.create_task(pool.ask(TOWER, ()))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await pool.ask("2^5", ())).key == "num:32"


@on_shared_loop
async def test_a_child_that_was_killed_is_replaced(pool):
    """Whatever ends a child, the pool goes on; who asks at that moment is answered."""
    for number in range(3, 6):
        await pool.ask("2^3", ())
        pid = child_of(pool)
        os.kill(pid, signal.SIGKILL)
        assert await wait_until(lambda pid=pid: not is_alive(pid))
        assert (await pool.ask(f"2^{number}", ())).key == f"num:{2**number}"


@on_shared_loop
async def test_a_busy_machine_costs_no_answer(pool):
    """The limit is of CPU time: a child that is kept waiting for longer than that reads the answer all the same."""
    await pool.ask("2^3", ())
    pid = child_of(pool)
    os.kill(pid, signal.SIGSTOP)
    task = asyncio.create_task(pool.ask("2^5", ()))
    await asyncio.sleep(1.5)
    os.kill(pid, signal.SIGCONT)
    assert (await task).key == "num:32"


@on_shared_loop
async def test_a_comparison_that_overruns_keeps_the_key(pool):
    """The form is told before the comparison: a known key that can't be compared costs only the match."""
    found = await pool.ask("2^3 + x", [f"math:{TOWER}"])
    assert found == PoolReply(key="math:x + 8", value=None, match=None, is_complete=False)


@on_shared_loop
async def test_a_child_knows_nothing_of_the_workers_environment(pool):
    """Keys of providers are not in the reach of a process that reads hostile texts."""
    await pool.ask("2^3", ())
    environment = proc_of(child_of(pool), "environ")
    assert "secret" not in environment
    assert "OPENAI" not in environment


@on_shared_loop
async def test_a_child_may_not_fill_the_memory(pool):
    """The address space of a child is limited to a gigabyte above its start."""
    await pool.ask("2^3", ())
    limits = proc_of(child_of(pool), "limits")
    (line,) = [line for line in limits.splitlines() if line.startswith("Max address space")]
    assert 1 << 30 < int(line.split()[3]) < 3 << 30


def test_a_greedy_computation_fails_at_the_memory_limit():
    """Two gigabytes are refused by the kernel inside a child, and the child can go on."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from solver.processes.child import limit_memory; limit_memory()\n"
        "try: bytearray(2 << 30)\n"
        "except MemoryError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "refused"


@on_shared_loop
async def test_a_child_ignores_the_terminals_signals(pool):
    """Ctrl-C ends the worker in good order; until then its answers are still judged."""
    await pool.ask("2^3", ())
    pid = child_of(pool)
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert (await pool.ask("2^5", ())).key == "num:32"
    assert child_of(pool) == pid


ORPHAN = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from solver.judging.judge_pool import JudgePool
from tests.support.children import worker_of

async def main():
    pool = JudgePool(size=1, cpu_limit_s=600, idle_s=60)
    await pool.ask("2^3", ())
    task = asyncio.create_task(pool.ask(sys.argv[2], ()))
    await asyncio.sleep(0.5)
    print(worker_of(pool._processes), flush=True)
    await task

asyncio.run(main())
"""


def test_a_child_dies_with_its_worker():
    """Kill −9 of the worker in the middle of an endless computation leaves no process behind."""
    worker = subprocess.Popen([sys.executable, "-c", ORPHAN, ROOT, TOWER], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    child = int(worker.stdout.readline())
    assert is_alive(child)
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert asyncio.run(wait_until(lambda: not is_alive(child)))


def test_the_judge_imports_no_heavy_library_itself():
    """sympy, math-verify and litellm stay out of the process that judges."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import solver.judging.judge, solver.checkers\n"
        "print(sorted({'sympy', 'math_verify', 'litellm', 'django', 'celery'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "[]"
