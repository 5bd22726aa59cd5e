"""Attaching files to the form of a new job, and giving them back."""

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import AuthedRequest, require_role, signed_in
from accounts.models import Role, Workspace
from files.errors import FileError
from files.models import Attachment
from files.store import files_of, storage, take_in
from jobs.core.rates import within_rate
from jobs.views.job_form.forms import NewJobForm
from jobs.views.job_form.new import refused_form
from jobs.views.job_page.file_rows import files_context

_PER_MINUTE = 30
_SANDBOX = "default-src 'none'; sandbox"


@signed_in
@require_POST
def attach_files(request: AuthedRequest) -> HttpResponse:
    """Take in the files that were chosen, and show the form with them, or only their list where a script asks.

    One that is refused is named with the reason; the others stay.
    """
    form = NewJobForm(request.POST)
    workspace = form.workspace_for(request.user)
    require_role(request.user, Role.MEMBER, workspace)
    named, errors = str(form["attached"].value() or ""), list[str]()
    for upload in request.FILES.getlist("upload"):
        try:
            named = f"{named} {_taken_in(request, upload, workspace).pk}"
        except FileError as error:
            errors.append(str(error))
    if not request.FILES:
        errors.append("No file was chosen. Choose one, then press “Attach”.")
    files = files_context(request.user, named, errors, workspace=workspace)
    if request.headers.get("X-Requested-With") == "fetch":
        return render(request, "jobs/form/_files.html", {"files": files})
    context = refused_form(request, form) | {"files": files}
    form.errors.clear()  # the rest is looked at when the job is started
    return render(request, "jobs/form/new.html", context, status=422 if errors else 200)


def _taken_in(request: AuthedRequest, upload: "UploadedFile[bytes]", workspace: Workspace) -> Attachment:
    if not within_rate(f"upload:{request.user.pk}", limit=_PER_MINUTE):
        raise FileError(
            f"“{upload.name}”: At most {_PER_MINUTE} files can be attached in a minute. Wait, then try again."
        )
    return take_in(upload, raw_name=upload.name or "", user=request.user, workspace=workspace)


@signed_in
@require_safe
def download_file(request: AuthedRequest, file_id: UUID) -> FileResponse:
    """Give a file back to its workspace: always as a download of no type, which no browser opens as a page."""
    file = get_object_or_404(files_of(request.user), pk=file_id)
    return _bytes_of(file, "application/octet-stream")


@signed_in
@require_safe
def made_picture(request: AuthedRequest, file_id: UUID) -> FileResponse:
    """Give a picture that a program drew to its workspace's pages: a JPEG of our own, which opens as no page either."""
    file = get_object_or_404(files_of(request.user), pk=file_id, is_made=True)
    return _bytes_of(file, "image/jpeg")


def _bytes_of(file: Attachment, content_type: str) -> FileResponse:
    reply = FileResponse(
        storage().open(file.stored_name), as_attachment=True, filename=file.name, content_type=content_type
    )
    reply["X-Content-Type-Options"] = "nosniff"
    reply["Content-Security-Policy"] = _SANDBOX
    reply["Cache-Control"] = "private, no-store"
    return reply
