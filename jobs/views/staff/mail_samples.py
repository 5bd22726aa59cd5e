"""Every kind of email, for the operator to look at as its readers will."""

from collections.abc import Mapping

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, superusers_only
from jobs.mail.preview import html_of, kinds, sample_of

# An email brings its own styles and pictures; nothing else may load or run.
_OF_AN_EMAIL: Mapping[str, list[str]] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "base-uri": [CSP.NONE],
}


@superusers_only
@require_safe
def mail_samples(request: AuthedRequest) -> HttpResponse:
    """List every kind of email."""
    return render(request, "staff/mail_samples.html", {"kinds": kinds()})


@superusers_only
@require_safe
@csp_override(_OF_AN_EMAIL)
def mail_sample(request: AuthedRequest, name: str) -> HttpResponse:
    """Show the HTML of one kind of email, or with `?part=text` its plain twin."""
    mail = sample_of(name, request.user)
    if mail is None:
        raise Http404
    if request.GET.get("part") == "text":
        return HttpResponse(
            f"Subject: {mail.subject}\n\n{mail.body}", content_type="text/plain; charset=utf-8"
        )
    return HttpResponse(html_of(mail))
