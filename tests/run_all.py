"""Every check of the project: `python -m tests.run_all [--lint] [PYTEST ARGUMENT …]`.

Three lanes run side by side, because much of the time is spent in waiting for processes: the checks that start nothing
and the tests that compute, with some others; the tests of jobs; those in a browser and the other proofs. A table of
times ends the output.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent
TEMPLATES = [str(path) for path in sorted((ROOT / "templates").rglob("*.html"))]
ROOMS = ["accounts", "bench", "billing", "demo_model", "jobs", "reasoning_app", "solver"]
CRASHES = "tests/proof/test_crash_points.py"
APART = ("browser", "embedded", "jobs", "proof")
# Settings of a real site, for `check --deploy`; nothing connects to these addresses.
PRODUCTION = {
    "SECRET_KEY": "a-key-for-checks-with-more-than-fifty-different-characters-0123456789",
    "PONDER_BASE_URL": "https://ponder.example",
    "ALLOWED_HOSTS": "ponder.example",
}


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@dataclass
class Step:
    """One check: its command, and afterwards its result."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    is_test: bool = False
    status: int | None = None
    seconds: float = 0.0

    def run(self) -> None:
        """Run it, and show its output if it failed or is a run of tests, in one piece."""
        began = time.monotonic()
        done = subprocess.run(
            self.command,
            cwd=ROOT,
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        self.status, self.seconds = done.returncode, time.monotonic() - began
        if self.status or self.is_test:
            say(f"\n=== {self.name} {'failed' if self.status else 'passed'} ===\n{done.stdout}")


def lint_steps(data_dir: str) -> list[Step]:
    """Return the checks that start nothing, the quick ones first."""
    settings = PRODUCTION | {"DATA_DIR": data_dir}
    manage = [PYTHON, "manage.py"]
    templates = [Step("templates", [str(BIN / "djade"), "--check", "--target-version", "6.1", *TEMPLATES])]
    return [
        Step("style", [str(BIN / "ruff"), "check", "."]),
        Step("format", [str(BIN / "ruff"), "format", "--check", "."]),
        *(templates if TEMPLATES else []),
        Step("layers", [str(BIN / "lint-imports")]),
        Step("deployment", [*manage, "check", "--deploy", "--fail-level", "WARNING"], settings),
        Step("types", [str(BIN / "mypy"), *ROOMS], settings),
    ]


def test_lanes(arguments: list[str]) -> list[list[Step]]:
    """Return the runs of tests, lane by lane. Each run has a PostgreSQL and a Redis of its own."""

    def run(name: str, *where: str) -> Step:
        return Step(name, [PYTHON, "-m", "pytest", "-q", *arguments, *where], is_test=True)

    rest = [f"--ignore=tests/{name}" for name in APART]
    # The browser's is a run of its own: Playwright keeps an event loop running, in which no test that is a coroutine
    # could run.
    return [
        [run("rooms", *rest), run("embedded", "tests/embedded"), run("crashes", CRASHES)],
        [run("jobs", "tests/jobs")],
        [run("browser", "tests/browser"), run("proof", "tests/proof", f"--ignore={CRASHES}")],
    ]


def run_lane(steps: list[Step]) -> None:
    """Run the checks of a lane one after another."""
    for step in steps:
        say(f"  running {step.name}")
        step.run()


def main(arguments: list[str]) -> int:
    """Run all, print the table, return 0 when everything passed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ponder-lint-") as data_dir:
        quick = lint_steps(data_dir)
        lanes = [[]] if "--lint" in arguments else test_lanes(arguments)
        lanes[0] = [*quick, *lanes[0]]
        threads = [threading.Thread(target=run_lane, args=(lane,), daemon=True) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    say("")
    steps = [step for lane in lanes for step in lane]
    for step in steps:
        say(f"  {'passed' if step.status == 0 else 'FAILED':<8}{step.name:<14}{step.seconds:7.1f} s")
    say(f"  {'total':<22}{time.monotonic() - began:7.1f} s")
    return int(any(step.status for step in steps))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
