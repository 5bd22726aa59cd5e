"""Every check of the project: `python -m tests.run_all [--lint | --coverage | --room NAME] [PYTEST ARGUMENT …]`.

Eight lanes work off one queue: much of the time is spent in waiting for processes, and on a machine that does other
work, too, so many runs side by side still get most of it. The runs of tests are forked from one process that has
imported the libraries which each of them would take seconds to import. A run that takes far too long is ended, with the
stacks of its threads. A table of times ends the output.

`--room NAME` runs the quick checks and the tests of one room alone. `--coverage` runs the tests that compute, in whose
process most of the code runs, and holds their branch coverage to the floor of pyproject.toml: a run of its own, because
it takes a third more time, and tests of time would lose their margin.
"""

import argparse
import contextlib
import os
import queue
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes.zygote import Forked, Zygote

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent
TEMPLATES = [str(path) for path in sorted((ROOT / "templates").rglob("*.html"))]
ROOMS = [
    "accounts",
    "bench",
    "billing",
    "demo_model",
    "files",
    "jobs",
    "reasoning_app",
    "sandbox",
    "solver",
    "tools",
]
# Where a room's tests lie, if not in a directory of its own name.
TESTS_OF = {"reasoning_app": ["tests/deploy", "tests/embedded"], "accounts": ["tests/web"]}
LANES = 8
MOST_S = 1_500
"""After so many seconds a run hangs: all of them together should take less than 12 minutes."""
APART = ("browser", "embedded", "jobs", "proof")
# What runs of tests import beside what workers do.
LIBRARIES = ("pytest", "hypothesis.strategies", "numpy", "sympy", "stripe", "django.test")
# Settings of a real site, for `check --deploy`; nothing connects to these addresses.
PRODUCTION = {
    "SECRET_KEY": "a-key-for-checks-with-more-than-fifty-different-characters-0123456789",
    "PONDER_BASE_URL": "https://ponder.example",
    "ALLOWED_HOSTS": "ponder.example",
    "PONDER_HSTS_SUBDOMAINS": "True",
}


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


RUNNING: set[int] = set()
"""The processes of the checks that run, each the leader of a session."""


class Program:
    """A check that is a program of its own, used like a fork of the tests' zygote."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path) -> None:
        """Start it; its output goes to a file."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # On a busy machine Linux gives each session the same share. It is also what is ended as a whole.
                start_new_session=True,
            )
        self.pid, self.cpu_s = self._process.pid, 0.0

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        # wait4() alone tells the CPU time of one child and what it waited for.
        if self._process.returncode is None:
            ended, status, used = os.wait4(self.pid, os.WNOHANG)
            if ended:
                self._process.returncode = os.waitstatus_to_exitcode(status)
                self.cpu_s = used.ru_utime + used.ru_stime
        return self._process.returncode


def wait(process: Program | Forked, *, most_s: float) -> int:
    """Wait for a process; return its exit status. After `most_s` seconds it is told to abort, then killed.

    At SIGABRT Python, as pytest sets it up, prints the stacks of all threads.
    """
    signals, ends = [signal.SIGABRT, signal.SIGKILL], time.monotonic() + most_s
    while (status := process.poll()) is None:
        if signals and time.monotonic() > ends:
            os.killpg(process.pid, signals.pop(0))
            ends += 30
        time.sleep(0.1)
    return status


