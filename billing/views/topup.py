"""Adding money: to Stripe Checkout, and back."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import AuthedRequest, signed_in, with_role, workspace_of
from accounts.models import Role
from billing.errors import StripeProblem
from billing.models import TopUp
from billing.payments.topups import start_top_up, sync_top_up
from billing.views.access import get_top_up_for
from billing.views.forms import TopUpForm
from billing.views.wallet import wallet_page
from solver.core.money import format_usd


@with_role(Role.OWNER)
@require_POST
def topup_start(request: AuthedRequest) -> HttpResponse:
    """Record the top-up and send the user to Stripe Checkout."""
    form = TopUpForm(request.POST)
    if not form.is_valid():
        return wallet_page(request, form, status=422)
    base = settings.PONDER_BASE_URL
    placeholder = UUID(int=0)
    back = reverse("topup-return", args=[placeholder]).replace(str(placeholder), "{id}")
    try:
        top_up = start_top_up(
            workspace=workspace_of(request.user),
            user=request.user,
            amount_nano=form.cleaned_data["amount_nano"],
            success_url=base + back,
            cancel_url=base + reverse("wallet"),
            saves_card=form.cleaned_data["saves_card"],
        )
    except StripeProblem as problem:
        form.add_error(None, problem.message)
        return wallet_page(request, form, status=503)
    # 303, so that the browser follows with a GET.
    return HttpResponseRedirect(top_up.checkout_url, status=303)


@signed_in
@require_GET
def topup_return(request: AuthedRequest, top_up_id: UUID) -> HttpResponse:
    """Show the result of a payment. Runs the same function as the webhook, so it may be opened any number of times."""
    top_up = get_top_up_for(request.user, top_up_id)
    try:
        top_up = sync_top_up(top_up.pk)
    except StripeProblem:
        messages.info(request, "Stripe has not answered yet. The money appears here as soon as it does.")
        return redirect("wallet")
    _tell(request, top_up)
    return redirect("wallet")


def _tell(request: AuthedRequest, top_up: TopUp) -> None:
    if top_up.credited_nano:
        messages.success(request, f"{format_usd(top_up.credited_nano)} was added to your wallet. Thank you.")
    elif top_up.problem:
        messages.error(
            request, "The payment does not match the amount you chose. The operator will look into it."
        )
    elif top_up.state == "failed":
        messages.warning(request, "The payment did not go through. Nothing was charged. You can try again.")
    else:
        messages.info(
            request, "The payment is on its way. The money appears here as soon as Stripe confirms it."
        )
