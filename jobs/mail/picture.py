"""The small picture of a search as PNG, to be attached to an email: mail programs show no SVG, and fetch nothing unasked.

Its places are those of the outline that lists show. The ground is clear and the colours are of middle lightness, so it
can be seen on white and on black.
"""

import io
import re
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw

from jobs.presenters.search.outline import HEIGHT, WIDTH, Outline

_SCALE = 4
"""Pixels for each unit of the outline; mails show two, and screens of double density have twice as many."""
_FINER = 3
_CURVE_POINTS = 24
_COMMAND = re.compile(r"([MHC])([\d .-]+)")
_PLAIN, _WAY, _RIGHT, _WRONG = (138, 144, 156), (99, 102, 232), (31, 150, 90), (206, 84, 76)
_DOTS = {"agrees": _WAY, "way": _WAY, "right": _RIGHT, "wrong": _WRONG, "open": _WAY}
type _Point = tuple[float, float]


def picture_of(outline: Outline) -> bytes | None:
    """Return an outline as PNG. None: there is nothing to draw."""
    dots = outline.get("dots")
    if not dots:
        return None
    drawn = _SCALE * _FINER
    image = Image.new("RGBA", (WIDTH * drawn, HEIGHT * drawn), (*_PLAIN, 0))
    draw = ImageDraw.Draw(image)
    for path, weight, is_strong in outline.get("lines", []):
        points = [(x * drawn, y * drawn) for x, y in points_of(path)]
        ink = (*_WAY, 255) if is_strong else (*_PLAIN, 110)
        draw.line(
            points, fill=ink, width=max(1, round((2 if is_strong else 0.6 * weight) * drawn)), joint="curve"
        )
    _dot(draw, 5, outline.get("root_y", HEIGHT // 2), 2, _PLAIN)
    for x, y, radius, style in dots:
        _dot(draw, x, y, radius, _DOTS.get(style, _PLAIN))
    small = image.resize((WIDTH * _SCALE, HEIGHT * _SCALE), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    small.save(written, "PNG", optimize=True)
    return written.getvalue()


def points_of(path: str) -> list[_Point]:
    """Return the points of a path of the outline: its commands are M, H and C, with whole coordinates."""
    points: list[_Point] = []
    for command, numbers in _COMMAND.findall(path):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            points = [(values[0], values[1])]
        elif command == "H":
            points.append((values[0], points[-1][1]))
        else:
            points.extend(_curve(points[-1], values))
    return points


def _curve(start: _Point, values: Sequence[float]) -> Iterator[_Point]:
    x0, y0 = start
    x1, y1, x2, y2, x3, y3 = values
    for step in range(1, _CURVE_POINTS + 1):
        t = step / _CURVE_POINTS
        a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
        yield a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3


def _dot(draw: ImageDraw.ImageDraw, x: int, y: int, radius: int, colour: tuple[int, int, int]) -> None:
    drawn = _SCALE * _FINER
    r = radius * drawn
    draw.ellipse((x * drawn - r, y * drawn - r, x * drawn + r, y * drawn + r), fill=(*colour, 255))
