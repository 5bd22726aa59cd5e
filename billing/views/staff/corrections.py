"""Corrections of users' money, for staff: ask with a reason, have a second person look; and who changed what."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import AuthedRequest, staff_with
from accounts.models import Membership, Role, User, Workspace
from accounts.rights import Right
from billing.books.corrections import ask_for_correction, decide
from billing.cost_review.changes import Change, Changes
from billing.errors import BillingError
from billing.models import Correction, CorrectionKind, CorrectionState
from billing.views.access import owned_by
from billing.views.staff.period import zoned_csv
from solver.core.money import NANO_PER_CENT

_PAGE = 50
_CENTS_A_DOLLAR = 100
_MOST_USD = 1_000_000


class CorrectionForm(forms.Form):
    """Whose money, what, how much and why."""

    email = forms.EmailField(label="User")
    kind = forms.ChoiceField(
        label="What", choices=[(each.value, each.label.capitalize()) for each in CorrectionKind]
    )
    amount = forms.DecimalField(label="Amount", min_value=-_MOST_USD, max_value=_MOST_USD, decimal_places=2)
    reason = forms.CharField(label="Reason", max_length=500)
    workspace = forms.ModelChoiceField(
        Workspace.objects.none(),
        label="Workspace",
        required=False,
        to_field_name="public_id",
        empty_label=None,
    )

    def __init__(self, sent: QueryDict | None) -> None:
        super().__init__(sent)
        owned = owned_by(sent.get("email", "").strip()) if sent else Workspace.objects.none()
        field = cast("forms.ModelChoiceField[Workspace]", self.fields["workspace"])
        field.disabled = len(owned) < 2  # nothing to choose
        if self.asks_which:
            field.queryset, field.initial = owned, owned[0].public_id

    @property
    def asks_which(self) -> bool:
        """Whether the user owns several workspaces."""
        return not self.fields["workspace"].disabled

    def clean(self) -> dict[str, Any]:
        """Find the workspace: the only one that the user owns, or the one that was chosen of several."""
        data: dict[str, Any] = self.cleaned_data
        if not (address := data.get("email")) or "workspace" in self.errors:
            return data
        owned = list(owned_by(address))
        if len(owned) == 1:
            data["workspace"] = owned[0]
        elif owned and not data.get("workspace"):
            self.add_error("workspace", "This user owns several workspaces. Choose which one it is about.")
        elif not owned:
            known = User.objects.filter(email__iexact=address).exists()
            self.add_error(
                "email",
                "This user owns no workspace. Enter the address of one of its owners."
                if known
                else "Nobody here has this address.",
            )
        return data


@staff_with(Right.CORRECT_BOOKS)
@require_http_methods(["GET", "HEAD", "POST"])
def corrections(request: AuthedRequest) -> HttpResponse:
    """Show corrections; a POST asks for one."""
    form = CorrectionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _ask(request, form):
        return redirect("corrections")
    every = Correction.objects.select_related("asked_by", "decided_by", "workspace").order_by(
        "-asked_at", "-pk"
    )
    owners = Membership.objects.filter(role=Role.OWNER).select_related("user").order_by("pk")
    of_workspace = Prefetch("workspace__memberships", owners, to_attr="owner_memberships")
    context = {
        "form": form,
        "waiting": every.filter(state=CorrectionState.ASKED).prefetch_related(of_workspace),
        "page": Paginator(every.exclude(state=CorrectionState.ASKED), _PAGE).get_page(
            request.GET.get("page")
        ),
        "link": "?page=",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "billing/staff/corrections.html", context, status=status)


@staff_with(Right.CORRECT_BOOKS)
@require_POST
def decide_correction(request: AuthedRequest, correction_id: int) -> HttpResponse:
    """Approve a correction that somebody else asked for, or refuse it."""
    approve = request.POST.get("decision") == "approve"
    try:
        decide(
            correction_id,
            approve=approve,
            reason=request.POST.get("reason", "").replace("\0", ""),
            by=request.user,
        )
    except BillingError as error:
        messages.warning(request, error.message)
    else:
        messages.success(request, "Posted." if approve else "Refused; nothing was posted.")
    return redirect("corrections")


@staff_with(Right.SEE_COSTS)
@require_GET
def changes(request: AuthedRequest) -> HttpResponse:
    """Show who changed what about money."""
    page = Paginator(cast("Sequence[Change]", Changes()), _PAGE).get_page(request.GET.get("page"))
    return render(request, "billing/staff/changes.html", {"page": page, "link": "?page="})


@staff_with(Right.SEE_COSTS)
@require_GET
def changes_csv(request: AuthedRequest) -> StreamingHttpResponse:
    """Download all of it."""
    del request
    rows = ([each.at, each.who, each.what, each.about, each.why] for each in Changes())
    return zoned_csv("ponder-changes.csv", ("at", "who", "what", "about", "why"), rows)


def _ask(request: AuthedRequest, form: CorrectionForm) -> bool:
    wish = form.cleaned_data
    try:
        ask_for_correction(
            workspace=wish["workspace"],
            kind=CorrectionKind(wish["kind"]),
            amount_nano=int(wish["amount"] * _CENTS_A_DOLLAR) * NANO_PER_CENT,
            reason=wish["reason"],
            by=request.user,
        )
    except BillingError as error:
        form.add_error("amount" if error.code != "reason_missing" else "reason", error.message)
        return False
    messages.success(request, "Written down. A second person decides.")
    return True
