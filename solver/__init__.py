"""The engine. What runs a job is imported from here: the runner, what drives and stops it, and what a call needs.

Its words (`solver.core`, `solver.text`), its registries (`solver.checkers`, `solver.strategies`) and what learns and
quotes (`solver.learning`, `solver.quotes`) have doors of their own; a contract in pyproject.toml keeps other rooms from
reaching deeper. A name is loaded when it is first asked for: children that judge answers or render pages import this
package too, and must start at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from solver.engine.asks import AskWishes
    from solver.engine.calls.bounds import least_prompt_tokens, prompt_bytes, typical_nano
    from solver.engine.calls.concurrency import ModelLimit
    from solver.engine.calls.permits import LimitStore, LocalLimits, Permits
    from solver.engine.calls.service_tier import at_cheaper_tier, has_half_price, longest_batch_s
    from solver.engine.control import Control, Stop
    from solver.engine.health import Benched
    from solver.engine.journal import Charge, OpenCall, Submitted
    from solver.engine.outcome import Limits, Outcome
    from solver.engine.plan import fitting, least_budget_nano, reserve_nano
    from solver.engine.runner import Runner
    from solver.judging.judge import Judge
    from solver.providers.litellm_gateway import Gateway, LiteLLMGateway
else:
    _MODULES = {
        "engine.calls.bounds": ("least_prompt_tokens", "prompt_bytes", "typical_nano"),
        "engine.calls.concurrency": ("ModelLimit",),
        "engine.control": ("Control", "Stop"),
        "engine.health": ("Benched",),
        "engine.journal": ("Charge", "OpenCall", "Submitted"),
        "engine.plan": ("fitting", "least_budget_nano", "reserve_nano"),
        "engine.asks": ("AskWishes",),
        "engine.outcome": ("Limits", "Outcome"),
        "engine.runner": ("Runner",),
        "engine.calls.service_tier": ("at_cheaper_tier", "has_half_price", "longest_batch_s"),
        "engine.calls.permits": ("LimitStore", "LocalLimits", "Permits"),
        "judging.judge": ("Judge",),
        "providers.litellm_gateway": ("Gateway", "LiteLLMGateway"),
    }
    _HOMES = {name: module for module, names in _MODULES.items() for name in names}

    def __getattr__(name: str) -> object:
        """Load a name when it is first asked for."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "AskWishes",
    "Benched",
    "Charge",
    "Control",
    "Gateway",
    "Judge",
    "LimitStore",
    "Limits",
    "LiteLLMGateway",
    "LocalLimits",
    "ModelLimit",
    "OpenCall",
    "Outcome",
    "Permits",
    "Runner",
    "Stop",
    "Submitted",
    "at_cheaper_tier",
    "fitting",
    "has_half_price",
    "least_budget_nano",
    "least_prompt_tokens",
    "longest_batch_s",
    "prompt_bytes",
    "reserve_nano",
    "typical_nano",
]
