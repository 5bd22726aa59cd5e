"""The price book, for staff: what each model costs, what sources publish beside it, and approving their drafts."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.cost_review.csv_reply import csv_reply
from billing.errors import BillingError
from billing.models import Price, PriceDraft, PriceSource
from billing.prices.book import ended_models, price_book
from billing.prices.comparison import CLASSES, by_class
from billing.prices.drafts import DraftLine, DraftState, approve, columns_of, draft_lines
from billing.prices.providers import importable_providers, listed_providers
from billing.prices.shipped_list import is_old, reviewed_at
from billing.task_queue.task_names import IMPORT_PRICES
from billing.task_queue.wake import wake_worker_for

_SHOWN_EARLIER = 200
_DRAFTS_A_PAGE = 50


class PriceRow(NamedTuple):
    """One model as the page shows it: its name without the provider, and every rate beyond the three in sight."""

    price: Price
    name: str
    more: list[tuple[str, int]]


class ApprovalForm(forms.Form):
    """From when on, and raised by how much."""

    starts_on = forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date", "class": "input"})
    )
    uplift_percent = forms.DecimalField(required=False, min_value=0, max_value=100, decimal_places=2)


@staff_with(Right.SEE_COSTS)
@require_GET
def prices(request: AuthedRequest) -> HttpResponse:
    """Show which rates hold now, by provider, and which held before."""
    book = price_book()
    earlier = Price.objects.exclude(pk__in=[price.pk for price in book.values()]).order_by(
        "-effective_from", "model"
    )
    context = {
        "groups": _groups(book.values()),
        "count": len(book),
        "earlier": [_row(price) for price in earlier[:_SHOWN_EARLIER]],
        "earlier_count": earlier.count(),
        "ended": ended_models(),
        "old_since": reviewed_at() if is_old() else None,
    }
    return render(request, "billing/staff/prices.html", context)


@staff_with(Right.SEE_COSTS)
@require_GET
def prices_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download every row of the price book, in pico-USD per token."""
    del request
    fields = [
        *("model", "provider", "status", "effective_from", *CLASSES),
        *(
            "request_nano",
            "search_nano",
            "tiers",
            "windows",
            "context_window",
            "max_output_tokens",
            "reasons",
            "sees",
            "calls_tools",
            "ends",
            "source",
        ),
    ]
    rows = Price.objects.order_by("model", "effective_from").values_list(*fields)
    return csv_reply("ponder-prices.csv", fields, rows.iterator())


@staff_with(Right.APPROVE_PRICES)
@require_GET
def drafts(request: AuthedRequest) -> HttpResponse:
    """Show what sources publish beside the book: of one provider, what changed, is new, or is the same."""
    provider, search = (request.GET.get(name, "").replace("\0", "")[:200] for name in ("provider", "q"))
    lines = draft_lines(provider=provider, search=search)
    counts = {state: sum(line.state == state for line in lines) for state in DraftState}
    asked = request.GET.get("state", "")
    state = (
        asked
        if asked in set(DraftState)
        else next((each for each in counts if counts[each]), DraftState.CHANGED)
    )
    page = Paginator([line for line in lines if line.state == state], _DRAFTS_A_PAGE).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "rows": [(line, _shown(line)) for line in page],
        "link": f"?{query.urlencode()}&page=" if query else "?page=",
        "state": state,
        "counts": list(counts.items()),
        "provider": provider,
        "search": search,
        "providers": sorted(set(PriceDraft.objects.values_list("provider", flat=True))),
        "importable": importable_providers(),
        "form": ApprovalForm(),
        "imported": PriceDraft.objects.order_by("-imported_at").first(),
    }
    return render(request, "billing/staff/price_drafts.html", context)


@staff_with(Right.APPROVE_PRICES)
@require_POST
def import_prices(request: AuthedRequest) -> HttpResponse:
    """Have a worker import a provider's drafts, or those of the shipped list's providers."""
    chosen = request.POST.get("provider", "")
    wanted = [chosen] if chosen in importable_providers() else listed_providers()
    if wake_worker_for(IMPORT_PRICES, *wanted, expires_s=600):
        messages.success(
            request, f"A worker imports the prices of {', '.join(wanted)}. Reload the page in a moment."
        )
    else:
        messages.error(request, "No worker could be reached. Try again, or run manage.py prices import.")
    return redirect("price-drafts")


@staff_with(Right.APPROVE_PRICES)
@require_POST
def approve_prices(request: AuthedRequest) -> HttpResponse:
    """Add the chosen drafts to the book."""
    back = reverse("price-drafts") + (
        f"?provider={name}" if (name := request.POST.get("back", "")).isidentifier() else ""
    )
    form = ApprovalForm(request.POST)
    chosen = [each.partition("|") for each in request.POST.getlist("one") or request.POST.getlist("chosen")]
    if not form.is_valid():
        messages.error(
            request, "Write the day as YYYY-MM-DD and the uplift in percent, from 0 to 100, such as 10."
        )
        return redirect(back)
    if not chosen:
        messages.error(request, "Choose the drafts to approve.")
        return redirect(back)
    approved = []
    for source, _, model in chosen:
        try:
            price = approve(
                model,
                source,
                by=request.user,
                starts_on=form.cleaned_data["starts_on"],
                uplift_bp=int((form.cleaned_data["uplift_percent"] or 0) * 100),
            )
        except BillingError as error:
            messages.warning(request, error.message)
        else:
            approved.append(price)
    if approved:
        names = ", ".join(price.model for price in approved)
        messages.success(
            request, f"In the price book from {approved[0].effective_from:%Y-%m-%d} on: {names}."
        )
    return redirect(back)


def _groups(book: Iterable[Price]) -> list[tuple[str, list[PriceRow]]]:
    rows = sorted(book, key=lambda price: (price.provider, -price.output_pico, price.model))
    return [
        (provider, [_row(price) for price in of])
        for provider, of in groupby(rows, key=lambda row: row.provider)
    ]


def _row(price: Price) -> PriceRow:
    in_sight = {"input", "cache read", "output"}
    more = [(name, rate) for name, rate in by_class(columns_of(price)).items() if name not in in_sight]
    return PriceRow(price, price.model.removeprefix(f"{price.provider}/"), more)


def _shown(line: DraftLine) -> dict[str, Any]:
    """Return a draft's classes: what the book, litellm's map and genai-prices say of each."""
    columns = [by_class(columns_of(line.book)) if line.book else {}]
    columns += [
        by_class(line.drafts[source].rates) if source in line.drafts else {} for source in PriceSource
    ]
    names = dict.fromkeys(name for column in columns for name in column)
    proposed = by_class(line.proposed.rates)
    return {
        "classes": [(name, [column.get(name) for column in columns]) for name in names],
        "figures": [
            (name, proposed.get(name), columns[0].get(name)) for name in ("input", "cache read", "output")
        ],
        "notes": list(_notes(line)),
    }


def _notes(line: DraftLine) -> Iterator[tuple[str, str]]:
    for draft in line.drafts.values():
        for note in draft.notes:
            yield draft.get_source_display(), note
