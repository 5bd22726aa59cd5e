"""People, for the operator: who is here, what they have, and a look at their pages as they see them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import AuthedRequest, superusers_only
from accounts.models import User
from accounts.services import ensure_personal_workspace
from accounts.viewing import start_viewing, stop_viewing
from billing.books.wallet import balances
from jobs.models import Job

PER_PAGE = 25


@superusers_only
@never_cache
@require_safe
def people(request: AuthedRequest) -> HttpResponse:
    """List people, the newest first; `q` finds them by address, name or workspace."""
    wanted = request.GET.get("q", "").strip()[:200].replace("\0", "")
    found = User.objects.filter(closed_at=None)
    if wanted:
        found = found.filter(
            Q(email__icontains=wanted) | Q(name__icontains=wanted) | Q(workspaces__name__icontains=wanted)
        ).distinct()
    page = Paginator(found.order_by("-date_joined", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    shown = [person.pk for person in page.object_list]
    counted = Job.objects.filter(created_by__in=shown).values_list("created_by").annotate(jobs=Count("pk"))
    rows = [(person, dict(counted).get(person.pk, 0)) for person in page.object_list]
    return render(
        request, "staff/people.html", {"rows": rows, "page": page, "q": wanted, "link": f"?q={wanted}&page="}
    )


@superusers_only
@never_cache
@require_safe
def person(request: AuthedRequest, user_id: int) -> HttpResponse:
    """Show what a person has here."""
    shown = get_object_or_404(User, pk=user_id, closed_at=None)
    context = {
        "person": shown,
        "places": shown.memberships.select_related("workspace").order_by("pk"),
        "balance": balances(ensure_personal_workspace(shown)),
        "jobs": Job.objects.filter(created_by=shown).count(),
        "may_be_viewed": shown.is_active and not shown.is_superuser,
    }
    return render(request, "staff/person.html", context)


@superusers_only
@require_POST
def view_as(request: AuthedRequest, user_id: int) -> HttpResponse:
    """Begin to see the pages of a person; nothing can be changed meanwhile."""
    shown = get_object_or_404(User, pk=user_id, closed_at=None, is_active=True, is_superuser=False)
    start_viewing(request, by=request.user, person=shown)
    return redirect("job-list")


@superusers_only
@require_POST
def stop_view_as(request: AuthedRequest) -> HttpResponse:
    """See one's own pages again."""
    stop_viewing(request)
    messages.success(request, "These are your own pages again.")
    return redirect("staff-people")
