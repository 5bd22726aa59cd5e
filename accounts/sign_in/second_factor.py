"""The second factor: who must have one, and where they are sent to set it up."""

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User


def lacks_second_factor(user: User) -> bool:
    """Whether this member of staff must set a second factor up before any staff page opens."""
    return settings.PONDER_STAFF_MFA == "required" and not is_mfa_enabled(user)


def ask_for_second_factor(request: HttpRequest) -> HttpResponse:
    """Lead to where it is set up, and say why."""
    messages.info(request, "Staff pages open once you have set up a second factor.")
    return redirect("mfa_index")
