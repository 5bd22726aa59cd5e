"""The doors to what belongs to a user's wallet."""

from uuid import UUID

from django.shortcuts import get_object_or_404

from accounts.models import User
from billing.models import TopUp


def get_top_up_for(user: User, top_up_id: UUID) -> TopUp:
    """Return a top-up of a workspace the user is a member of, or raise Http404."""
    return get_object_or_404(TopUp, pk=top_up_id, workspace__memberships__user_id=user.pk)
