"""The process that reads one file: `python -m files.extraction.child FILE NAME DIRECTORY`.

It works within hard limits of memory, CPU and written bytes, knows no secret, and writes `result.json` into the
directory, `{"extract": …}` or `{"error": …}`, beside the pictures.
"""

import json
import resource
import sys
from pathlib import Path

from files.extraction.content import Extract, ExtractionError, FileKind
from files.extraction.sniff import kind_of

MEMORY_BYTES = 280 << 20
"""Of this process in all, its interpreter and libraries with it."""
CPU_S = 30
_WRITTEN_BYTES = 64 << 20
_TOO_MUCH_MEMORY = (
    "The file needs too much memory to be read. Attach a smaller one, or only the part that matters."
)
RESULT = "result.json"


def main() -> None:
    """Read the file that the arguments name."""
    path, name, directory = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    answer: dict[str, object]
    try:
        answer = {"extract": _read(path, name, directory).to_json()}
    except ExtractionError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": _TOO_MUCH_MEMORY}
    except RecursionError:
        answer = {
            "error": "The file is nested too deeply to be read. Save it in another format, and attach that."
        }
    (directory / RESULT).write_text(json.dumps(answer, ensure_ascii=True), encoding="ascii")


def _read(path: Path, name: str, directory: Path) -> Extract:
    kind = kind_of(path, name)
    match kind:
        case FileKind.PDF:
            from files.extraction.pdf import read_pdf

            _limit()
            return read_pdf(path, directory)
        case FileKind.PICTURE:
            from files.extraction.picture import read_picture

            _limit()
            return read_picture(path, directory)
        case FileKind.WORD | FileKind.SLIDES | FileKind.SHEETS:
            from files.extraction import office

            _limit()
            read = {FileKind.WORD: office.read_word, FileKind.SLIDES: office.read_slides}
            return read.get(kind, office.read_sheets)(path)
    from files.extraction import plain

    _limit()
    if kind is FileKind.HTML:
        return plain.read_html(path)
    return plain.read_table(path) if kind is FileKind.TABLE else plain.read_text(path, kind)


def _limit() -> None:
    """Bound this process from here on: its libraries are loaded, and nothing of the file is."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WRITTEN_BYTES, _WRITTEN_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        mapped, resident = map(int, Path("/proc/self/statm").read_text(encoding="ascii").split()[:2])
        most = (mapped - resident) * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()
