"""What a picture is made of, as SVG. It is most of a page, so it is put together here and not in a template."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from jobs.presenters.search.marks import Role
from jobs.presenters.search.picture import Node, Picture

_CROSS = '<path class="mark" d="M-2.5-2.5l5 5m0-5l-5 5"/>'
_TICK = '<path class="mark" d="M-3 0l2 2.5 4-5"/>'
_PROMPT = '<path class="mark" d="M-3-2.5l2.5 2.5-2.5 2.5m4 0h2.5"/>'
_LINES = '<path class="mark" d="M-3-2h6m-6 4h4"/>'
_SQUARES = {
    Role.CHECK: 'rx="3"',
    Role.COMPARISON: 'rx="1.5" transform="rotate(45)"',
    Role.TOOL: 'rx="1"',
    Role.WRITE_UP: 'rx="1.5"',
    Role.SETUP: 'rx="1.5"',
}
"""How the corners of those look that are no circles."""
_OF_VERDICT = {"right": _TICK, "wrong": _CROSS, "broken": _CROSS}
_ANY = UUID(int=0)


def share(x: int, width: int) -> str:
    """Return a place in a picture as a share of its width, so that the picture may be widened: `12.5%`."""
    thousandths = x * 100_000 // width
    return f"{thousandths // 1000}.{thousandths % 1000:03d}%"


def edges_svg(picture: Picture) -> SafeString:
    """Return the lines."""
    each = (
        f'<path class="line line-{edge.weight}{edge.style and f" line-{edge.style}"}" d="{edge.path}"/>'
        for edge in picture.edges
    )
    return mark_safe("".join(each))  # noqa: S308  (all of it is ours)


def outline_svg(outline: Mapping[str, Any]) -> SafeString:
    """Return what an outline draws; lines that look alike are one path. A list has hundreds of them."""
    paths: dict[str, list[str]] = {}
    for path, weight, is_strong in outline.get("lines", ()):
        paths.setdefault(f"line-{int(weight)}{' line-way' * bool(is_strong)}", []).append(path)
    lines = "".join(
        f'<path class="line {style}" d="{escape("".join(some))}"/>' for style, some in paths.items()
    )
    dots = "".join(
        f'<circle class="dot node-{escape(style)}" cx="{int(x)}" cy="{int(y)}" r="{int(radius)}"/>'
        for x, y, radius, style in outline.get("dots", ())
    )
    root = f'<circle class="search-root" cx="5" cy="{int(outline.get("root_y", 0))}" r="2"/>'
    return mark_safe(lines + root + dots)  # noqa: S308  (numbers, and what is escaped)


def nodes_svg(picture: Picture, job_id: UUID | None) -> SafeString:
    """Return the nodes, each a link to the text of its step, or to the steps that it stands for.

    Without a job's id they are no links and say nothing, neither costs nor what is behind them.
    """
    if job_id is None:
        plain = (_node(node, "", share(node.x, picture.width)) for node in picture.nodes)
        return mark_safe("\n".join(plain))  # noqa: S308  (all of it is ours)
    steps = reverse("job-steps", args=[job_id])
    step = reverse("job-step-text", args=[job_id, _ANY])
    each = (
        _node(
            node,
            f"{steps}?node={node.name}" if node.is_stack else step.replace(str(_ANY), node.name),
            share(node.x, picture.width),
            tab_index=-1 if at else 0,
        )
        for at, node in enumerate(picture.nodes)
    )
    return mark_safe("\n".join(each))  # noqa: S308  (only titles are not ours, and they are escaped)


def _node(node: Node, address: str, x: str, *, tab_index: int = -1) -> str:
    style = f"node node-{node.tone.style}{' node-way' * node.is_on_way}{' node-shown' * node.is_shown}"
    look = f'class="{style}" transform="translate({node.dx})"'
    glyph, title = "".join(_glyph(node)), escape(node.title)
    if not address:
        return f'<svg x="{x}" y="{node.y}"><g {look}>{glyph}</g></svg>'
    return (
        f'<svg x="{x}" y="{node.y}"><a {look} id="node-{node.name}" href="{address}" tabindex="{tab_index}"'
        f' aria-label="{title}" data-inspect><title>{title}</title>{glyph}</a></svg>'
    )


def _glyph(node: Node) -> Iterator[str]:
    """Yield what a node looks like: its shape by its role, its sign by its verdict, its number where it is a stack."""
    r, verdict = node.radius, node.tone.style
    if node.is_shown:
        yield f'<circle class="halo" r="{r + 5}"/>'
    if corners := _SQUARES.get(node.role):
        yield f'<rect x="-{r}" y="-{r}" width="{2 * r}" height="{2 * r}" {corners}/>'
    else:
        yield f'<circle r="{r}"/>'
    if node.role is Role.TOOL:
        yield _PROMPT
    elif node.role in {Role.WRITE_UP, Role.SETUP}:
        yield _LINES
    elif node.role is Role.MERGE:
        yield f'<circle class="ring" r="{r - 3}"/>' if node.is_stack else '<circle class="core" r="2"/>'
    if not node.is_stack and (node.role is Role.CHECK or node.role not in _SQUARES):
        yield _OF_VERDICT.get(verdict, "") if node.role is not Role.CHECK or verdict != "broken" else ""
    if node.is_stack:
        yield f'<text class="count" y="3.5">{node.count}</text>'
