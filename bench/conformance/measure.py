"""`python -m bench conformance`: fixtures of every family, and thousands of faults against an independent biller."""

import os
from typing import Any

from bench.conformance import faulty_calls
from bench.conformance.families import held, load
from bench.ledger.books import MODEL
from bench.services import database

_QUICK, _FULL = 600, 10_000


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001  (the measurements' common signature)
    """Return how many fixtures hold, and what faults cost beyond what was recorded."""
    for name in ("OPENAI", "DEEPSEEK", "OPENROUTER", "HOSTED_VLLM"):
        os.environ.setdefault(f"{name}_API_KEY", "none-of-these-calls-leaves-this-machine")
    fixtures = load()
    good = held(fixtures)
    with database(PONDER_MODELS=MODEL):
        found = faulty_calls.run(_QUICK if quick else _FULL)
    return {"fixtures": len(fixtures), "held": good, **found._asdict()}
