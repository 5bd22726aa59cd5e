"""`python`: a program in the sandbox, which finds the job's files read-only in its work directory."""

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from itertools import count
from pathlib import PurePath
from typing import Any

from solver.core.programs import Asker, Program, ProgramFile, Programs, ProgramsOff, Ran
from solver.core.tools import ToolOutcome, ToolsOff, ToolSpec
from tools.files import ToolFile, ToolFiles
from tools.tool import on_thread, shortened, text_argument, text_schema
from tools.written import REPORT, REPORT_BYTES, Keep, Written, keeps_nothing, split_report, take

MOST_CODE_CHARS = 20_000
MOST_FILES_BYTES = 8_000_000
"""Of all files that one program finds: they travel through the database."""
_MOST_OUTPUT_CHARS = 10_000
_MOST_NAME_BYTES = 200
_LISTS = re.compile(r"\b(?:listdir|scandir|iterdir|r?glob|walk)\b")

_RUN = f"""
import ast, json, linecache, os, sys, traceback
{REPORT}
_order = json.loads(sys.stdin.read())
_here = os.getcwd()
_before = {{os.path.join(_here, name) for name in os.listdir(_here)}}
sys.stdin, sys.stderr = open(os.devnull, encoding="utf-8"), sys.stdout
_source = _order["code"]
linecache.cache["main.py"] = (len(_source), None, _source.splitlines(keepends=True), "main.py")
_space = {{"__name__": "__main__"}}
try:
    _tree = ast.parse(_source, "main.py")
    # As at Python's prompt: what stands alone on the last line is shown.
    _last = ast.Expression(_tree.body.pop().value) if _tree.body and isinstance(_tree.body[-1], ast.Expr) else None
    exec(compile(_tree, "main.py", "exec"), _space)
    if _last is not None:
        _value = eval(compile(_last, "main.py", "eval"), _space)
        if _value is not None:
            print(_value)
except MemoryError:
    raise
except SystemExit:
    sys.stdout.flush()
    _report(_order["mark"], _before, _here)
    raise
except BaseException as error:
    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
    traceback.print_exception(error, limit=-8)
sys.stdout.flush()
_report(_order["mark"], _before, _here)
"""
_ENDED = {
    "time": "It was ended because it ran out of time. Compute less, or more cleverly.",
    "memory": "It was ended because it ran out of memory.",
    "output": "It was ended because it printed too much. Print less.",
    "killed": "It was ended by force.",
}


class PythonTool:
    """Runs a model's programs in whatever runs programs here."""

    def __init__(
        self, programs: Programs, files: ToolFiles, threads: Executor, keep: Keep = keeps_nothing
    ) -> None:
        """Read files, and have the pictures that programs write kept by `keep`, on `threads`."""
        self._programs = programs
        self._files = files
        self._threads = threads
        self._keep = keep

    @property
    def spec(self) -> ToolSpec:
        """What models are told of it."""
        named = ", ".join(f"“{name}”" for name in self._files.names)
        files = (
            f" The attached files lie in the work directory, read-only: {named}. Of a file that is no text, NAME.txt "
            "holds its text."
            if named
            else ""
        )
        return ToolSpec(
            "python",
            "Run a Python 3 program and read what it prints; numpy, sympy and Pillow are there. It has 20 seconds, no "
            "network, and nothing of earlier programs. Tables (CSV) that it writes into its work directory are shown to "
            f"you and the user, pictures (PNG, JPEG) to the user, and to you if you see.{files}",
            text_schema({"code": "The program. Print what you want to see."}),
            timeout_s=240.0,
        )

    async def use(self, arguments: Mapping[str, Any], asker: Asker, /) -> ToolOutcome:
        """Run the program. Raises WrongArguments or ToolsOff."""
        code = text_argument(arguments, "code", most_chars=MOST_CODE_CHARS)
        program, left_out = await on_thread(self._threads, _program, code, self._files)
        try:
            ran = await self._programs.run(program, asker)
        except ProgramsOff as error:
            raise ToolsOff(str(error)) from error
        printed, files = split_report(ran.stdout, program.mark)
        written = await on_thread(self._threads, take, files, self._keep) if files else Written()
        text = _said(printed, ran, left_out, written)
        return ToolOutcome(text, pictures=written.pictures, tables=written.tables, wall_s=ran.wall_s)


def _said(printed: str, ran: Ran, left_out: Sequence[str], written: Written) -> str:
    parts = [shortened(printed.strip(), _MOST_OUTPUT_CHARS) or "It printed nothing.", *written.said]
    if ran.ending in _ENDED:
        parts.append(_ENDED[ran.ending])
    if left_out:
        parts.append(f"Too large to be handed to a program: {', '.join(left_out)}.")
    return "\n\n".join(parts)


def _program(code: str, files: ToolFiles) -> tuple[Program, list[str]]:
    """Return the program with the files that it names, or all where it looks for some; and what did not fit. Blocks."""
    handed, left_out, left = list[ProgramFile](), list[str](), MOST_FILES_BYTES
    wants_all = bool(_LISTS.search(code))
    for name, file, is_bytes in _named(files) if files.names else ():
        # `report.pdf` is in `report.pdf.txt`; a few bytes too many do no harm.
        if not (wants_all or name in code):
            continue
        try:
            content = _content(file, left) if is_bytes else _text(file)
        except OSError:
            content = None
        if content is None or len(content) > left:
            left_out.append(name)
            continue
        handed.append(ProgramFile.of(name, content))
        left -= len(content)
    mark = secrets.token_hex(16)
    order = json.dumps({"code": code, "mark": mark})
    return Program(_RUN, order, mark, files=tuple(handed), report_bytes=REPORT_BYTES), left_out


def _content(file: ToolFile, most_bytes: int) -> bytes | None:
    return file.content() if file.size_bytes <= most_bytes else None


def _text(file: ToolFile) -> bytes:
    pages = (f"[{page.where}]\n{page.text}" if page.where else page.text for page in file.read.pages)
    return "\n\n".join(pages).encode("utf-8", "replace")


def _named(files: ToolFiles) -> list[tuple[str, ToolFile, bool]]:
    """Return every file by the name that a program finds it under, and whether it is its bytes or its text."""
    by_size = sorted(files.all(), key=lambda file: file.size_bytes)
    taken = set[str]()
    # A text that was attached keeps its name before one that is made of another file.
    names = [_unused(_plain(file.name), taken) for file in by_size]
    found = list[tuple[str, ToolFile, bool]]()
    for name, file in zip(names, by_size, strict=True):
        found.append((name, file, True))
        if not file.is_text and file.read.pages:
            found.append((_unused(f"{name}.txt", taken), file, False))
    return found


def _unused(name: str, taken: set[str]) -> str:
    """Return a name that is not taken yet, with a number where it must be, and take it; case makes no difference."""
    path, free = PurePath(name), name
    for number in count(2):
        if free.casefold() not in taken:
            break
        free = f"{path.stem} ({number}){path.suffix}"
    taken.add(free.casefold())
    return free


def _plain(name: str) -> str:
    """Return a file's name as the sandbox takes it."""
    last = name.replace("\0", "").replace("/", "_").strip(". ")
    while len(last.encode("utf-8", "replace")) > _MOST_NAME_BYTES:
        last = last[1:]
    return last or "file"
