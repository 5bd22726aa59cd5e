"""Real processes that start in a second: forked from one that has imported the heavy libraries already.

litellm alone takes seconds to import, and a proof kills its workers hundreds of times. What is forked has read no
setting, opened no connection and started no thread yet: it goes through Django's and Celery's whole start by itself.
`python -m tests.processes.zygote MODULE …` imports these, too.

The protocol is lines of JSON: {"argv": […], "env": {…}, "log": "…", "errors": "…", "typed": "…", "host": "…",
"ends_in_order": …} in, {"pid": …} out, and {"ended": …, "status": …, "cpu_s": …} whenever a child ends. Children die with
the zygote, the zygote with whoever holds its standard input.
"""

import asyncio
import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
_HEAVY = (
    *(
        "litellm",
        "openai",
        "aiohttp.web",
        "celery.bin.celery",
        "celery.concurrency.thread",
        "celery.backends.base",
        "kombu.transport.redis",
    ),
    *("django.core.management", "django.db.backends.postgresql.base", "django.contrib.postgres.fields"),
    *("psycopg_pool", "allauth.account"),
    # What Django's and Celery's start imports without reading a setting.
    *("celery.fixups.django", "celery.schedules", "django_stubs_ext", "environ", "PIL.ImageDraw"),
    *("django.contrib.auth.tokens", "django.contrib.messages.views", "django.contrib.postgres.apps"),
    *("django.contrib.sessions.backends.db", "django.contrib.sitemaps", "django.contrib.sites.shortcuts"),
    *("django.contrib.staticfiles.apps", "django.contrib.syndication.views", "django.template.defaulttags"),
    *("django.templatetags.i18n", "django.views.debug", "publicsuffixlist", "pydantic_monty", "smtplib"),
    # What litellm and openai import with their first call.
    *("openai.resources.chat.completions", "openai.lib.streaming.chat", "litellm.proxy._types"),
    *("litellm.proxy.openai_files_endpoints.common_utils", "litellm.integrations.prometheus_services"),
    *("litellm.llms.litellm_proxy.chat.transformation", "litellm.llms.openai_like.dynamic_config"),
    # Of Ponder only the engine, which knows neither Django nor settings.
    *("solver.strategies", "solver.engine.runner", "solver.judging", "solver.providers.litellm_gateway"),
    *("solver.learning.posteriors", "solver.learning.drift_test", "solver.quotes"),
)
_PR_SET_PDEATHSIG = 1


