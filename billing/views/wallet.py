"""The wallet page: what is available, what lies with jobs, what was spent, every movement, and adding money."""

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, with_role, workspace_of
from accounts.models import Role
from billing.books.statement import LEDGER_HEADER, ledger_rows, net_page
from billing.books.trial_end import trial_ends_at
from billing.cost_review.csv_reply import csv_reply
from billing.payments.problems import UNFINISHED_SHOWN, unfinished_top_ups
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.views.forms import CUSTOM, PRESETS, TopUpForm

_MAX_DIGITS = 18


@with_role(Role.OWNER)
@require_GET
def wallet(request: AuthedRequest) -> HttpResponse:
    """Show the wallet; `?amount=35` fills in an amount."""
    amount = request.GET.get("amount", "")[:40]
    wish = {"amount": amount} if amount in PRESETS else {"amount": CUSTOM, "amount_custom": amount}
    return wallet_page(request, TopUpForm(initial=wish if amount else None))


def wallet_page(request: AuthedRequest, form: TopUpForm, *, status: int = 200) -> HttpResponse:
    """Render the wallet with this top-up form, which may carry errors; what it has, every page knows (`available`)."""
    workspace = workspace_of(request.user)
    before = request.GET.get("before", "")
    is_key = before.isascii() and before.isdigit() and len(before) <= _MAX_DIGITS
    page = net_page(workspace, before=int(before) if is_key else None)
    unfinished = unfinished_top_ups(workspace)
    context = {
        "unfinished": unfinished[:UNFINISHED_SHOWN],
        "more_unfinished": len(unfinished) > UNFINISHED_SHOWN,
        "rows": page.rows,
        "older": page.older,
        "is_older": is_key,
        "form": form,
        "presets": PRESETS,
        "missing_settings": stripe_gateway.missing_settings(),
        "trial_ends_at": trial_ends_at(workspace),
        "trial_for_all": settings.PONDER_TRIAL_MODELS == "all",
    }
    return render(request, "billing/wallet.html", context, status=status)


@with_role(Role.OWNER)
@require_GET
def wallet_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download every movement, newest first."""
    return csv_reply("ponder-ledger.csv", LEDGER_HEADER, ledger_rows(workspace_of(request.user)))
