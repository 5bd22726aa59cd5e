"""/admin/ behind the same sign-in as every other page: its limits, its second factor, its emails about passwords."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from accounts.sign_in.second_factor import ask_for_second_factor, lacks_second_factor


class PonderAdminSite(AdminSite):
    """Django's admin without its own ways to sign in and to set a password, which nothing limits or reports."""

    site_header = site_title = "Ponder"
    index_title = "Raw rows"

    def has_permission(self, request: HttpRequest) -> bool:
        """Open to active staff who have the second factor where it is required."""
        user = request.user
        return super().has_permission(request) and isinstance(user, User) and not lacks_second_factor(user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead the signed-out to the sign-in page and staff without second factor to its set-up; others see nothing."""
        del extra_context
        if not isinstance(request.user, User):
            return redirect_to_login(request.GET.get("next") or request.get_full_path())
        if self.has_permission(request):
            return redirect("admin:index")
        if super().has_permission(request):
            return ask_for_second_factor(request)
        raise Http404

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the page of the settings, which asks who it is and reports the change."""
        del request, extra_context
        return redirect("account_change_password")
