"""The outbox for staff: what was not sent, why, and a button to try again."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from jobs.mail.enqueue import send_again
from jobs.models import OutboxMessage, OutboxState

PER_PAGE = 50
# A message that is being sent for the first time has not failed.
_RETRYING = Q(state=OutboxState.PENDING) & (Q(attempts__gt=1) | Q(attempts=1, claim=None))
_FILTERS = {
    "": ("Needs attention", Q(state__in=[OutboxState.BOUNCED, OutboxState.GAVE_UP]) | _RETRYING),
    "retrying": ("Retrying", _RETRYING),
    "bounced": ("Bounced", Q(state=OutboxState.BOUNCED)),
    "gave_up": ("Given up", Q(state=OutboxState.GAVE_UP)),
    "pending": ("Queued", Q(state=OutboxState.PENDING) & ~_RETRYING),
    "sent": ("Sent", Q(state=OutboxState.SENT)),
    "unwanted": ("Skipped by preference", Q(state=OutboxState.UNWANTED)),
}


@staff_with(Right.RESEND_MAIL)
@never_cache
@require_safe
def outbox_list(request: AuthedRequest) -> HttpResponse:
    """List messages, the newest first; by default those that need attention."""
    chosen = request.GET.get("state", "") if request.GET.get("state", "") in _FILTERS else ""
    rows = OutboxMessage.objects.filter(_FILTERS[chosen][1]).select_related("job").defer("content")
    page = Paginator(rows.order_by("-created_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    counted = OutboxMessage.objects.aggregate(
        **{f"n_{key}": Count("pk", filter=condition) for key, (_, condition) in _FILTERS.items()}
    )
    tabs = [(key, label, counted[f"n_{key}"]) for key, (label, _) in _FILTERS.items()]
    context = {"page": page, "tabs": tabs, "chosen": chosen, "link": f"?state={chosen}&page="}
    return render(request, "staff/outbox.html", context)


@staff_with(Right.RESEND_MAIL)
@require_POST
def outbox_retry(request: AuthedRequest, message_id: int) -> HttpResponse:
    """Try a message once more."""
    message = get_object_or_404(OutboxMessage, pk=message_id)
    if send_again(message):
        messages.success(request, f"The message to {message.recipient} will be sent again now.")
    else:
        messages.warning(request, "Nothing to retry: this message was already sent or skipped.")
    return redirect("staff-outbox")
