"""A picture of a search as it is drawn: places in pixels of its natural width, from which it may be widened."""

from dataclasses import dataclass

from jobs.presenters.search.marks import Mark, Role, Tone


@dataclass(frozen=True, slots=True)
class Node:
    """One step, or several that are alike; `name` is the same in every picture of the job that has it.

    `x` is the place of its column, `dx` how far to the right of that it is drawn, however wide the picture.
    """

    name: str
    role: Role
    tone: Tone
    x: int
    dx: int
    y: int
    radius: int
    marks: tuple[Mark, ...]
    title: str
    is_shown: bool = False
    is_on_way: bool = False

    @property
    def count(self) -> int:
        """How many steps it stands for."""
        return len(self.marks)

    @property
    def is_stack(self) -> bool:
        """Whether it stands for several."""
        return len(self.marks) > 1


@dataclass(frozen=True, slots=True)
class Edge:
    """A line; `path` is in the units of the natural width. `weight` is how thick it is, from 1 to 5."""

    path: str
    weight: int = 1
    style: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """The row of an answer, with its label at the right."""

    y: int
    label: str
    note: str
    kind: str
    """How it looks: `shown`, `right`, `wrong`, or nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """A phase: what stands above its steps."""

    x: int
    count: int
    words: str

    @property
    def number(self) -> str:
        """The count as people read it."""
        return f"{self.count:,}"


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it; the labels stand right of `width`, and take `label_width` more."""

    width: int
    height: int
    label_width: int
    root_x: int
    root_y: int
    columns: tuple[Column, ...]
    lanes: tuple[Lane, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
