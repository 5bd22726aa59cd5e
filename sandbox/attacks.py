"""What a hostile program tries, and what must come of it. Each says ESCAPED if it got what it wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sandbox import seccomp
from sandbox.request import CodeResult, Ending, Limits

ESCAPED = "ESCAPED"
SMALL = Limits(
    wall_s=30.0, cpu_s=2, memory_bytes=256 << 20, output_bytes=64 << 10, disk_bytes=8 << 20, files=300
)

_TRY = """
def attempt(name, action):
    try:
        got = action()
    except (OSError, ValueError, RuntimeError, MemoryError, ImportError) as error:
        print(name, type(error).__name__)
    else:
        print(name, "ESCAPED", repr(got)[:100])
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """A hostile program. It is contained if it never says ESCAPED and ended as one of `endings`."""

    source: str
    endings: tuple[Ending, ...] = (Ending.FINISHED,)
    limits: Limits = SMALL
    also: Callable[[CodeResult], bool] = lambda _: True

    def fault(self, result: CodeResult) -> str:
        """Return in a sentence what was not contained; empty where all was."""
        if ESCAPED in result.stdout:
            line = next(line for line in result.stdout.splitlines() if ESCAPED in line)
            return f"It got out: {line[:120]}."
        if result.ending not in self.endings:
            return (
                f"It ended by “{result.ending}”, not by “{self.endings[0]}”: {result.stderr.strip()[-200:]}."
            )
        if self.endings == (Ending.FINISHED,) and result.exit != 0:
            return f"It could not be tried: {result.stderr.strip()[-200:]}."
        return "" if self.also(result) else "It used more than its limits allow."