class Zygote:
    """Starts processes from Python modules: `start(["celery", "-A", …], env=…, log=…)` is `python -m celery -A …`."""

    def __init__(self, env: Mapping[str, str] | None = None, command: Sequence[str] = ()) -> None:
        """Start it in the environment `env`, this process's where none is given. `command` is run in its place."""
        self._statuses: dict[int, int] = {}
        self._cpu_s: dict[int, float] = {}
        self._replies: list[int] = []
        self._has_ended = False
        self._news = threading.Condition()
        self._asking = threading.Lock()
        # A file: nobody reads it unless the zygote dies.
        self._errors = tempfile.TemporaryFile(prefix="ponder-zygote-")  # noqa: SIM115  (closed with it)
        self._process = subprocess.Popen(
            command or [sys.executable, "-m", "tests.processes.zygote"], cwd=ROOT,
            env=dict(os.environ if env is None else env), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._errors, text=True, start_new_session=True,
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen, daemon=True, name="zygote")
        self._listener.start()

    def start(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        errors: Path | None = None,
        typed: Path | None = None,
        host: str = "",
        ends_in_order: bool = False,
    ) -> "Forked":
        """Start a process with exactly this environment; its output goes to `log`, its errors to `errors` or there too.

        `typed` is the file that it reads as standard input. `host` is the network namespace (`ip netns`) that it lives
        in, and its host name. Only who `ends_in_order` does what was registered for its end (`atexit`).
        """
        order = {
            "argv": list(argv),
            "env": dict(env),
            "log": str(log),
            "host": host,
            "ends_in_order": ends_in_order,
        }
        line = json.dumps(order | {"errors": str(errors or log), "typed": str(typed or os.devnull)})
        with self._asking:
            assert self._process.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # told below
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()
            with self._news:
                # It may still be importing, beside a machine's other work.
                self._news.wait_for(lambda: self._replies or self._has_ended, 900)
                assert self._replies, self._what_happened("the zygote does not answer")
                return Forked(self, self._replies.pop())

    def run(
        self, argv: Sequence[str], *, env: Mapping[str, str], typed: str = "", timeout_s: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run a process to its end, with `typed` as its standard input; return its status and what it said."""
        with tempfile.TemporaryDirectory(prefix="ponder-zygote-") as folder:
            out, errors, given = (Path(folder) / name for name in ("out", "errors", "typed"))
            given.write_text(typed)
            status = self.start(argv, env=env, log=out, errors=errors, typed=given).wait(timeout_s)
            return subprocess.CompletedProcess(list(argv), status, out.read_text(), errors.read_text())

    def status(self, pid: int) -> int | None:
        """Return the exit status of a process (negative: the signal that ended it), or None while it runs."""
        # Whatever a zygote started dies with it.
        return self._statuses.get(pid, -signal.SIGKILL if self._has_ended else None)

    def cpu_s(self, pid: int) -> float:
        """Return the CPU time of a process that has ended, and of what it waited for."""
        return self._cpu_s.get(pid, 0.0)

    def wait(self, pid: int, timeout_s: float) -> int:
        """Wait for the end of a process and return its exit status."""
        with self._news:
            self._news.wait_for(lambda: pid in self._statuses or self._has_ended, timeout_s)
            assert pid in self._statuses, self._what_happened(f"{pid} runs after {timeout_s} s")
        return self._statuses[pid]

    def close(self) -> None:
        """End it and whatever it started."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(120)
        except subprocess.TimeoutExpired:  # a busy machine; its children die with it however it ends
            self._process.kill()
            self._process.wait(120)
        self._listener.join(120)
        self._errors.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                news = json.loads(line)
                with self._news:
                    if "pid" in news:
                        self._statuses.pop(news["pid"], None)  # of an earlier process that had this number
                        self._replies.append(news["pid"])
                    else:
                        self._statuses[news["ended"]] = news["status"]
                        self._cpu_s[news["ended"]] = news["cpu_s"]
                    self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()

    def _what_happened(self, otherwise: str) -> str:
        """Return the last words of a zygote that ended, or `otherwise` of one that lives."""
        if not self._has_ended:
            return otherwise
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace")[-4000:]
        return f"the zygote ended ({self._process.wait(60)}):\n{said}"


class Forked:
    """One process, used like a subprocess.Popen."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self._zygote, self.pid = zygote, pid

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._zygote.status(self.pid)

    @property
    def cpu_s(self) -> float:
        """Its CPU time, once it has ended."""
        return self._zygote.cpu_s(self.pid)

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float = 180) -> int:
        """Wait for its end and return its exit status."""
        return self._zygote.wait(self.pid, timeout_s)


@functools.cache
def shared() -> Zygote:
    """Return the one zygote of this test run, starting it if needed."""
    zygote = Zygote()
    atexit.register(zygote.close)
    return zygote


def _child(order: Mapping[str, object]) -> None:
    """Become the module that was ordered."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out, err = (
        os.open(str(order[name]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) for name in ("log", "errors")
    )
    typed = os.open(str(order["typed"]), os.O_RDONLY)
    if order["host"]:
        os.setns(os.open(f"/run/netns/{order['host']}", os.O_RDONLY | os.O_CLOEXEC), os.CLONE_NEWNET)
        os.unshare(os.CLONE_NEWUTS)
        socket.sethostname(str(order["host"]))
    for target, source in ((0, typed), (1, out), (2, err)):
        os.dup2(source, target)
    env, argv = order["env"], order["argv"]
    assert isinstance(env, dict)
    assert isinstance(argv, list)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = list(argv)
    runpy.run_module(argv[0], run_name="__main__", alter_sys=True)


def _say(**news: float) -> None:
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            cpu_s = used.ru_utime + used.ru_stime
            _say(ended=pid, status=os.waitstatus_to_exitcode(status), cpu_s=cpu_s)


async def _warm_up() -> None:
    """Go the way of a first call, which makes litellm build what it needs for all others."""
    from solver.providers.litellm_gateway import LiteLLMGateway

    gateway = LiteLLMGateway()
    await gateway.warm_up()
    await gateway.close()


def _become(order: Mapping[str, object]) -> NoReturn:
    """Be the module that was ordered, until its end."""
    status = 1
    try:
        _child(order)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            # As at the end of any program: it waits for its threads, then ends what it started.
            threading._shutdown()  # type: ignore[attr-defined]
            if order["ends_in_order"]:
                atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Serve orders until standard input ends."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    gc.disable()  # nearly all of what is imported stays
    for name in (*_HEAVY, *sys.argv[1:]):
        importlib.import_module(name)
    gc.enable()
    asyncio.run(_warm_up())
    assert threading.active_count() == 1, f"a fork would lose {threading.enumerate()}"
    # No child's collector looks at what was here before, so these pages stay shared.
    gc.collect()
    gc.freeze()
    wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    buffer = b""
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _reap()
        if 0 not in ready:
            continue
        data = os.read(0, 1 << 20)
        if not data:
            return
        *lines, buffer = (buffer + data).split(b"\n")
        for line in lines:
            pid = os.fork()
            if pid == 0:
                _become(json.loads(line))
            _say(pid=pid)


if __name__ == "__main__":
    main()
