"""Showing once more who it is, before a change of how somebody signs in."""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.forms import BaseConfirmCodeForm
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.account.views import BaseReauthenticateView
from django.http import HttpRequest, HttpResponse
from django.views.generic.edit import ProcessFormView

_SESSION_KEY = "accounts_reauthentication_code"
_TRIES = 3


class ReauthenticateByCode(BaseReauthenticateView):  # type: ignore[misc]
    """Mails a code to the account's address and takes it: for those who have no password, or not at hand."""

    form_class = BaseConfirmCodeForm
    template_name = "account/reauthenticate_by_code.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Mail a code, unless one that still works was mailed."""
        if self._code() is None:
            self._send()
        shown: HttpResponse = super().get(request, *args, **kwargs)
        return shown

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take the code; without one that still works, mail another."""
        if self._code() is None or request.POST.get("action") == "resend":
            self._send()
            return ProcessFormView.get(self, request, *args, **kwargs)
        taken: HttpResponse = super().post(request, *args, **kwargs)
        return taken

    def form_valid(self, form: BaseConfirmCodeForm) -> HttpResponse:
        """Note who it is, and go on with what was wanted."""
        del self.request.session[_SESSION_KEY]
        record_authentication(self.request, self.request.user, method="code", reauthenticated=True)
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: BaseConfirmCodeForm) -> HttpResponse:
        """Count the wrong code; the third ends it."""
        state = self.request.session[_SESSION_KEY]
        state["tries"] += 1
        self.request.session.modified = True
        response: HttpResponse = super().form_invalid(form)
        return response

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form the code that it should hear."""
        return {**super().get_form_kwargs(), "code": self._code()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where the code went."""
        return {**super().get_context_data(**kwargs), "email": self._address()}

    def _address(self) -> str:
        user = self.request.user
        return str(EmailAddress.objects.get_primary_email(user) or user.email)

    def _code(self) -> str | None:
        """Return the code that was mailed. None: there is none, it is too old, or it was missed too often."""
        state = self.request.session.get(_SESSION_KEY)
        if not state or time.time() - state["at"] > app_settings.LOGIN_BY_CODE_TIMEOUT:
            return None
        return str(state["code"]) if state["tries"] < _TRIES else None

    def _send(self) -> None:
        adapter = get_adapter(self.request)
        adapter.count_mail(self.request, self._address())
        code = adapter.generate_login_code()
        self.request.session[_SESSION_KEY] = {"code": code, "at": time.time(), "tries": 0}
        adapter.send_mail("account/email/confirm_code", self._address(), {"code": code})
