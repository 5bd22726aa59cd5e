"""Stripe, for staff: what lies there, payouts and disputes, and every event of its inbox with a button to replay it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.errors import StripeProblem
from billing.models import BalanceTransaction, Dispute, StripeEvent
from billing.payments import inbox
from billing.payments.balance import PAYOUTS, at_stripe
from billing.payments.meter import stuck_usage
from billing.views.staff.period import paged

_ROWS = 50
_FEW = 20
_STATES = {"all": "All", "waiting": "Waiting", "failed": "Failing"}
_DAYS_KEPT = 30


@staff_with(Right.SETTLE_PAYMENTS)
@require_GET
def stripe_page(request: AuthedRequest) -> HttpResponse:
    """Show what lies at Stripe, its payouts, disputes and events."""
    state = request.GET.get("state", "all")
    wanted = request.GET.get("q", "").replace("\0", "").strip()[:255]
    page = Paginator(_events(state, wanted), _ROWS).get_page(request.GET.get("page"))
    payouts = BalanceTransaction.objects.filter(type__in=PAYOUTS)
    disputes = Dispute.objects.select_related("top_up__user")
    context = {
        "at_stripe": at_stripe(),
        "stuck_usage": stuck_usage().count(),
        **paged(request, payouts.order_by("-created_at", "pk"), name="payouts", rows=_FEW),
        **paged(request, disputes.order_by("-first_seen_at", "pk"), name="disputes", rows=_FEW),
        "events": page.object_list,
        "page": page,
        "link": f"?{urlencode({'state': state, 'q': wanted})}&page=",
        "state": state,
        "states": _STATES,
        "wanted": wanted,
    }
    return render(request, "billing/staff/stripe.html", context)


@staff_with(Right.SETTLE_PAYMENTS)
@require_POST
def fetch_events(request: AuthedRequest) -> HttpResponse:
    """Ask Stripe for the events of the last 30 days that no webhook brought, after an outage or a restore."""
    try:
        found = inbox.fetch_missed(_DAYS_KEPT)
    except StripeProblem as problem:
        messages.warning(request, problem.message)
    else:
        messages.success(request, f"{found} events were missing. They are processed within minutes.")
    return redirect("stripe")


def _events(state: str, wanted: str) -> QuerySet[StripeEvent]:
    found = StripeEvent.objects.defer("payload").order_by("-received_at", "pk")
    if state == "waiting":
        found = found.filter(processed_at=None)
    elif state == "failed":
        found = found.filter(processed_at=None, attempts__gt=0)
    if wanted:
        found = found.filter(Q(pk=wanted) | Q(object_id=wanted) | Q(type__startswith=wanted))
    return found
