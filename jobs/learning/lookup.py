"""What was learned, as a workspace's next job may use it: its own counts, and what others have shared."""

from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q

from accounts.models import Workspace
from jobs.models import Learned
from solver import least_budget_nano
from solver.core.models import ModelCard
from solver.core.problem.statement import Problem
from solver.learning.observations import Aspect, added
from solver.learning.posteriors import Store, informed
from solver.learning.sharing import others
from solver.learning.tool_habits import ToolHabits, habits_of
from solver.quotes.quantile_tracking import shift_of
from solver.quotes.quote import Shift


class _Rows(NamedTuple):
    own: Learned | None
    shared: Learned | None


def informed_panel(
    panel: list[ModelCard],
    problem: Problem,
    *,
    workspace: Workspace | None,
    budget_nano: int | None = None,
    markup_bp: int = 0,
) -> list[ModelCard]:
    """Return the panel as jobs taught it; as it came where the lessons alone would make the budget buy nothing.

    A stranger (`workspace` None) is told what all workspaces share.
    """
    store = learned_store([card.name for card in panel], problem.kind, workspace)
    cards = [informed(card, problem.kind, store) for card in panel]
    if budget_nano is None or least_budget_nano(cards, problem, markup_bp=markup_bp) <= budget_nano:
        return cards
    return panel


def learned_store(models: list[str], kind: str, workspace: Workspace | None) -> Store:
    """Return what a workspace may believe of these models on problems of a kind."""
    return {key: _counts(rows) for key, rows in _rows(models, kind, workspace).items()}


def learned_shift(strategy: str, kind: str, workspace: Workspace | None, *, checked: bool) -> Shift:
    """Return how far a workspace's quotes are to be shifted: by its own jobs, and a little by those of others."""
    rows = _rows([strategy], kind, workspace).get((Aspect.QUOTE, strategy), _Rows(None, None))
    own = shift_of(rows.own.stats if rows.own else {}, checked=checked)
    return own + shift_of(rows.shared.stats if rows.shared else {}, checked=checked, shrunk=True)


def learned_habits(strategy: str, kind: str, workspace: Workspace | None) -> ToolHabits:
    """Return what attempts with tools are like, as a workspace may believe it."""
    rows = _rows([strategy], kind, workspace).get((Aspect.TOOLS, strategy), _Rows(None, None))
    return habits_of(_counts(rows))


def _rows(subjects: list[str], kind: str, workspace: Workspace | None) -> dict[tuple[str, str], _Rows]:
    own = Q(workspace=workspace) if workspace else Q(pk__in=[])
    shared = Q(workspace=None) if settings.PONDER_SHARE_LEARNING else Q(pk__in=[])
    found: dict[tuple[str, str], _Rows] = {}
    for row in Learned.objects.filter(own | shared, subject__in=subjects, kind=kind):
        key = (row.aspect, row.subject)
        known = found.get(key, _Rows(None, None))
        found[key] = known._replace(own=row) if row.workspace_id else known._replace(shared=row)
    return found


def _counts(rows: _Rows) -> dict[str, float]:
    """Return a workspace's own counts and those of the others, its own not counted twice."""
    own, shared = (_plain(row.stats) if row else {} for row in rows)
    if rows.own and rows.shared:
        shared = others(shared, _plain(rows.own.given), rows.shared.halvings - rows.own.halvings)
    return added(own, shared)


def _plain(stats: Any) -> dict[str, Any]:
    """Return counts as they should be, whatever stands in the row."""
    return {str(name): value for name, value in stats.items()} if isinstance(stats, dict) else {}
