"""Keys of earlier answers that a later formula may equal: few, so none is kept that nothing can be compared with."""

from solver.core.steps import Step, StepResult
from solver.judging.judge import COMPARABLE, MAX_KNOWN


class KnownKeys:
    """The first comparable keys of a job's answers, those of its parts apart: they are none of the whole."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, None]] = {}

    def add(self, result: StepResult) -> None:
        """Remember the key of a told answer, if others can be compared with it and there is room."""
        if result.answer_key is None or not result.answer_key.startswith(COMPARABLE):
            return
        known = self._keys.setdefault(_scope(result.key, is_part=result.subproblem), {})
        if len(known) < MAX_KNOWN:
            known.setdefault(result.answer_key)

    def of(self, step: Step) -> tuple[str, ...]:
        """Return the keys that the answer of a step may equal, earliest first."""
        return tuple(self._keys.get(_scope(step.key, is_part=step.subproblem), ()))


def _scope(key: str, *, is_part: bool) -> str:
    """Return what names the question that a step answers: steps of one part share the head of their keys."""
    return "/".join(key.split("/")[:2]) if is_part else ""
