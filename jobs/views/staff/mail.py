"""Emails kept as files, for staff: this installation has no mail server."""

import nh3
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import AuthedRequest, superusers_only
from jobs.mail import eml_backend as mail_files
from jobs.presenters.markdown import clean_text

PER_PAGE = 50


@superusers_only
@never_cache
@require_safe
def mail_list(request: AuthedRequest) -> HttpResponse:
    """List the stored messages, newest first."""
    if settings.EMAIL_URL:
        raise Http404
    page = Paginator(mail_files.stored_names(), PER_PAGE).get_page(request.GET.get("page"))
    mails = [mail for name in page.object_list if (mail := mail_files.describe(name))]
    return render(request, "staff/mail_list.html", {"page": page, "mails": mails})


@superusers_only
@never_cache
@require_safe
def mail_detail(request: AuthedRequest, name: str) -> HttpResponse:
    """Show one message: its text as it is, its HTML cleaned."""
    if settings.EMAIL_URL:
        raise Http404
    parsed, described = mail_files.read(name), mail_files.describe(name)
    if parsed is None or described is None:
        raise Http404
    cleaned = nh3.clean(
        mail_files.body_of(parsed, "html"), attributes={"a": {"href"}}, tags=nh3.ALLOWED_TAGS - {"img"}
    )
    context = {
        "mail": described,
        "text": clean_text(mail_files.body_of(parsed, "plain")),
        "html": mark_safe(cleaned),  # noqa: S308  (nh3 cleaned it)
        "message_id": str(parsed["Message-ID"] or ""),
    }
    return render(request, "staff/mail_detail.html", context)
