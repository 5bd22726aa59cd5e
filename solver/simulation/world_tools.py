"""Tools of the simulated world: what they find is right more often than what models think of by themselves."""

import zlib

from solver.core.programs import Asker
from solver.core.tools import Source, ToolOrder, ToolOutcome, ToolSpec
from solver.simulation.world import RIGHT, World

_QUESTION = {"type": "object", "properties": {"question": {"type": "string"}}, "required": ["question"]}
SPECS = (
    ToolSpec("look_up", "Looks an answer up.", _QUESTION),
    ToolSpec("web_search", "Searches the web.", _QUESTION, most_nano=500_000),
)
_RIGHT_PERMILLE = 850


class WorldTools:
    """What can be looked up in one simulated world; the same question has the same answer."""

    def __init__(self, world: World) -> None:
        self._world = world

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return one tool that is free, and one that is not."""
        return SPECS

    async def use(self, order: ToolOrder, asker: Asker, /) -> ToolOutcome:
        """Look up, for whomever."""
        del asker
        return self.answer(order)

    def answer(self, order: ToolOrder) -> ToolOutcome:
        """Return what is found."""
        drawn = zlib.crc32(f"{self._world.seed}:{order.tool}:{order.arguments}".encode())
        found = RIGHT if drawn % 1_000 < _RIGHT_PERMILLE else str(100 + drawn % 900)
        source = Source("A page", "https://example.org/", text=f"Found: {found}")
        return ToolOutcome(f"Found: {found}", (source,), charged_uses=1)
