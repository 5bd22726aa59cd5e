"""Reconciliation, for staff: what providers billed beside our books, uploading their reports, settling what differs."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import AuthedRequest, staff_with
from accounts.rights import Right
from billing.cost_review.csv_reply import csv_reply
from billing.errors import BillingError
from billing.models import Call, CallState, ItemState, ReconciliationItem, ReconciliationRun, Transfer
from billing.reconciliation import items
from billing.reconciliation.ours import bounds
from billing.reconciliation.report import MAX_BYTES, MOST_NANO, read_csv
from billing.stops import providers
from solver.core.money import MoneyError, parse_usd, usd_decimal

_PER_PAGE = 50
_CALLS_SHOWN = 100
_BOOK_BILL, _BOOK_PART, _EXPLAIN, _REOPEN = "bill", "part", "explain", "reopen"


class ReportForm(forms.Form):
    """A provider's report."""

    provider = forms.ChoiceField(label="Provider")
    file = forms.FileField(
        label="Cost report as CSV", widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"})
    )
    is_complete = forms.BooleanField(
        label="It names everything that was billed on its days: a model that it does not name was billed at nothing.",
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)  # declared above
        provider.choices = [(name, name) for name in providers()]


class DecisionForm(forms.Form):
    """What becomes of an item, and why."""

    action = forms.ChoiceField(
        label="What to do",
        choices=[
            (_BOOK_BILL, "Book the bill: the house owes what the provider says"),
            (_BOOK_PART, "Book another amount: only a part of the bill is ours"),
            (_EXPLAIN, "Leave the books as they are: the difference is explained"),
            (_REOPEN, "Open it again"),
        ],
    )
    amount = forms.CharField(label="Amount in dollars, for another amount", max_length=40, required=False)
    reason = forms.CharField(label="Why", max_length=500)

    def clean(self) -> dict[str, Any]:
        """Read the amount where one is needed."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("action") == _BOOK_PART:
            try:
                # Providers bill fractions of a cent.
                cleaned["amount_nano"] = parse_usd(
                    cleaned.get("amount", ""),
                    name="Amount",
                    minimum_nano=1,
                    maximum_nano=MOST_NANO,
                    whole_cents=False,
                    allow_zero=True,
                )
            except MoneyError as error:
                self.add_error("amount", str(error))
        return cleaned


@staff_with(Right.CORRECT_BOOKS)
@require_safe
def reconciliation(request: AuthedRequest) -> HttpResponse:
    """Show the last run, the items, and the form for a report."""
    return _page(request, ReportForm())


@staff_with(Right.CORRECT_BOOKS)
@require_POST
def upload(request: AuthedRequest) -> HttpResponse:
    """Take an uploaded report."""
    form = ReportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    asked, file = form.cleaned_data, form.cleaned_data["file"]
    try:
        report = read_csv(
            file.read(MAX_BYTES + 1),
            provider=asked["provider"],
            name=file.name or "report",
            is_complete=asked["is_complete"],
        )
        found = items.take_report(report, by=request.user)
    except BillingError as error:
        form.add_error("file", error.message)
        return _page(request, form, status=422)
    open_ = sum(item.state == ItemState.OPEN for item in found)
    rest = f"{open_} need a person." if open_ else "The books agree with all of them."
    messages.success(request, f"{len(found)} days and models of {file.name}: {rest}")
    return redirect("reconciliation")


@staff_with(Right.CORRECT_BOOKS)
@require_safe
def item(request: AuthedRequest, item_id: int) -> HttpResponse:
    """Show one day of one model, with its calls in doubt and what was posted."""
    return _item_page(request, get_object_or_404(ReconciliationItem, pk=item_id), DecisionForm())


@staff_with(Right.CORRECT_BOOKS)
@require_POST
def decide(request: AuthedRequest, item_id: int) -> HttpResponse:
    """Book, explain or reopen an item."""
    found = get_object_or_404(ReconciliationItem, pk=item_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _item_page(request, found, form, status=422)
    asked, by = form.cleaned_data, request.user
    try:
        if asked["action"] == _EXPLAIN:
            items.explain(item_id, by=by, reason=asked["reason"])
        elif asked["action"] == _REOPEN:
            items.reopen(item_id, by=by, reason=asked["reason"])
        else:
            amount_nano = asked.get("amount_nano", found.billed_nano)
            items.book(item_id, amount_nano=amount_nano, by=by, reason=asked["reason"])
    except BillingError as error:
        form.add_error(None, error.message)
        return _item_page(request, found, form, status=422)
    messages.success(request, f"{found.model} on {found.day}: saved.")
    return redirect("reconciliation-item", item_id)


@staff_with(Right.CORRECT_BOOKS)
@require_safe
def items_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download every item that the page's filter shows."""
    header = [
        "provider",
        "day_utc",
        "model",
        "state",
        "billed_usd",
        "settled_usd",
        "in_doubt_usd",
        "calls_in_doubt",
    ]
    header += ["booked_usd", "difference_usd", "decided_by", "reason", "changed_at"]
    return csv_reply("ponder-reconciliation.csv", header, _rows(_chosen(request)))


def _rows(chosen: QuerySet[ReconciliationItem]) -> Iterator[list[object]]:
    for each in chosen.iterator():
        money = (each.billed_nano, each.settled_nano, each.accrued_nano)
        yield [
            *(each.provider, each.day.isoformat(), each.model, each.state),
            *(usd_decimal(nano) for nano in money),
            *(each.doubts, usd_decimal(each.booked_nano), usd_decimal(each.difference_nano)),
            *(each.by.email if each.by else "", each.reason, each.changed_at),
        ]


def _chosen(request: HttpRequest) -> QuerySet[ReconciliationItem]:
    state = request.GET.get("state", "")
    found = ReconciliationItem.objects.select_related("by", "report").order_by("-day", "model", "pk")
    return found.filter(state=state) if state in ItemState else found


def _page(request: AuthedRequest, form: ReportForm, *, status: int = 200) -> HttpResponse:
    state = request.GET.get("state", "")
    counts = dict(ReconciliationItem.objects.values_list("state").annotate(number=Count("pk")))
    context = {
        "form": form,
        "run": ReconciliationRun.objects.order_by("-started_at").first(),
        "page": Paginator(_chosen(request), _PER_PAGE).get_page(request.GET.get("page")),
        "state": state if state in ItemState else "",
        "states": [("", "All", sum(counts.values()))]
        + [(each.value, each.label, counts.get(each.value, 0)) for each in ItemState],
        "link": f"?state={state}&page=" if state in ItemState else "?page=",
    }
    return render(request, "billing/staff/reconciliation/list.html", context, status=status)


def _item_page(
    request: AuthedRequest, found: ReconciliationItem, form: DecisionForm, *, status: int = 200
) -> HttpResponse:
    begin, end = bounds(found.day, found.day)
    doubts = Call.objects.filter(
        state=CallState.IN_DOUBT, model=found.model, created_at__gte=begin, created_at__lt=end
    ).order_by("created_at")
    keys = [f"bill:{found.pk}:{number}" for number in range(1, found.postings + 1)]
    context = {
        "item": found,
        "form": form,
        "doubts": doubts[:_CALLS_SHOWN],
        "more": max(doubts.count() - _CALLS_SHOWN, 0),
        "posted": Transfer.objects.filter(key__in=keys).select_related("actor").order_by("pk"),
    }
    return render(request, "billing/staff/reconciliation/item.html", context, status=status)
