"""The doors to what belongs to a workspace's wallet: its owners' alone."""

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from accounts.access import require_role
from accounts.models import Role, User, Workspace
from billing.models import TopUp


def get_top_up_for(user: User, top_up_id: UUID) -> TopUp:
    """Return a top-up of a workspace that the user owns; Http404 for strangers, PermissionDenied for other roles."""
    top_up = get_object_or_404(TopUp, pk=top_up_id)
    require_role(user, Role.OWNER, top_up.workspace_id)
    return top_up


def owned_by(address: str) -> QuerySet[Workspace]:
    """Return the workspaces that a user owns, their own first, whichever one they have switched to."""
    owned = Workspace.objects.filter(memberships__user__email__iexact=address, memberships__role=Role.OWNER)
    return owned.order_by("memberships__pk")
