"""No fault makes a job of any strategy overspend, or lose its answer; the long form is 100,000 jobs."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from solver.simulation.simulate import simulate
from tests.proof.conftest import LONG
from tests.proof.simulated import CONTESTANTS, broken, prove, scenario

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.proof


def test_no_fault_makes_a_job_overspend_or_lose_its_answer():
    """Time-outs, refusals, lost and lying usage, empty replies, kills: budget kept, every job answered."""
    if LONG:
        command = [sys.executable, "-m", "tests.proof.simulated", "--jobs", "100000"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        seen = json.loads(done.stdout.splitlines()[-1])
        assert (done.returncode, seen["broken"]) == (0, []), done.stderr[-2000:]
    else:
        seen = prove(0, 10 * 2 * len(CONTESTANTS))
        assert not [name for name in seen if name.startswith("BROKEN")]
    assert seen["kills"]
    assert seen["jobs_with_money_in_doubt"]


def test_a_broken_promise_is_seen():
    """A job that was charged more than its budget, or that had replies but no answer, is told apart from a good one."""
    job = simulate(scenario(0))
    assert not list(broken(job))
    assert list(broken(replace(job, charged_nano=job.budget_nano + 1))) == ["overspent"]
    assert list(broken(replace(job, outcome=replace(job.outcome, best=None)))) == ["unanswered"]
