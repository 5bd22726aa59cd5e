"""Plots as SVG, by a few lines of our own: panels of lines and points over a linear or logarithmic axis."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 460, 300, 46, 34, 44
_COLOURS = ("#0b57d0", "#c5221f", "#188038", "#9334e6", "#e37400", "#12858d", "#7a5c00", "#5f6368", "#d01884")

type Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram: its title, its lines by name, its axes' labels. `dashed` names lines that are drawn so."""

    title: str
    lines: Mapping[str, Points]
    x_label: str
    y_label: str
    logarithmic: bool = False
    dashed: frozenset[str] = frozenset()


def save(path: Path, panels: Sequence[Panel], *, columns: int = 2) -> None:
    """Write panels in rows as one SVG with one legend; a line has the same colour in each."""
    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    colours = {name: _COLOURS[place % len(_COLOURS)] for place, name in enumerate(names)}
    rows = -(-len(panels) // columns)
    height = rows * _HEIGHT + 24 + 18 * -(-len(names) // 4)
    body = [
        f'<g transform="translate({place % columns * _WIDTH},{place // columns * _HEIGHT})">'
        f"{_drawn(panel, colours)}</g>"
        for place, panel in enumerate(panels)
    ]
    for place, name in enumerate(names):
        x, y = _LEFT + place % 4 * (columns * _WIDTH // 4), rows * _HEIGHT + 20 + place // 4 * 18
        body.append(f'<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" stroke="{colours[name]}"/>')
        body.append(f'<text x="{x + 24}" y="{y}">{escape(name)}</text>')
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * _WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12" stroke-width="2" fill="#202124">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(body)}</svg>\n'
    )


def _drawn(panel: Panel, colours: Mapping[str, str]) -> str:
    xs = [x for points in panel.lines.values() for x, _ in points if x > 0 or not panel.logarithmic]
    ys = [y for points in panel.lines.values() for _, y in points]
    low, high = (min(xs), max(xs)) if panel.logarithmic else (min(0.0, *xs), max(xs))
    bottom, top = math.floor(min(ys) * 20) / 20, math.ceil(max(ys) * 20) / 20
    top = max(top, bottom + 0.05)
    scale = math.log if panel.logarithmic else float

    def across(x: float) -> float:
        span = scale(high) - scale(low) or 1.0
        return _LEFT + (scale(max(x, low)) - scale(low)) / span * (_WIDTH - _LEFT - 16)

    def down(y: float) -> float:
        return _TOP + (top - y) / (top - bottom) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<text x="{_LEFT}" y="20" font-weight="bold">{escape(panel.title)}</text>']
    parts += [
        f'<line x1="{_LEFT}" x2="{_WIDTH - 16}" y1="{down(y):.1f}" y2="{down(y):.1f}" stroke="#e3e5e8" '
        f'stroke-width="1"/><text x="{_LEFT - 6}" y="{down(y) + 4:.1f}" text-anchor="end">{y:.2f}</text>'
        for y in (bottom + i * (top - bottom) / 5 for i in range(6))
    ]
    parts += [
        f'<text x="{across(x):.1f}" y="{_HEIGHT - 24}" text-anchor="middle">{x:g}</text>'
        for x in _ticks(low, high, logarithmic=panel.logarithmic)
    ]
    parts.append(
        f'<text x="{_WIDTH // 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(panel.x_label)}; '
        f"upwards: {escape(panel.y_label)}</text>"
    )
    for name, points in panel.lines.items():
        line = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in sorted(points))
        dash = ' stroke-dasharray="5 4"' if name in panel.dashed else ""
        parts.append(f'<polyline fill="none" stroke="{colours[name]}" points="{line}"{dash}/>')
        if name not in panel.dashed:
            parts += [
                f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colours[name]}"/>'
                for x, y in points
            ]
    return "".join(parts)


def _ticks(low: float, high: float, *, logarithmic: bool) -> list[float]:
    if not logarithmic:
        return [low + i * (high - low) / 5 for i in range(6)]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [10.0**decade for decade in decades if low <= 10.0**decade <= high]
    return ticks if len(ticks) > 1 else [low, high]
