"""What the programs of a job did when they were run: groups that behave alike, and which examples the shown one meets."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from jobs.models import Job, StepRecord, StepState
from solver.core.problem.result_kind import ResultKind
from solver.core.steps import StepKind
from solver.inference.explanation import count_of

_MOST_GROUPS = 8
_MOST_EXAMPLES = 24


class CodeGroup(NamedTuple):
    """Programs that behave alike, and in words what they pass."""

    programs: int
    passes: str
    permille: int
    is_best: bool


class CodeExample(NamedTuple):
    """A call, the value that it should have, and whether the shown program gives that."""

    call: str
    expected: str
    holds: bool
    is_shown: bool
    """Whether the problem shows it; a model wrote the others."""


class CodeRuns(NamedTuple):
    """All that was run of a job; `why_off` says in a sentence why nothing was."""

    groups: list[CodeGroup]
    examples: list[CodeExample]
    programs: int
    inputs: int
    why_off: str = ""


def code_runs_of(job: Job, answer: str) -> CodeRuns | None:
    """Return what the programs of a job did, `answer` being the one that is shown; None where nothing was to be run."""
    if job.result_kind is not ResultKind.CODE:
        return None
    told = StepRecord.objects.filter(job=job, state=StepState.TOLD, status="ok", subproblem=False)
    rows = told.filter(kind=StepKind.RUN).order_by("seq").values_list("parents", "note")
    runs: list[tuple[list[str], Mapping[str, Any]]] = [(parents, note or {}) for parents, note in rows]
    seen = {
        parent: did
        for parents, note in runs
        for parent, did in zip(parents, note.get("seen", ()), strict=False)
    }
    if not seen:
        why = next((str(note["off"]) for _, note in runs if note.get("off")), "")
        return CodeRuns([], [], 0, 0, why) if why else None
    programs = list(
        told.filter(kind=StepKind.SAMPLE)
        .exclude(answer_key="")
        .order_by("seq")
        .values_list("key", "answer_key", "answer")
    )
    # Programs of the same text are run once.
    by_text = {answer_key: seen[key] for key, answer_key, _ in programs if key in seen}
    counts: defaultdict[str, int] = defaultdict(int)
    did_of: dict[str, Mapping[str, Any]] = {}
    best = ""
    for _, answer_key, code in programs:
        if did := by_text.get(answer_key):
            name = repr((did["outputs"], did["examples"]))
            counts[name] += 1
            did_of[name] = did
            best = name if code == answer else best
    note = runs[-1][1]
    return CodeRuns(
        _groups(counts, did_of, best, note),
        _examples(note, did_of.get(best)),
        sum(counts.values()),
        len(note.get("calls", ())),
    )


def _groups(
    counts: Mapping[str, int], did_of: Mapping[str, Mapping[str, Any]], best: str, note: Mapping[str, Any]
) -> list[CodeGroup]:
    order = sorted(counts, key=lambda name: (name != best, -counts[name]))[:_MOST_GROUPS]
    whole = sum(counts.values())
    return [
        CodeGroup(counts[name], _passes(did_of[name], note), counts[name] * 1000 // whole, name == best)
        for name in order
    ]


def _passes(did: Mapping[str, Any], note: Mapping[str, Any]) -> str:
    """Return what a program passes, in words."""
    if not any(output is not None for output in did["outputs"]):
        return "Gives no output."
    holds = did["examples"]
    shown = len(holds) - int(note.get("tests", 0))
    parts = [
        f"{sum(some)} of {count_of(len(some), one, many)}"
        for some, one, many in (
            (holds[:shown], "example", "examples"),
            (holds[shown:], "test by a model", "tests by a model"),
        )
        if some
    ]
    return f"Passes {' and '.join(parts)}." if parts else ""


def _examples(note: Mapping[str, Any], did: Mapping[str, Any] | None) -> list[CodeExample]:
    """Return the examples with what the shown program makes of them."""
    calls, expected = note.get("examples", ()), note.get("expected", ())
    shown = len(calls) - int(note.get("tests", 0))
    holds = did["examples"] if did else ()
    rows = zip(calls, expected, holds, strict=False)
    return [CodeExample(call, value, held, at < shown) for at, (call, value, held) in enumerate(rows)][
        :_MOST_EXAMPLES
    ]
