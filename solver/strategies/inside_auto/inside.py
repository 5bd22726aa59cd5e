"""Which strategies run inside `auto`, by the name that it notes."""

from collections.abc import Callable, Mapping

from solver.core.problem.result_kind import ResultKind
from solver.core.strategy import Setting, Strategy
from solver.strategies.agent import Agent
from solver.strategies.aggregate import Aggregate
from solver.strategies.deep import Deep
from solver.strategies.evolve import Evolve
from solver.strategies.inside_auto.code_vote import CodeVote
from solver.strategies.inside_auto.field_vote import FieldVoting

INSIDE: Mapping[str, Callable[[Setting], Strategy]] = {
    "deep": Deep,
    "agent": Agent,
    "aggregate": Aggregate,
    "evolve": Evolve,
    "code_vote": CodeVote,
    "field_vote": FieldVoting,
}
WHOLE: Mapping[ResultKind, str] = {ResultKind.CODE: "code_vote", ResultKind.DATA: "field_vote"}
"""What is left to one strategy altogether where nothing proves what should come back."""
