"""How a form leads whoever is signed out to sign in: one email address in it, and its code is on its way."""

from allauth.account.views import request_login_code
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse


def begin_sign_in(request: HttpRequest, *, leads_to: str) -> HttpResponse:
    """Lead to the sign-in page, and from there on to an address of this site.

    A posted form with an `email` skips that page: the code is sent, and the reply leads to where it is entered. Such a
    form has a field `next`, too, of where to go on.
    """
    if not request.POST.get("email", "").strip():
        return redirect_to_login(leads_to)
    reply: HttpResponse = request_login_code(request)
    return reply
