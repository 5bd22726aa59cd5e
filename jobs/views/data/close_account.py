"""A user's data: all of it as one file, and closing the account."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import AuthedRequest, signed_in
from jobs.lifecycle import SubmitError
from jobs.upkeep.close_account import belongings_of, cancel_jobs_of, close_account
from jobs.upkeep.export_data import export_data
from jobs.views.data.forms import CloseAccountForm


@signed_in
@never_cache
@require_safe
def download_data(request: AuthedRequest) -> StreamingHttpResponse:
    """Send everything that is kept of the user as one zip, made while it is sent."""
    return StreamingHttpResponse(
        export_data(request.user),
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="ponder-data-{timezone.now():%Y-%m-%d}.zip"'},
    )


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def close_own_account(request: AuthedRequest) -> HttpResponse:
    """Say what goes and what stays; a POST with the address typed closes the account."""
    user = request.user
    form = CloseAccountForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            close_account(user=user, gives_up_money=form.cleaned_data["give_up"])
        except SubmitError as error:
            form.add_error("give_up" if error.code == "money_left" else None, error.message)
        else:
            logout(request)
            messages.success(request, "Your account was closed, and your texts were deleted.")
            return redirect("landing")
    context = {"form": form, "has": belongings_of(user)}
    return render(request, "accounts/close.html", context, status=422 if form.errors else 200)


@signed_in
@require_POST
def cancel_own_jobs(request: AuthedRequest) -> HttpResponse:
    """Cancel every job that is under way, so that the account can be closed."""
    count = cancel_jobs_of(request.user)
    messages.info(
        request,
        f"{count} job{'s are' if count != 1 else ' is'} being cancelled. Calls in progress have up to 30 seconds to "
        "finish; then refresh this page.",
    )
    return redirect("account-close")
