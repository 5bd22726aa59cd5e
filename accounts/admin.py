"""Raw rows of the accounts room, for staff."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest

from accounts.models import (
    Invitation,
    Membership,
    SignInLink,
    User,
    Workspace,
    WorkspaceChange,
    WorkspaceInvitation,
)


class SuperusersOnly[Row: models.Model](admin.ModelAdmin[Row]):
    """Rows through which a member of staff could become somebody else, or more than they are."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Superusers see that there are such rows."""
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Superusers see them."""
        del obj
        return _is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers make them."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Superusers change them."""
        del obj
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        """Superusers delete them."""
        del obj
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser


admin.site.unregister([Group, EmailAddress, Authenticator, UserSession])


@admin.register(Group)
class GroupAdmin(SuperusersOnly[Group]):
    """Rights that several people share."""

    filter_horizontal = ("permissions",)


@admin.register(EmailAddress)
class EmailAddressAdmin(SuperusersOnly[EmailAddress]):
    """Addresses that sign their users in."""

    list_display = ("email", "user", "primary", "verified")
    search_fields = ("email",)
    raw_id_fields = ("user",)


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """People. Passwords are set by their owners, rights and addresses by superusers."""

    list_display = ("email", "name", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    exclude = ("password",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ("groups", "user_permissions")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Keep what decides who somebody is, and what they may do, to superusers."""
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if _is_superuser(request) else (*fields, *_POWERS, *(["email"] if obj else []))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep the rows of staff to superusers."""
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep the rows of staff to superusers."""
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    @staticmethod
    def _may_touch(request: HttpRequest, obj: User | None) -> bool:
        return _is_superuser(request) or obj is None or not (obj.is_staff or obj.is_superuser)


_POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


class MembershipInline(admin.TabularInline[Membership, Workspace]):
    """Who is in a workspace."""

    model = Membership
    extra = 0
    raw_id_fields = ("user",)


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin[Workspace]):
    """Workspaces with their members."""

    list_display = ("name", "public_id", "created_at")
    search_fields = ("name", "public_id")
    readonly_fields = ("public_id", "created_at")
    inlines = (MembershipInline,)


@admin.register(WorkspaceInvitation)
class WorkspaceInvitationAdmin(admin.ModelAdmin[WorkspaceInvitation]):
    """Places offered by email; only the hash of a link is kept."""

    list_display = ("email", "workspace", "role", "sent_at", "expires_at", "accepted_at", "ended_at")
    search_fields = ("email", "workspace__name")
    exclude = ("token_sha256",)
    raw_id_fields = ("workspace", "invited_by", "accepted_by")

    def has_add_permission(self, request: object) -> bool:
        """Invitations are made by the program, which emails them."""
        del request
        return False


@admin.register(WorkspaceChange)
class WorkspaceChangeAdmin(admin.ModelAdmin[WorkspaceChange]):
    """Who changed what of the people of workspaces; nobody edits it."""

    list_display = ("at", "workspace", "by", "what", "about", "email", "detail")
    list_select_related = ("workspace", "by", "about")
    search_fields = ("workspace__name", "by__email", "about__email", "email")

    def has_add_permission(self, request: object) -> bool:
        """Changes are written where they are made."""
        del request
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        """What happened stays as it was."""
        del request, obj
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        """What happened stays."""
        del request, obj
        return False


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin[Invitation]):
    """Addresses that may sign up."""

    list_display = ("email", "invited_by", "created_at")
    search_fields = ("email",)
    raw_id_fields = ("invited_by",)


@admin.register(SignInLink)
class SignInLinkAdmin(admin.ModelAdmin[SignInLink]):
    """One-time links; only the hash of a token is kept, so nothing here signs anyone in."""

    list_display = ("user", "expires_at", "used_at")
    readonly_fields = ("token_sha256", "user", "expires_at", "used_at")

    def has_add_permission(self, request: object) -> bool:
        """Links are made by the program."""
        del request
        return False
