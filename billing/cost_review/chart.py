"""The cost review's pictures.

Of days, weeks and months, in whole pixels: bars for provider cost, a line for what was billed. Of anything else: a bar
for each of the dearest.
"""

from dataclasses import dataclass

from billing.cost_review.sums import Line

WIDTH, HEIGHT = 1080, 200
# Texts stand beside the picture, in HTML: inside they would shrink with it on phones.
_TOP, _BOTTOM = 2, 2
MOST_RANKED = 10
_PLOT_HEIGHT = HEIGHT - _TOP - _BOTTOM


@dataclass(frozen=True, slots=True)
class Bar:
    """Provider cost of one day, week or month."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws. `top_nano` is the amount at the upper edge; `line` the points of what was billed."""

    bars: list[Bar]
    line: str
    top_nano: int
    first: str
    last: str
    width: int = WIDTH
    height: int = HEIGHT
    top: int = _TOP
    base: int = HEIGHT - _BOTTOM

    @property
    def middle(self) -> int:
        """Height of the middle grid line."""
        return (self.top + self.base) // 2

    @property
    def viewbox(self) -> str:
        """The SVG's own coordinates."""
        return f"0 0 {self.width} {self.height}"


@dataclass(frozen=True, slots=True)
class RankedBar:
    """One line of a ranking: its provider cost as a share of the dearest's."""

    line: Line
    permille: int


def ranking(found: list[Line]) -> list[RankedBar]:
    """Return the bars of the dearest of these lines, the dearest first."""
    dearest = sorted(found, key=lambda line: line.cost_nano, reverse=True)[:MOST_RANKED]
    top_nano = max([1, *(line.cost_nano for line in dearest)])
    return [RankedBar(line, max(line.cost_nano, 0) * 1000 // top_nano) for line in dearest]


def cost_chart(days: list[Line]) -> Chart:
    """Return the picture of these days, weeks or months."""
    top_nano = max([1, *(max(day.cost_nano, day.billed_nano) for day in days)])
    slot = WIDTH // len(days)
    base = HEIGHT - _BOTTOM

    def height(nano: int) -> int:
        return nano * _PLOT_HEIGHT // top_nano

    bars = [
        Bar(slot * n + 1, base - height(day.cost_nano), max(slot - 2, 1), height(day.cost_nano))
        for n, day in enumerate(days)
    ]
    points = [f"{slot * n + slot // 2},{base - height(day.billed_nano)}" for n, day in enumerate(days)]
    return Chart(
        bars=bars, line=" ".join(points), top_nano=top_nano, first=days[0].label, last=days[-1].label
    )
