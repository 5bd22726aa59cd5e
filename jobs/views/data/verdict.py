"""“Was it right?”: what whoever made a job says of its answer."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import AuthedRequest, signed_in
from jobs.core.states import UserVerdict
from jobs.lifecycle.user_verdict import give_verdict
from jobs.upkeep.delete_texts import may_delete_texts
from jobs.views.access import get_job_to_change


@signed_in
@require_POST
def judge_answer(request: AuthedRequest, job_id: UUID) -> HttpResponse:
    """Keep the verdict; an empty one takes it back."""
    job = get_job_to_change(request.user, job_id)
    said = request.POST.get("verdict", "")
    if said and said not in UserVerdict.values:
        messages.error(request, f"“{said[:20]}” is not a verdict. Choose one of those offered.")
    elif not may_delete_texts(request.user, job):
        messages.error(
            request, "Only the person who created this job, or a workspace owner, can judge its answer."
        )
    elif not give_verdict(job_id=job.pk, verdict=UserVerdict(said) if said else None):
        messages.error(request, "This job has no answer to judge, so nothing was noted.")
    else:
        return redirect(f"{job.get_absolute_url()}#verdict")
    return redirect(job)
