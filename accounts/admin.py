"""Raw rows of the accounts room, for staff."""

from django.contrib import admin

from accounts.models import Invitation, Membership, SignInLink, User, Workspace


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """People. Passwords are set by their owners."""

    list_display = ("email", "name", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    exclude = ("password",)
    readonly_fields = ("last_login", "date_joined")


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