def attacks(*, port: int, parent: int, abstract_socket: str) -> Mapping[str, Attack]:
    """Return the attacks by name, against a parent process that listens on a port and on an abstract socket."""
    inherited = """
import os
for number in range(3, 256):
    attempt(number, lambda: os.fstat(number))
"""
    return {
        "a plain program": Attack("print(6 * 7)", also=lambda result: result.stdout == "42\n"),
        "network": _tries(
            f"""
import socket
attempt("loopback", lambda: socket.create_connection(("127.0.0.1", {port}), 1))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0{abstract_socket}"))
attempt("outside", lambda: socket.create_connection(("1.1.1.1", 80), 1))
attempt("raw", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
"""
        ),
        "files of the host": _tries(
            """
import os
for path in ("/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/1/environ", "/sys/kernel/uevent_helper"):
    attempt(path, lambda: open(path).read())
for path in ("/home", "/proc", "/sys", "/var", "/run", "/mnt", "/media", "/srv", "/etc"):
    attempt(path, lambda: os.listdir(path))
"""
        ),
        "writing to the system": _tries(
            """
import os
for path in ("/x", "/usr/x", "/usr/bin/python3", "/dev/x", "/packages/sympy/x", "/packages/x"):
    attempt(path, lambda: open(path, "w"))
attempt("remove", lambda: os.unlink("/usr/bin/env"))
attempt("mkdir", lambda: os.mkdir("/usr/x"))
"""
        ),
        "symbolic links": _tries(
            """
import os
os.symlink("/etc/passwd", "link"), os.symlink("/", "root"), os.symlink("../../../../../../etc", "up")
for path in ("link", "root/etc/passwd", "up/passwd", "../../../../etc/passwd", "root/proc/1/root/etc/passwd"):
    attempt(path, lambda: open(path).read())
"""
        ),
        "devices": _tries(
            """
import os, stat
if set(os.listdir("/dev")) - {"null", "zero", "urandom", "random"}:
    print("ESCAPED", os.listdir("/dev"))
for path in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/tty", "/dev/ptmx", "/dev/shm/x"):
    attempt(path, lambda: open(path, "rb").read(1))
for name in os.listdir("/dev"):  # what they are already, so that nothing is lost where it works
    attempt("mode", lambda: os.chmod(f"/dev/{name}", 0o666))
    attempt("owner", lambda: os.chown(f"/dev/{name}", os.getuid(), os.getgid()))
    attempt("time", lambda: os.utime(f"/dev/{name}"))
os.path.exists("node") or attempt("mknod", lambda: os.mknod("node", stat.S_IFCHR | 0o600, os.makedev(1, 1)))
"""
        ),
        "memory of sockets": Attack(
            """
import socket
held, pairs = 0, []
try:
    while True:
        pairs.append(socket.socketpair())
        one = pairs[-1][0]
        one.setblocking(False)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 26)
        except OSError:
            pass
        try:
            while True:
                held += one.send(bytes(65536))
        except BlockingIOError:
            pass
except OSError:
    pass
if held > 32 << 20:
    print("ESCAPED", held)
"""
        ),
        "timers": _tries(
            """
import ctypes
libc, timer = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p()
made = 0
while made < 1000 and libc.timer_create(0, None, ctypes.byref(timer)) == 0:
    made += 1
if made == 1000:
    print("ESCAPED", made)
"""
        ),
        "inherited files": _tries(inherited),
        "environment": Attack(
            """
import os, sys
known = {"PWD", "LC_CTYPE", "HOME", "TMPDIR", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"}
if set(os.environ) - known:
    print("ESCAPED", set(os.environ) - known)
"""
        ),
        "signals to the parent": _tries(
            f"""
import os
attempt("parent", lambda: os.kill({parent}, 0))
attempt("group", lambda: os.killpg(os.getppid() or {parent}, 0) if os.getppid() else os.kill({parent}, 15))
"""
        ),
        "system calls by ctypes": _tries(_system_calls()),
        "2 GB of memory": Attack(
            'x = bytearray(2 << 30)\nprint("ESCAPED")',
            (Ending.MEMORY,),
            also=lambda it: it.peak_memory_bytes < 1 << 30,
        ),
        "memory bit by bit": Attack(
            'x = []\nwhile len(x) < 2048: x.append(b"x" * (1 << 20))\nprint("ESCAPED")',
            (Ending.MEMORY,),
            also=lambda it: it.peak_memory_bytes < 1 << 30,
        ),
        "an endless loop": Attack(
            'try:\n    while True: pass\nfinally:\n    print("ESCAPED")',
            (Ending.TIME,),
            replace(SMALL, cpu_s=1),
        ),
        "an endless sleep": Attack("import time\ntime.sleep(99)", (Ending.TIME,), replace(SMALL, wall_s=0.7)),
        "closed outputs": Attack(
            "import os, time\nos.close(1), os.close(2)\ntime.sleep(99)",
            (Ending.TIME,),
            replace(SMALL, wall_s=0.7),
        ),
        "a fork bomb": _tries(
            """
import os
for _ in range(1000):
    try:
        child = os.fork()
    except OSError:
        continue
    if not child:
        os._exit(0)
    print("ESCAPED", child, flush=True)
    break  # one that works is enough: where nothing holds it, this must not become a bomb
import subprocess
attempt("subprocess", lambda: subprocess.run(["/usr/bin/env"]))
"""
        ),
        "threads": Attack(
            """
import threading, time
threading.stack_size(32768)
for _ in range(2000): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
time.sleep(2)
print("ESCAPED")
""",
            (Ending.KILLED, Ending.FINISHED, Ending.TIME, Ending.MEMORY),
        ),
        "10 GB of output": Attack(
            'import os\nfor _ in range(10_000): os.write(1, b"x" * 1_000_000)\nos.write(2, b"ESCAPED")',
            (Ending.OUTPUT,),
            also=lambda it: len(it.stdout) <= SMALL.output_bytes,
        ),
        "10 GB of errors": Attack(
            'import os\nfor _ in range(10_000): os.write(2, b"x" * 1_000_000)\nprint("ESCAPED")',
            (Ending.OUTPUT,),
            also=lambda it: len(it.stderr) <= SMALL.output_bytes,
        ),
        "a full disk": _tries(
            """
def fill():
    for number in range(100):
        with open(f"big{number}", "wb") as file:
            file.write(b"x" * 4_000_000)
attempt("fill", fill)
"""
        ),
        "many files": Attack(
            'for i in range(10_000_000): open(str(i), "w").close()\nprint("ESCAPED")', (Ending.KILLED,)
        ),
        "open files": _tries('attempt("open", lambda: [open("/dev/null") for _ in range(10_000)])'),
    }


def _tries(body: str) -> Attack:
    return Attack(_TRY + body)


def _system_calls() -> str:
    numbers = {
        name: seccomp.number(name)
        for name in (
            *("ptrace", "mount", "umount2", "unshare", "setns", "keyctl", "add_key", "bpf", "userfaultfd"),
            *(
                "perf_event_open",
                "memfd_create",
                "shmget",
                "process_vm_readv",
                "personality",
                "chroot",
                "pivot_root",
            ),
            *(
                "kexec_load",
                "init_module",
                "open_by_handle_at",
                "io_setup",
                "reboot",
                "swapon",
                "sethostname",
            ),
        )
    }
    # Numbers that are the same on every machine: io_uring_setup, clone3, open_tree, mount_setattr, landlock.
    numbers |= {"io_uring_setup": 425, "clone3": 435, "open_tree": 428, "mount_setattr": 442, "landlock": 444}
    return f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for name, number in {numbers!r}.items():
    ctypes.set_errno(0)
    got, error = libc.syscall(number, 0, 0, 0, 0, 0, 0), ctypes.get_errno()
    if got != -1 or error not in (1, 38):
        print("ESCAPED", name, got, error)
if libc.prctl(4, 0, 0, 0, 0) == 0:
    print("ESCAPED not dumpable")
if libc.prctl(1, 0, 0, 0, 0) == 0:
    print("ESCAPED may outlive its parent")
if libc.prctl(39, 0, 0, 0, 0) != 1:
    print("ESCAPED may gain privileges")
"""
