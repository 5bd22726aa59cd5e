"""Refuses requests that are larger than any form can be, before a byte of them is read or kept."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

_MEGABYTE = 1_000_000
_REFUSAL = "This request is too large: a request may have at most 4 MB, a problem 100,000 characters.\n"
_UNREADABLE = (
    "These files could not be taken: there are too many at once, or a name is too long. "
    "Attach fewer, under shorter names.\n"
)
_SMALL_UPLOAD_REFUSAL = (
    "This file is too large: it may have at most 4 MB. Go back, and upload a shorter one.\n"
)
_UPLOAD_REFUSAL = (
    "These files are too large: those of a job may have {most} MB together. Attach smaller ones.\n"
)
_MOST_DIGITS = 20


class RequestSizeMiddleware:
    """Answers 413 where the stated length is above what the address takes: DATA_UPLOAD_MAX_MEMORY_SIZE, or files.

    Django itself counts only what it keeps in memory: a file would be written to the disk whole before it is refused.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Refuse, or pass on."""
        stated = request.META.get("CONTENT_LENGTH") or "0"
        most, refusal = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, _REFUSAL
        if request.path in settings.UPLOAD_PATHS:
            most += settings.PONDER_JOB_FILES_MB * _MEGABYTE
            refusal = _UPLOAD_REFUSAL.format(most=settings.PONDER_JOB_FILES_MB)
        elif request.path in settings.SMALL_UPLOAD_PATHS:
            refusal = _SMALL_UPLOAD_REFUSAL
        if not stated.isdecimal() or len(stated) > _MOST_DIGITS or int(stated) > most:
            return HttpResponse(refusal, status=413, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class UploadMiddleware:
    """Lets files come only from the signed-in, and only where a form takes them: elsewhere none is kept anywhere.

    Those of jobs are written aside while they come in. It stands behind the sessions and before anything reads the
    request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose who takes the files of this request."""
        is_upload, is_small = (
            request.path in settings.UPLOAD_PATHS,
            request.path in settings.SMALL_UPLOAD_PATHS,
        )
        if is_upload and request.user.is_authenticated:
            request.upload_handlers = [TemporaryFileUploadHandler(request)]
            try:
                _ = request.FILES
            except (MultiPartParserError, TooManyFilesSent):
                return HttpResponse(_UNREADABLE, status=400, content_type="text/plain; charset=utf-8")
        elif not is_small:
            request.upload_handlers = [_Refusing(request)]
        return self.get_response(request)


class _Refusing(FileUploadHandler):
    """Answers 400 to the first file."""

    def new_file(self, *args: Any, **named: Any) -> None:
        """Refuse it."""
        del args, named
        raise TooManyFilesSent("This address takes no files.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep nothing."""
        del raw_data, start
        return None

    def file_complete(self, file_size: int) -> None:
        """Keep nothing."""
        del file_size
