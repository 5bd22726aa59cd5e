"""Every check of the project: `python -m tests.run_all [--lint] [PYTEST ARGUMENT …]`.

The checks that start nothing run one after another beside the tests, which are waiting for processes much of the
time. A table of times ends the output.
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
    status: int | None = None
    seconds: float = 0.0

    def run(self, *, live: bool = False) -> None:
        """Run it; unless `live`, show its output only when it fails."""
        began = time.monotonic()
        pipe = None if live else subprocess.PIPE
        done = subprocess.run(
            self.command,
            cwd=ROOT,
            env={**os.environ, **self.env},
            stdout=pipe,
            stderr=pipe and subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.status, self.seconds = done.returncode, time.monotonic() - began
        if self.status and not live:
            say(f"\n=== {self.name} failed ===\n{done.stdout}")


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


def run_lint(steps: list[Step]) -> None:
    """Run the checks one after another."""
    for step in steps:
        step.run()


def main(arguments: list[str]) -> int:
    """Run all, print the table, return 0 when everything passed."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ponder-lint-") as data_dir:
        steps = lint_steps(data_dir)
        linting = threading.Thread(target=run_lint, args=(steps,), daemon=True)
        linting.start()
        if "--lint" not in arguments:
            # Two runs: Playwright keeps an event loop running, in which no test that is a coroutine could run.
            pytest = [PYTHON, "-m", "pytest", "-q", *arguments]
            tests = [
                Step("tests", [*pytest, "--ignore", "tests/browser"]),
                Step("browser", [*pytest, "tests/browser"]),
            ]
            for step in tests:
                step.run(live=True)
            steps = [*steps, *tests]
        linting.join()
    say("")
    for step in steps:
        say(f"  {'passed' if step.status == 0 else 'FAILED':<8}{step.name:<14}{step.seconds:7.1f} s")
    say(f"  {'total':<22}{time.monotonic() - began:7.1f} s")
    return int(any(step.status for step in steps))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
