"""Addresses of the accounts room; allauth's own come first under accounts/."""

from allauth.account.decorators import reauthentication_required
from allauth.account.views import password_change, password_set
from allauth.mfa.webauthn.views import edit_webauthn, remove_webauthn
from django.urls import include, path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from accounts.access import signed_in
from accounts.preferences import views
from accounts.sign_in.passkeys import own_passkey
from accounts.sign_in.reauthentication import ReauthenticateByCode
from accounts.workspaces import views as workspaces

urlpatterns = [
    path(
        "accounts/password/set/",
        reauthentication_required(password_set, app="allauth.account"),
        name="account_set_password",
    ),
    path(
        "accounts/password/change/",
        reauthentication_required(password_change, app="allauth.account"),
        name="account_change_password",
    ),
    path(
        "accounts/reauthenticate/code/",
        signed_in(never_cache(ReauthenticateByCode.as_view())),
        name="reauthenticate-by-code",
    ),
    # One page lists every way to show who somebody is.
    path(
        "accounts/2fa/webauthn/",
        signed_in(RedirectView.as_view(pattern_name="mfa_index")),
        name="mfa_list_webauthn",
    ),
    path(
        "accounts/sessions/",
        signed_in(RedirectView.as_view(pattern_name="settings")),
        name="usersessions_list",
    ),
    path(
        "accounts/2fa/webauthn/keys/<int:pk>/edit/",
        signed_in(own_passkey(edit_webauthn)),
        name="mfa_edit_webauthn",
    ),
    path(
        "accounts/2fa/webauthn/keys/<int:pk>/remove/",
        signed_in(own_passkey(remove_webauthn)),
        name="mfa_remove_webauthn",
    ),
    path("accounts/", include("allauth.urls")),
    path("sign-in/<str:token>/", views.sign_in_link, name="sign-in-link"),
    path("settings/", views.edit_settings, name="settings"),
    path("settings/sign-out-elsewhere/", views.sign_out_elsewhere, name="sign-out-elsewhere"),
    path("settings/sessions/<int:key>/end/", views.sign_out_of, name="session-end"),
    path("settings/mail-works/", views.mail_works, name="mail-works"),
    path("workspace/", workspaces.workspace, name="workspace"),
    path("workspace/switch/", workspaces.switch, name="workspace-switch"),
    path("workspace/rename/", workspaces.rename, name="workspace-rename"),
    path("workspace/invite/", workspaces.invite, name="workspace-invite"),
    path("workspace/low-balance/", workspaces.set_low_balance, name="workspace-low-balance"),
    path("workspace/leave/", workspaces.leave, name="workspace-leave"),
    path(
        "workspace/invitations/<int:invitation_id>/resend/",
        workspaces.resend,
        name="workspace-invitation-resend",
    ),
    path(
        "workspace/invitations/<int:invitation_id>/revoke/",
        workspaces.revoke,
        name="workspace-invitation-revoke",
    ),
    path("workspace/members/<int:membership_id>/role/", workspaces.change_role, name="workspace-member-role"),
    path(
        "workspace/members/<int:membership_id>/remove/",
        workspaces.remove_member,
        name="workspace-member-remove",
    ),
    path("invitations/<str:token>/", workspaces.invitation, name="invitation"),
    path("unsubscribe/<str:token>/", views.unsubscribe_by_link, name="unsubscribe"),
]
