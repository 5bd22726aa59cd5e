"""The seeded simulation: it breaks no promise, repeats itself exactly, and notices when a rule is left out."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof.conftest import LONG
from tests.proof.sim_store import MUTATIONS

ROOT = Path(__file__).resolve().parents[2]

SEEDS = 50_000 if LONG else 80

pytestmark = pytest.mark.proof


def run(*arguments: str, timeout_s: float = 1800) -> subprocess.CompletedProcess[str]:
    """Run the command that a person would use."""
    return subprocess.run(
        [sys.executable, "-m", "tests.proof.schedules", *arguments],
        cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, text=True, timeout=timeout_s,
        check=False,
    )  # fmt: skip


def test_no_schedule_breaks_a_promise():
    """Whatever dies, freezes, is cut off or changes its mind: money, keys, answers and messages stay right."""
    done = run("--seeds", str(SEEDS), timeout_s=4 * 3600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["played"], report["violations"]) == (SEEDS, 0)
    assert report["deaths"] > 0


@pytest.mark.parametrize("rule", sorted(MUTATIONS) if LONG else ["fencing"])
def test_a_rule_that_is_left_out_is_noticed(rule):
    """The simulation finds what it is there to find, and the command that it prints shows the very same again."""
    found = run("--seeds", "4000", "--break", rule, timeout_s=3600)
    assert found.returncode == 1, found.stdout + found.stderr[-4000:]
    verdict, command = found.stdout.splitlines()[-2:]
    again = re.fullmatch(rf"python -m tests\.proof\.schedules (--seed \d+ --break {rule})", command)
    assert again, command
    repeated = run(*again[1].split())
    assert repeated.returncode == 1, repeated.stderr[-4000:]
    assert repeated.stdout.splitlines()[-2:] == [verdict, command]
