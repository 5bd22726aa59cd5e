"""The wallet page: what is available, what lies with jobs, what was spent, every movement, and adding money."""

from collections.abc import Sequence
from typing import cast

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import AuthedRequest, with_role, workspace_of
from accounts.models import Role
from billing.books.statement import LEDGER_HEADER, PAGE_ROWS, NetStatement, StatementRow, ledger_rows
from billing.books.trial_end import trial_ends_at
from billing.cost_review.csv_reply import csv_reply
from billing.payments.problems import unfinished_top_ups
from billing.payments.stripe_api import gateway as stripe_gateway
from billing.views.forms import CUSTOM, PRESETS, TopUpForm


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
    movements = cast(
        "Sequence[StatementRow]", NetStatement(workspace)
    )  # pages need its length and slices only
    page: Page[StatementRow] = Paginator(movements, PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "unfinished": unfinished_top_ups(workspace),
        "rows": list(page.object_list),
        "page": page,
        "link": "?page=",
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
