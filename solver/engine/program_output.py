"""What programs did, as the journal keeps it: short, and an output as the reply that it stands for."""

import hashlib

from solver.core.programs import Observed
from solver.text.fences import in_fence

_KEPT_CHARS = 160
_MAX_ANSWER_CHARS = 2_000


def shortened(seen: Observed) -> Observed:
    """Return what a program did with long outputs cut; those that differ still do."""
    return seen._replace(outputs=tuple(_short(output) for output in seen.outputs))


def last_line(seen: Observed) -> str:
    """Return the last line that a program printed which is not blank; empty where there is none."""
    lines = [line.strip() for line in _printed(seen).splitlines() if line.strip()]
    return lines[-1][:_MAX_ANSWER_CHARS] if lines else ""


def printed_text(program: str, seen: Observed) -> str:
    """Return a program and what it printed, as Markdown."""
    printed = _printed(seen).rstrip()
    told = (
        f"It printed:\n\n{in_fence(printed)}" if printed else "It printed nothing, or did not run to its end."
    )
    return f"{in_fence(program, 'python')}\n\n{told}"


def _printed(seen: Observed) -> str:
    return (seen.outputs[0] if seen.outputs else None) or ""


def _short(output: str | None) -> str | None:
    if output is None or len(output) <= _KEPT_CHARS:
        return output
    digest = hashlib.sha256(output.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{output[:_KEPT_CHARS]}… ({len(output)} characters, {digest})"
