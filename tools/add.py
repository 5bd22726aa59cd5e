"""`add`: the tool by which `manage.py models check` sees whether a model calls tools; no job of a user has it."""

from collections.abc import Mapping
from typing import Any

from solver.core.programs import Asker
from solver.core.tools import ToolOutcome, ToolSpec
from tools.tool import WrongArguments

_MOST = 10**12


class Add:
    """Adds two whole numbers."""

    @property
    def spec(self) -> ToolSpec:
        """What models are told of it."""
        number = {"type": "integer"}
        return ToolSpec(
            "add",
            "Add two whole numbers.",
            {"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"]},
            timeout_s=5.0,
        )

    async def use(self, arguments: Mapping[str, Any], _: Asker, /) -> ToolOutcome:
        """Return the sum. Raises WrongArguments."""
        a, b = (arguments.get(name) for name in ("a", "b"))
        if not isinstance(a, int) or not isinstance(b, int) or max(abs(a), abs(b)) > _MOST:
            raise WrongArguments("Give “a” and “b” as whole numbers of at most twelve digits.")
        return ToolOutcome(str(a + b))
