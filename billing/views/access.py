"""The doors to what belongs to a user's wallet."""

from uuid import UUID

from django.shortcuts import get_object_or_404

from accounts.models import Role, User, Workspace
from billing.models import TopUp


def get_top_up_for(user: User, top_up_id: UUID) -> TopUp:
    """Return a top-up of a workspace the user is a member of, or raise Http404."""
    return get_object_or_404(TopUp, pk=top_up_id, workspace__memberships__user_id=user.pk)


def owns(user: User, workspace: Workspace) -> bool:
    """Tell whether the user may give a workspace's money back, and see its invoices and cards at Stripe."""
    return workspace.memberships.filter(user=user, role=Role.OWNER).exists()
