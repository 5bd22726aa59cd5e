"""The filter of system calls under which a sandboxed program runs, as a classic BPF program for `bwrap --seccomp`.

A denylist after Docker's default profile (https://docs.docker.com/engine/security/seccomp/), made stricter: no further
process, no memory that escapes the address-space limit (such as large buffers of sockets), no socket but a local one,
no other mode, owner, times or attributes of a file (where a worker is root, the host's devices are its own), nothing of
namespaces, tracing, keys, BPF or asynchronous I/O. Calls numbered since 2019 are the same on all machines; of those only
a few are let through, so that a kernel's next invention is refused too. Refused calls fail with EPERM, unknown ones with
ENOSYS, upon which libraries use older ones.

Source of the encoding: linux/filter.h, linux/seccomp.h, and the kernel's tables of system calls.
"""

import errno
import platform
import struct
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _MACHINE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_CLONE_THREAD = 0x00010000
_AF_UNIX = 1
_SET_PDEATHSIG, _SET_DUMPABLE = 1, 4
_X32 = 0x40000000
"""From here on the calls of x86's third interface are numbered, which would bypass the list."""
_COMMON_FROM = 424
_COMMON = {
    "close_range": 436, "openat2": 437, "faccessat2": 439, "epoll_pwait2": 441, "futex_waitv": 449,
}  # fmt: skip
# Name, number on x86_64, number on aarch64.
_REFUSED = """
acct:163:89 add_key:248:217 adjtimex:159:171 bpf:321:280 chroot:161:51 clock_adjtime:305:266
clock_settime:227:112 delete_module:176:106 fanotify_init:300:262 fchmod:91:52 fchmodat:268:53 fchown:93:55
fchownat:260:54 finit_module:313:273 fremovexattr:199:16 fsetxattr:190:7 get_mempolicy:239:236
init_module:175:105 inotify_init1:294:26 io_cancel:210:3 io_destroy:207:1 io_getevents:208:4
io_pgetevents:333:292 io_setup:206:0 io_submit:209:2 kcmp:312:272 kexec_file_load:320:294 kexec_load:246:104
keyctl:250:219 lookup_dcookie:212:18 lremovexattr:198:15 lsetxattr:189:6 mbind:237:235 memfd_create:319:279
migrate_pages:256:238 mount:165:40 move_pages:279:239 mq_open:240:180 msgctl:71:187 msgget:68:186 msgrcv:70:188
msgsnd:69:189 name_to_handle_at:303:264 open_by_handle_at:304:265 perf_event_open:298:241 personality:135:92
pivot_root:155:41 process_vm_readv:310:270 process_vm_writev:311:271 ptrace:101:117 quotactl:179:60
reboot:169:142 removexattr:197:14 request_key:249:218 semctl:66:191 semget:64:190 semop:65:193
semtimedop:220:192 set_mempolicy:238:237 setdomainname:171:162 sethostname:170:161 setns:308:268
setsockopt:54:208 settimeofday:164:170 setxattr:188:5 shmat:30:196 shmctl:31:195 shmget:29:194 splice:275:76
swapoff:168:225 swapon:167:224 syslog:103:116 tee:276:77 umount2:166:39 unshare:272:97 userfaultfd:323:282
utimensat:280:88 vhangup:153:58 vmsplice:278:75
"""


@dataclass(frozen=True, slots=True)
class _Machine:
    """How a kind of processor numbers its system calls."""

    audit_number: int
    refused: frozenset[int]
    clone: int
    socket: int
    prctl: int


def _machine(audit_number: int, column: int, *others: int, clone: int, socket: int, prctl: int) -> _Machine:
    numbers = (int(each.split(":")[column]) for each in _REFUSED.split())
    return _Machine(audit_number, frozenset({*numbers, *others}), clone, socket, prctl)


# fork, vfork, chmod, chown, lchown, utime, utimes, futimesat, and what only this processor still has.
_OLD_X86 = (57, 58, 90, 92, 94, 132, 134, 136, 139, 154, 156, 172, 173, 174, 177, 178, 180, 235, 253, 261)
_MACHINES = {
    "x86_64": _machine(0xC000003E, 1, *_OLD_X86, clone=56, socket=41, prctl=157),
    "aarch64": _machine(0xC00000B7, 2, clone=220, socket=198, prctl=167),
}


def program(machine: str = "") -> bytes:
    """Return the filter for a machine, this one by default. Raises LookupError where its numbers are not known."""
    name = machine or platform.machine()
    if name not in _MACHINES:
        raise LookupError(f"There is no filter of system calls for the machine type {name}.")
    known = _MACHINES[name]
    refuse, unknown = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    steps = [
        _step(_LOAD, _MACHINE_AT),
        _step(_EQUAL, known.audit_number, yes=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER_AT),
        *_when(_AT_LEAST, _X32, unknown),
    ]
    for number in sorted(_COMMON.values()):
        steps += _when(_EQUAL, number, _ALLOW)
    steps += _when(_AT_LEAST, _COMMON_FROM, unknown)
    for number in sorted(known.refused):
        steps += _when(_EQUAL, number, refuse)
    # A new thread is welcome, a new process is not; a socket is a local one; nobody hides from who watches, or outlives
    # who started it.
    steps += [
        *_by_argument(known.clone, _ANY_BIT, (_CLONE_THREAD,), then=_ALLOW, otherwise=refuse),
        *_by_argument(known.socket, _EQUAL, (_AF_UNIX,), then=_ALLOW, otherwise=refuse),
        *_by_argument(known.prctl, _EQUAL, (_SET_PDEATHSIG, _SET_DUMPABLE), then=refuse, otherwise=_ALLOW),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)


def _by_argument(
    number: int, test: int, values: tuple[int, ...], *, then: int, otherwise: int
) -> list[bytes]:
    """Decide a call by its first argument: `then` where the test holds for one of the values."""
    tests = [step for value in values for step in _when(test, value, then)]
    return [
        _step(_EQUAL, number, no=len(tests) + 2),
        _step(_LOAD, _FIRST_ARGUMENT_AT),
        *tests,
        _step(_RETURN, otherwise),
    ]


def _when(test: int, value: int, result: int) -> list[bytes]:
    return [_step(test, value, no=1), _step(_RETURN, result)]


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("<HBBI", code, yes, no, value)


def number(name: str) -> int:
    """Return this machine's number of a refused system call. Raises LookupError for one that is not on the list."""
    column = [*_MACHINES].index(platform.machine()) + 1
    rows = (each.split(":") for each in _REFUSED.split())
    return {row[0]: int(row[column]) for row in rows}[name]
