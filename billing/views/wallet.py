"""The wallet page: what is available, what lies with jobs, what was spent, every movement, and adding money."""

from collections.abc import Iterator, Sequence
from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from billing import stripe_gateway
from billing.access import workspace_of
from billing.csv_reply import csv_reply
from billing.forms import PRESETS, TopUpForm
from billing.ledger import debt_nano
from billing.statement import PAGE_ROWS, Statement, StatementRow
from billing.wallet import balances, statement
from solver.money import usd_decimal


@login_required
@require_GET
def wallet(request: HttpRequest) -> HttpResponse:
    """Show the wallet."""
    return wallet_page(request, TopUpForm())


def wallet_page(request: HttpRequest, form: TopUpForm, *, status: int = 200) -> HttpResponse:
    """Render the wallet with this top-up form, which may carry errors."""
    workspace = workspace_of(request)
    movements = cast("Sequence[StatementRow]", statement(workspace))  # pages need its length and slices only
    page: Page[StatementRow] = Paginator(movements, PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "balances": balances(workspace),
        "debt_nano": debt_nano(workspace),
        "rows": list(page.object_list),
        "page": page,
        "link": "?page=",
        "form": form,
        "presets": PRESETS,
        "missing_settings": stripe_gateway.missing_settings(),
        "trial_for_all": settings.PONDER_TRIAL_MODELS == "all",
    }
    return render(request, "billing/wallet.html", context, status=status)


@login_required
@require_GET
def wallet_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Download every movement, newest first."""
    header = ["at", "what", "job", "memo", "amount_usd", "of_which_trial_usd", "balance_usd"]
    return csv_reply("ponder-ledger.csv", header, _rows(statement(workspace_of(request))))


def _rows(movements: Statement) -> Iterator[list[object]]:
    for row in movements:
        yield [
            row.at.isoformat(),
            row.what,
            row.job_id or "",
            row.memo,
            usd_decimal(row.amount_nano),
            usd_decimal(row.trial_nano),
            usd_decimal(row.balance_nano),
        ]
