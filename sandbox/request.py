"""What is asked of the sandbox, within which limits, and what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class SandboxOff(RuntimeError):  # a state of the machine, not a fault of the caller
    """No backend can serve the request on this machine; the message says why, in sentences."""


class Ending(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"
    """By itself, whatever its exit status."""
    TIME = "time"
    """Its wall or CPU seconds were used up."""
    MEMORY = "memory"
    """It asked for more memory than it may have."""
    OUTPUT = "output"
    """It wrote more than is read."""
    KILLED = "killed"
    """It made too many threads or files, or a signal ended it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use. Each limit holds apart from the others; sizes are bytes, times seconds."""

    wall_s: float = 10.0
    cpu_s: int = 10
    memory_bytes: int = 512 << 20
    """Address space, above what the interpreter has at its start."""
    output_bytes: int = 256 << 10
    """Of standard output and of standard error, each."""
    disk_bytes: int = 32 << 20
    """The whole work directory, which lies in memory."""
    files: int = 1_000
    """Files and directories in the work directory."""
    open_files: int = 64
    threads: int = 16
    """Threads of the one process that it may be; it cannot make another process."""


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """A Python program: its source, and the text that it reads from standard input.

    `partner` is the source of a second program that runs meanwhile in a sandbox of its own, within the same limits; a
    socket to the other is descriptor 3 of either. It is ended with the first; only the first one's output is told.
    """

    source: str
    stdin: str = ""
    limits: Limits = field(default_factory=Limits)
    partner: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    """Names and contents of files that lie read-only in the work directory. Raises ValueError for a name with a path."""

    def __post_init__(self) -> None:
        """Refuse names that would lead elsewhere."""
        for name, _ in self.files:
            if not name or "/" in name or "\0" in name or name in {".", ".."} or len(name.encode()) > 255:
                raise ValueError(f"“{name[:100]}” is not the name of a file.")


@dataclass(frozen=True, slots=True)
class CodeResult:
    """What a run wrote and used.

    `exit` is its exit status, 128 and the signal where one ended it. `peak_memory_bytes` is sampled twenty times a
    second, so that it misses what a shorter run had.
    """

    exit: int
    stdout: str
    stderr: str
    cpu_s: float
    wall_s: float
    peak_memory_bytes: int
    ending: Ending

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself with exit status 0."""
        return self.ending is Ending.FINISHED and self.exit == 0

    def to_json(self) -> Mapping[str, Any]:
        """Return its values by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CallRequest:
    """One call of a function of a source with one text as its argument."""

    source: str
    function: str
    argument: str
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a call returned, as JSON reads it, or what went wrong in a sentence. `backend` says who ran it."""

    value: Any
    error: str
    backend: str
    wall_s: float
    ending: Ending = Ending.FINISHED
    cpu_s: float = 0.0
