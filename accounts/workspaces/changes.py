"""Who changed what of a workspace's people, for its owners to read."""

from accounts.models import User, Workspace, WorkspaceChange

What = WorkspaceChange.What


def note(
    workspace: Workspace,
    what: What,
    *,
    by: User | None = None,
    about: User | None = None,
    email: str = "",
    detail: str = "",
) -> None:
    """Write down a change, in the caller's transaction."""
    WorkspaceChange.objects.create(
        workspace=workspace, what=what, by=by, about=about, email=email, detail=detail
    )
