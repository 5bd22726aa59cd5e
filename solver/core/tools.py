"""Tools that a model may use, and what came of it; who performs them is handed in.

What a tool brings back was written by others: models read it as material between tags that it cannot close, and it
decides nothing of money, of who sees what, or of what counts as right.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, Self

from solver.core.programs import Asker
from solver.core.request import PictureRef
from solver.core.tags import as_plain_text

MAX_OUTCOME_CHARS = 12_000
"""How much of an outcome's text a model is shown, and the journal keeps."""
MAX_SOURCES = 20
MAX_SOURCE_CHARS = 2_000
TYPICAL_TURNS = 4
"""So many calls an attempt with tools usually makes, the one that answers included."""
TURN_BYTES = 6_000
"""About how much a turn and what its tools bring add to the conversation."""


class ToolsOff(RuntimeError):
    """Nothing here performs this tool; the message says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it: its name, what it does, a JSON Schema of its arguments.

    `most_nano` is the most that one use costs the house, in nano-USD (0: nothing).
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    most_nano: int = 0
    timeout_s: float = 60.0

    def as_function(self) -> dict[str, Any]:
        """Return it as providers are told of a function."""
        told = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": told}

    def to_json(self) -> dict[str, Any]:
        """Return what a journal keeps of what was offered."""
        return asdict(self) | {"parameters": dict(self.parameters)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        return cls(
            str(data["name"]), str(data.get("description", "")), dict(data.get("parameters", {})),
            int(data.get("most_nano", 0)), float(data.get("timeout_s", 60.0)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ToolOrder:
    """One use of a tool: its name and its arguments, as the model wrote them."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer may cite.

    `address` is a URL or a file's name, `where` its place there (“page 3”), `date` an ISO date; the latter may be empty.
    """

    title: str
    address: str
    where: str = ""
    date: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The beginning of a table that a tool brought: its rows, the header first; `total_rows` is how many it has."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    total_rows: int = 0

    @property
    def left_out(self) -> int:
        """How many of its rows are not here."""
        return max(self.total_rows - len(self.rows), 0)

    def as_text(self) -> str:
        """Return it as models read it, one row a line."""
        lines = [f"{self.name}:", *(" | ".join(row) for row in self.rows)]
        return "\n".join([*lines, f"… {self.left_out:,} more rows"] if self.left_out else lines)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what a journal kept."""
        rows = tuple(tuple(str(cell) for cell in row) for row in data.get("rows", ()))
        return cls(str(data.get("name", "")), rows, int(data.get("total_rows", 0)))


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What one use came to: a text for the model, passages to cite, pictures, tables; or an error, in a sentence.

    `charged_uses` is for how many uses the tool's provider charges (0: none), `wall_s` how many seconds it took.
    """

    text: str
    sources: tuple[Source, ...] = ()
    pictures: tuple[PictureRef, ...] = ()
    error: str = ""
    charged_uses: int = 0
    wall_s: float = 0.0
    tables: tuple[Table, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what a journal keeps: bounded, whatever the tool brought."""
        return {
            "text": self.text[:MAX_OUTCOME_CHARS],
            "sources": [
                {**asdict(source), "text": source.text[:MAX_SOURCE_CHARS]}
                for source in self.sources[:MAX_SOURCES]
            ],
            "pictures": [asdict(picture) for picture in self.pictures],
            "error": self.error[:500],
            "charged_uses": self.charged_uses,
            "wall_s": round(self.wall_s, 1),
            **({"tables": [asdict(table) for table in self.tables]} if self.tables else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        return cls(
            str(data.get("text", "")),
            tuple(Source(**source) for source in data.get("sources", ())),
            tuple(PictureRef(**picture) for picture in data.get("pictures", ())),
            str(data.get("error", "")),
            int(data.get("charged_uses", 0)),
            float(data.get("wall_s", 0.0)),
            tuple(Table.from_json(table) for table in data.get("tables", ())),
        )


class Tools(Protocol):
    """Performs tools for one job, away from model slots, event loops and database connections."""

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools that are on here; none: tools are off."""
        ...

    async def use(self, order: ToolOrder, asker: Asker, /) -> ToolOutcome:
        """Use a tool once, within its time limit.

        A failure of the tool is an outcome with an `error`. Raises ToolsOff where it cannot be performed here at all.
        """
        ...


def as_material(tool: str, outcome: ToolOutcome, *, first_source: int = 1) -> str:
    """Return what a model is shown of an outcome: text between tags that it cannot close, its sources numbered."""
    lines = [f'<tool_result tool="{_attribute(tool)}">']
    if outcome.error:
        lines.append(f"It failed: {as_plain_text(outcome.error[:500])}")
    if outcome.text:
        lines.append(as_plain_text(outcome.text[:MAX_OUTCOME_CHARS]))
    lines += [as_plain_text(table.as_text()) for table in outcome.tables]
    for number, source in enumerate(outcome.sources[:MAX_SOURCES], first_source):
        named = {"title": source.title, "address": source.address, "where": source.where, "date": source.date}
        attributes = "".join(f' {name}="{_attribute(value)}"' for name, value in named.items() if value)
        lines += [
            f'<source number="{number}"{attributes}>',
            as_plain_text(source.text[:MAX_SOURCE_CHARS]),
            "</source>",
        ]
    return "\n".join([*lines, "</tool_result>"])


def _attribute(text: str) -> str:
    """Return a text that stays within its quotation marks, on one line."""
    return re.sub(r"[<>\"\s]+", " ", text).strip()[:200]
