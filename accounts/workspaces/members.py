"""Who is in a workspace and what they may do there: roles, leaving, removing. The last owner stays one."""

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Role, User, Workspace, WorkspaceInvitation
from accounts.signals import membership_ended, ownership_ended
from accounts.workspaces.changes import What, note


class MemberError(ValueError):
    """A change of a workspace's people that cannot be made. The message is for the person who asked for it."""


@transaction.atomic
def set_role(membership: Membership, role: Role, *, by: User) -> bool:
    """Give somebody another role. False: they have it already. Raises MemberError for the last owner, or who left."""
    membership = _locked(membership, by)
    if membership.role == role:
        return False
    _keep_an_owner(membership)
    was_owner, before = membership.role == Role.OWNER, membership.get_role_display()
    membership.role = role
    membership.save(update_fields=["role"])
    detail = f"{before} → {role.label}"
    note(membership.workspace, What.ROLE, by=by, about=membership.user, detail=detail)
    if was_owner:
        end_invitations_by(membership.user, membership.workspace)
        ownership_ended.send(sender=Workspace, workspace=membership.workspace, user=membership.user)
    return True


@transaction.atomic
def remove(membership: Membership, *, by: User) -> None:
    """End somebody's membership: by an owner, or by themselves. Raises MemberError for the last owner, or who left.

    What they submitted stays the workspace's.
    """
    membership = _locked(membership, by)
    _keep_an_owner(membership)
    user, workspace = membership.user, membership.workspace
    User.objects.filter(pk=user.pk, current_workspace=workspace).update(current_workspace=None)
    note(workspace, What.LEFT if by.pk == user.pk else What.REMOVED, by=by, about=user)
    end(membership)


def end(membership: Membership) -> None:
    """Delete a membership, void the invitations that its user sent, and tell the other rooms."""
    user, workspace = membership.user, membership.workspace
    membership.delete()
    end_invitations_by(user, workspace)
    membership_ended.send(sender=Workspace, workspace=workspace, user=user)


def end_invitations_by(user: User, workspace: Workspace) -> None:
    """Void the open invitations of somebody who is no longer an owner: nobody answers for them any more."""
    sent = WorkspaceInvitation.objects.filter(workspace=workspace, invited_by=user)
    sent.filter(accepted_at=None, ended_at=None).update(ended_at=timezone.now())


@transaction.atomic
def rename(workspace: Workspace, name: str, *, by: User) -> bool:
    """Give a workspace another name. False: it has it already."""
    before = Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk).name
    if before == name:
        return False
    Workspace.objects.filter(pk=workspace.pk).update(name=name)
    note(workspace, What.RENAMED, by=by, detail=f"{before[:90]} → {name[:90]}")
    return True


def set_low_balance(workspace: Workspace, below_nano: int | None) -> None:
    """Set below what money the owners of a workspace are told, anew; None: never."""
    Workspace.objects.filter(pk=workspace.pk).update(low_balance_nano=below_nano, low_balance_told_at=None)


def switch_to(user: User, workspace: Workspace) -> None:
    """Show a user the jobs and the money of this workspace of theirs from now on."""
    user.current_workspace = workspace
    user.save(update_fields=["current_workspace"])


def lock_people(workspace_id: int, *users: User) -> Workspace:
    """Lock who is in a workspace until the caller's transaction ends: of two owners who leave at once, one stays.

    The rows of `users`, whom the caller writes of, are locked before it, in the order in which closing an account does.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk__in={user.pk for user in users})
    list(rows.order_by("pk").values_list("pk"))
    return Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)


def _locked(membership: Membership, by: User) -> Membership:
    lock_people(membership.workspace_id, membership.user, by)
    found = Membership.objects.select_related("user", "workspace").filter(pk=membership.pk).first()
    if found is None:
        raise MemberError("This person is no longer in the workspace. Nothing was changed.")
    return found


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.filter(
        workspace=membership.workspace_id, role=Role.OWNER, user__is_active=True
    )
    if membership.role == Role.OWNER and not owners.exclude(pk=membership.pk).exists():
        raise MemberError("A workspace needs an owner. Make somebody else one first. Nothing was changed.")
