"""What is to be run, and what came of it, as the texts that the rows of programs hold."""

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from solver.core.programs import FunctionCall, Program, ProgramFile, Ran


def written(wanted: Program | FunctionCall) -> str:
    """Return as JSON what is to be run; PostgreSQL's own JSON would refuse NUL characters and lone surrogates."""
    data = asdict(wanted)
    for name in ("files", "report_bytes"):
        if not data.get(name, True):
            del data[name]  # as releases without it wrote it
    return json.dumps({type(wanted).__name__: data})


def without_files(wanted: Program | FunctionCall) -> str:
    """Return as JSON what a row keeps of what was run: its files, megabytes as a rule, lie elsewhere already."""
    return written(replace(wanted, files=()) if isinstance(wanted, Program) else wanted)


def read(text: str) -> Program | FunctionCall:
    """Return what is to be run."""
    data: dict[str, dict[str, Any]] = json.loads(text)
    if "Program" not in data:
        return FunctionCall(**data["FunctionCall"])
    files = tuple(ProgramFile(**each) for each in data["Program"].pop("files", ()))
    return Program(**data["Program"], files=files)


def digest_of(wanted: Program | FunctionCall) -> str:
    """Return what equal runs have in common: the mark is drawn anew each time, so it is left out."""
    if isinstance(wanted, Program) and wanted.mark:
        wanted = replace(wanted, stdin=wanted.stdin.replace(wanted.mark, ""), mark="")
    return hashlib.sha256(written(wanted).encode()).hexdigest()


def written_result(ran: Ran) -> str:
    """Return as JSON what came of a run."""
    return json.dumps(asdict(ran))


def read_result(text: str, *, ran_for: str, wanted: Program | FunctionCall) -> Ran:
    """Return what came of a run, for one who asked with another mark than the row `ran_for`."""
    ran = Ran(**json.loads(text))
    first = read(ran_for)
    if isinstance(first, Program) and isinstance(wanted, Program) and first.mark != wanted.mark:
        return replace(ran, stdout=ran.stdout.replace(first.mark, wanted.mark))
    return ran
