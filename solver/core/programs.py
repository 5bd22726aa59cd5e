"""What the engine wants run of untrusted code, and what came of it; who runs it is handed in."""

import base64
import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self


class ProgramsOff(RuntimeError):
    """Nothing here can run untrusted code; the message says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """A file that a program finds, read-only, in its work directory; `packed` holds its content."""

    name: str
    packed: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """Return a file with this content."""
        return cls(name, base64.b64encode(zlib.compress(content)).decode())

    def content(self) -> bytes:
        """Return its bytes. Raises ValueError for what is no such text."""
        try:
            return zlib.decompress(base64.b64decode(self.packed))
        except zlib.error as error:
            raise ValueError("not a packed file") from error


@dataclass(frozen=True, slots=True)
class Program:
    """A Python program and its standard input. `mark` stands before each line that it says of itself.

    The mark is drawn for each run, so that what tested code prints is not taken for a report. `partner` is the source of
    a second program that runs meanwhile, apart from the first: a socket to the other is descriptor 3 of either. It may
    write `report_bytes` more than other programs, of files that it made.
    """

    source: str
    stdin: str
    mark: str = ""
    partner: str = ""
    files: tuple[ProgramFile, ...] = ()
    report_bytes: int = 0


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a function of a Python source with one text."""

    source: str
    function: str
    argument: str


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it: what was written, or returned as JSON reads it; `error` in a sentence; why it ended.

    `ending` is one of `finished`, `time`, `memory`, `output`, `killed`; `wall_s` is how many seconds it took, `cpu_s` how
    many of a processor.
    """

    stdout: str = ""
    value: Any = None
    error: str = ""
    ending: str = "finished"
    wall_s: float = 0.0
    cpu_s: float = 0.0


class Asker(NamedTuple):
    """For whom code is run: who takes turns as one, and the job that it belongs to."""

    owner: str = ""
    job: str = ""


NOBODY = Asker()


@dataclass(frozen=True, slots=True)
class RunOrder:
    """Programs to be run on the same inputs.

    Of each the value of every call is wanted, and whether each example, a call and its value, holds. Without calls and
    examples a program is run as it stands, and what it prints is its one output.
    """

    programs: tuple[str, ...]
    calls: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()

    @property
    def prints(self) -> bool:
        """Whether what the programs print is wanted."""
        return not self.calls and not self.examples


class Observed(NamedTuple):
    """What one program did: its outputs by input, None where there is none; whether each example holds; seconds."""

    outputs: tuple[str | None, ...]
    examples: tuple[bool, ...]
    wall_s: float = 0.0


class Programs(Protocol):
    """Runs untrusted code where it can harm nothing."""

    async def run(self, wanted: Program | FunctionCall, asker: Asker, /) -> Ran:
        """Run it to its end or its limits. Raises ProgramsOff where nothing here can."""
        ...
