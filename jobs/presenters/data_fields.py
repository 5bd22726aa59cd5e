"""Data as tables, with the vote of each field: what the replies of a job say of what it delivers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jobs.models import Job, StepRecord, StepState
from solver.core.problem.result_kind import ResultKind
from solver.inference.field_votes import FieldVote, FieldVotes, field_votes
from solver.text.data import csv_text, pretty_data, read_data
from solver.text.leaves import MAX_FIELDS, Path, is_leaf, leaf_key, leaves_of, path_words

_MAX_REPLIES = 24
_MAX_ROWS = 100
_MAX_COLUMNS = 30
_MAX_CELL_CHARS = 200
_MAX_OTHERS = 4
_MAX_MARKDOWN_ROWS = 20
_MAX_MARKDOWN_COLUMNS = 6
_ANSWERS = ("sample", "revise", "aggregate")
Leaves = Mapping[Path, Any]


class Cell(NamedTuple):
    """A value; where replies differ on it, how many give it, and what others give."""

    text: str
    dispute: str = ""


class Table(NamedTuple):
    """Rows of cells below names. `title` says where in the data they stand; `more` rows are not shown."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]
    more: int


class DataText(NamedTuple):
    """Data as text, to be copied and downloaded."""

    json_text: str
    csv_text: str


class DataView(NamedTuple):
    """What a job delivers as tables and as text, and whether it has more fields than were compared."""

    tables: list[Table]
    text: DataText
    is_cut: bool


def data_view_of(job: Job, answer: str) -> DataView | None:
    """Return the data that a job shows, with its votes; None where it shows none that can be read."""
    found = read_data(answer) if job.result_kind is ResultKind.DATA and answer else None
    if found is None:
        return None
    votes = _votes_of(job)
    leaves = leaves_of(found.value, votes.columns if votes else {})
    by_path = votes.by_path() if votes and votes.replies > 1 else {}
    return DataView(
        list(_tables(found.value, leaves, by_path)),
        _as_text(found.value),
        is_cut=len(leaves) >= MAX_FIELDS,
    )


def data_text(answer: str) -> DataText | None:
    """Return an answer's data as text; None where it cannot be read."""
    found = read_data(answer)
    return _as_text(found.value) if found else None


def _as_text(value: Any) -> DataText:
    """Return a table as it is; other data as a table of its fields."""
    rows = value
    if not (isinstance(value, list) and value and all(isinstance(row, dict) for row in value)):
        rows = [{"field": path_words(path), "value": leaf} for path, leaf in leaves_of(value, {}).items()]
    return DataText(pretty_data(value), csv_text(rows))


def small_table(answer: str) -> str:
    """Return data as a Markdown table where it is small enough to be read in an email; else nothing."""
    found = read_data(answer)
    if found is None or (found.is_table and "|" in answer.split("\n", 1)[0]):
        return ""
    tables = list(_tables(found.value, leaves_of(found.value, {}), {}))
    if len(tables) != 1 or tables[0].more or len(tables[0].columns) > _MAX_MARKDOWN_COLUMNS:
        return ""
    [table] = tables
    if len(table.rows) > _MAX_MARKDOWN_ROWS:
        return ""
    lines = [
        table.columns,
        ["---"] * len(table.columns),
        *([cell.text for cell in row] for row in table.rows),
    ]
    return "\n".join(f"| {' | '.join(text.replace('|', '\\|') for text in line)} |" for line in lines)


def _votes_of(job: Job) -> FieldVotes | None:
    """Return the votes of the replies that fit, as the strategy counts them."""
    told = StepRecord.objects.filter(
        job=job, state=StepState.TOLD, status="ok", kind__in=_ANSWERS, subproblem=False
    )
    rows = told.exclude(answer="").exclude(verdict__passed=False).order_by("seq")
    counted: dict[str, Any] = {}
    for key, parents, answer in rows.values_list("key", "parents", "answer")[: 2 * _MAX_REPLIES]:
        data = read_data(answer)
        if data is not None and len(counted) < _MAX_REPLIES and not counted.keys() & set(parents):
            counted[key] = data.value
    return field_votes([*counted.values()], may_compose=False)


def _tables(value: Any, leaves: Leaves, votes: Mapping[Path, FieldVote]) -> Iterator[Table]:
    """Yield the fields that stand alone as one table, and each array of objects as one of its own."""
    inside = [path for path in _arrays(value, ()) if path or isinstance(value, list)]
    alone = [path for path in leaves if not any(path[: len(array)] == array for array in inside)]
    if alone:
        rows = [_field(path, leaves[path], votes.get(path)) for path in alone[:_MAX_ROWS]]
        columns = ["Field", "Value", "Votes"][: max(map(len, rows))]
        yield Table("", columns, rows, len(alone) - len(rows))
    for array in inside:
        yield _array(array, [path for path in leaves if path[: len(array)] == array], leaves, votes)


def _array(array: Path, paths: Sequence[Path], leaves: Leaves, votes: Mapping[Path, FieldVote]) -> Table:
    """Return an array of objects as a table: a row for each, a column for each of their fields."""
    at = len(array)
    rows = list(dict.fromkeys(path[at] for path in paths))
    columns = list(dict.fromkeys(path[at + 1 :] for path in paths))[:_MAX_COLUMNS]
    cells = [
        [
            _cell(leaves[path], votes.get(path)) if (path := (*array, row, *column)) in leaves else Cell("")
            for column in columns
        ]
        for row in rows[:_MAX_ROWS]
    ]
    names = [path_words(column) for column in columns]
    return Table(path_words(array) if array else "", names, cells, len(rows) - len(cells))


def _arrays(value: Any, path: Path) -> Iterator[Path]:
    """Yield where arrays of objects stand that are in no other array."""
    if isinstance(value, list) and not is_leaf(value) and all(isinstance(each, dict) for each in value):
        yield path
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _arrays(each, (*path, name))


def _field(path: Path, value: Any, vote: FieldVote | None) -> list[Cell]:
    """Return a field as a row: its name, its value, and its votes where there are some."""
    named = [Cell(path_words(path)), Cell(_text(value))]
    if vote is None:
        return named
    cell = _cell(value, vote)
    return [*named, Cell("", cell.dispute) if cell.dispute else Cell(f"{vote.replies} of {vote.replies}")]


def _cell(value: Any, vote: FieldVote | None) -> Cell:
    """Return a value, with its votes where replies differ."""
    if vote is None or vote.is_unanimous:
        return Cell(_text(value))
    own = leaf_key(value)
    others = [f"{_text(other)} ({count})" for other, count in vote.values if leaf_key(other) != own]
    if vote.absent:
        others.append(f"left out ({vote.absent})")
    said = [f"{vote.votes_for(value)} of {vote.replies}", *others[:_MAX_OTHERS]]
    return Cell(_text(value), "; ".join([said[0], ", ".join(said[1:])]))


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else pretty_data(value)
    line = " ".join(text.split())
    return line if len(line) <= _MAX_CELL_CHARS else f"{line[: _MAX_CELL_CHARS - 1]}…"