@dataclass
class Step:
    """One check: its command, and afterwards its result."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    is_test: bool = False
    status: int | None = None
    seconds: float = 0.0
    cpu_s: float = 0.0

    def run(self, zygote: Zygote | None) -> None:
        """Run it, and show its output if it failed or is a run of tests, in one piece."""
        began = time.monotonic()
        env = {**os.environ, **self.env}
        with tempfile.TemporaryDirectory(prefix="ponder-check-") as folder:
            log = Path(folder) / "output"
            process: Program | Forked
            if self.is_test and zygote:
                process = zygote.start(self.command[2:], env=env, log=log, ends_in_order=True)
            else:
                process = Program(self.command, env, log)
            RUNNING.add(process.pid)
            self.status = wait(process, most_s=MOST_S)
            RUNNING.discard(process.pid)
            said = log.read_text(errors="replace")
        self.seconds, self.cpu_s = time.monotonic() - began, process.cpu_s
        if self.seconds > MOST_S:
            said += f"\nIt took more than {MOST_S} s and was ended; if it is a Python program, its stacks stand above.\n"
        if self.status or self.is_test:
            say(f"\n=== {self.name} {'failed' if self.status else 'passed'} ===\n{said}")


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
        Step("types", [str(BIN / "mypy"), *ROOMS, "tests"], settings),
    ]


def tests(name: str, *arguments: str) -> Step:
    """Return a run of tests. Each has a PostgreSQL and a Redis of its own."""
    # Playwright's plugin is slow to load, and the browser's tests alone use it.
    lean = [] if name == "browser" else ["-p", "no:playwright"]
    # What the zygote imported includes plugins, whose asserts pytest can rewrite no more.
    lean += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return Step(name, [PYTHON, "-m", "pytest", "-q", *lean, *arguments], is_test=True)


def rooms(*arguments: str) -> Step:
    """Return the run of the tests that compute."""
    return tests("rooms", *arguments, *(f"--ignore=tests/{name}" for name in APART))


def test_steps(arguments: list[str]) -> list[Step]:
    """Return the runs of tests."""
    # Those that start real workers are a run of their own, which alone needs a process to fork them from.
    starts_workers = re.compile(r"tests\.(processes\.zygote|jobs\.workers|proof\.crash_runner)")
    paths = sorted(path for name in ("jobs", "proof") for path in (ROOT / "tests" / name).rglob("test_*.py"))
    workers = [str(path.relative_to(ROOT)) for path in paths if starts_workers.search(path.read_text())]
    others = [f"--ignore={path}" for path in workers]
    # These import litellm, as the tests of jobs do anyway.
    with_litellm = (
        "tests/demo_model",
        "tests/bench/test_conformance.py",
        "tests/billing/prices/test_second_opinions.py",
    )
    # The browser's is a run of its own: Playwright keeps an event loop running, in which no test that is a coroutine
    # could run.
    return [
        tests("web", *arguments, "tests/web"),
        tests("jobs", *arguments, "tests/jobs", "--ignore=tests/jobs/submitting", *others),
        tests("submitting", *arguments, "tests/jobs/submitting", *with_litellm, *others),
        # These two wait much: they start programs, cut and kill them.
        tests("workers", *arguments, *workers),
        tests("proof", *arguments, "tests/proof", "tests/embedded", *others),
        tests("solver", *arguments, "tests/solver"),
        rooms(*arguments, *(f"--ignore={path}" for path in ("tests/web", "tests/solver", *with_litellm))),
        tests("browser", *arguments, "tests/browser"),
    ]


def room_steps(room: str, arguments: list[str]) -> list[Step]:
    """Return the quick checks of one room, and its tests."""
    where = TESTS_OF.get(room, [f"tests/{room}"])
    return [
        Step("style", [str(BIN / "ruff"), "check", room, *where]),
        Step("format", [str(BIN / "ruff"), "format", "--check", room, *where]),
        Step("layers", [str(BIN / "lint-imports")]),
        tests(room, *arguments, *where),
    ]


def work_off(waiting: "queue.SimpleQueue[Step]", zygote: Zygote | None) -> None:
    """Run one check after another until none is left."""
    with contextlib.suppress(queue.Empty):
        while True:
            step = waiting.get_nowait()
            say(f"  running {step.name}")
            step.run(zygote)


def run(steps: list[Step], *, lanes: int = 1, zygote: Zygote | None = None) -> int:
    """Run all checks, so many side by side, print the table, return 0 when everything passed.

    Tests are forked from the zygote, which is closed in the end.
    """
    began = time.monotonic()
    waiting: queue.SimpleQueue[Step] = queue.SimpleQueue()
    for step in steps:
        waiting.put(step)
    threads = [threading.Thread(target=work_off, args=(waiting, zygote), daemon=True) for _ in range(lanes)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        for pid in RUNNING.copy():
            os.killpg(pid, signal.SIGINT)
        raise
    if zygote:
        zygote.close()
    say("")
    for step in steps:
        state = "passed" if step.status == 0 else "FAILED"
        say(f"  {state:<8}{step.name:<14}{step.seconds:7.1f} s{step.cpu_s:8.1f} s of CPU")
    # With what the zygote imported.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime
    say(f"  {'total':<22}{time.monotonic() - began:7.1f} s{cpu_s:8.1f} s of CPU")
    # A check that could not be started has no status.
    return int(any(step.status != 0 for step in steps))


def main(arguments: list[str]) -> int:
    """Choose what to run, and run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.run_all", allow_abbrev=False)
    parser.add_argument("--lint", action="store_true", help="only the checks that start nothing")
    parser.add_argument(
        "--coverage", action="store_true", help="only the tests that compute, and their coverage"
    )
    parser.add_argument("--room", choices=ROOMS, help="only the quick checks and the tests of one room")
    options, for_pytest = parser.parse_known_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ponder-lint-") as data_dir:
        if options.coverage:
            return run([rooms("--cov", "--cov-report=term:skip-covered", *for_pytest)])
        if options.room:
            return run(room_steps(options.room, for_pytest))
        *quick, types = lint_steps(data_dir)
        if options.lint:
            return run([*quick, types])
        zygote = Zygote(command=[PYTHON, "-m", "tests.processes.zygote", *LIBRARIES])
        return run([*quick, *test_steps(for_pytest), types], lanes=LANES, zygote=zygote)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
