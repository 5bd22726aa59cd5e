"""The tools of one job: chosen by name, used within time and numbers, their results cleaned."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from solver.core.programs import Asker
from solver.core.tools import Source, ToolOrder, ToolOutcome, ToolSpec
from tools.tool import NEVER_BEGAN, Tool, WrongArguments

_AT_ONCE = 4
"""Uses of one job at a time: others need the threads, too."""


class JobTools:
    """Performs tools for one job; belongs to one event loop."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        """Offer these tools."""
        self._tools: Mapping[str, Tool] = {tool.spec.name: tool for tool in tools}
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def specs(self) -> Sequence[ToolSpec]:
        """Return the tools that are on here."""
        return [tool.spec for tool in self._tools.values()]

    async def use(self, order: ToolOrder, asker: Asker, /) -> ToolOutcome:
        """Use a tool once, within its time limit. Raises ToolsOff where nothing here performs it."""
        tool = self._tools.get(order.tool)
        if tool is None:
            return ToolOutcome(
                "", error=f"There is no tool “{order.tool[:60]}”. There are: {', '.join(self._tools)}."
            )
        async with self._turns:
            began_s = time.monotonic()
            try:
                outcome = await asyncio.wait_for(tool.use(order.arguments, asker), tool.spec.timeout_s)
            except WrongArguments as error:
                outcome = ToolOutcome("", error=str(error))
            except TimeoutError as error:
                outcome = _too_late(
                    tool.spec, has_begun=NEVER_BEGAN not in getattr(error.__cause__, "args", ())
                )
            return _storable(replace(outcome, wall_s=time.monotonic() - began_s))


def _too_late(spec: ToolSpec, *, has_begun: bool) -> ToolOutcome:
    """Return what a use came to that had no more time; one that had begun may be charged for, so it counts."""
    if has_begun:
        too_long = f"It took longer than {spec.timeout_s:.0f} seconds."
        return ToolOutcome("", error=too_long, charged_uses=1 if spec.most_nano else 0)
    return ToolOutcome("", error=f"It could not begin within {spec.timeout_s:.0f} seconds. Try again later.")


def _storable(outcome: ToolOutcome) -> ToolOutcome:
    """Return an outcome without what PostgreSQL and UTF-8 do not take."""
    sources = (
        Source(*(_plain(text) for text in (each.title, each.address, each.where, each.date, each.text)))
        for each in outcome.sources
    )
    return replace(outcome, text=_plain(outcome.text), error=_plain(outcome.error), sources=tuple(sources))


def _plain(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
