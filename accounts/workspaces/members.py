"""Who is in a workspace and what they may do there: roles, leaving, removing. The last owner stays one."""

from django.db import transaction

from accounts.models import Membership, Role, User, Workspace
from accounts.signals import membership_ended
from accounts.workspaces.changes import What, note


class MemberError(ValueError):
    """A change of a workspace's people that cannot be made. The message is for who asked for it."""


@transaction.atomic
def set_role(membership: Membership, role: Role, *, by: User) -> bool:
    """Give somebody another role. False: they have it already. Raises MemberError for the last owner, or who left."""
    membership = _locked(membership)
    if membership.role == role:
        return False
    _keep_an_owner(membership)
    before = membership.get_role_display()
    membership.role = role
    membership.save(update_fields=["role"])
    detail = f"{before} → {role.label}"
    note(membership.workspace, What.ROLE, by=by, about=membership.user, detail=detail)
    return True


@transaction.atomic
def remove(membership: Membership, *, by: User) -> None:
    """End somebody's membership: by an owner, or by themselves. Raises MemberError for the last owner, or who left.

    What they submitted stays the workspace's.
    """
    membership = _locked(membership)
    _keep_an_owner(membership)
    user, workspace = membership.user, membership.workspace
    membership.delete()
    User.objects.filter(pk=user.pk, current_workspace=workspace).update(current_workspace=None)
    note(workspace, What.LEFT if by.pk == user.pk else What.REMOVED, by=by, about=user)
    membership_ended.send(sender=Workspace, workspace=workspace, user=user)


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


def lock_people(workspace_id: int) -> Workspace:
    """Lock who is in a workspace until the caller's transaction ends: of two owners who leave at once, one stays."""
    return Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)


def _locked(membership: Membership) -> Membership:
    lock_people(membership.workspace_id)
    found = Membership.objects.select_related("user", "workspace").filter(pk=membership.pk).first()
    if found is None:
        raise MemberError("This person is no longer in the workspace. Nothing was changed.")
    return found


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.filter(workspace=membership.workspace_id, role=Role.OWNER)
    if membership.role == Role.OWNER and not owners.exclude(pk=membership.pk).exists():
        raise MemberError("A workspace needs an owner. Make somebody else one first. Nothing was changed.")
