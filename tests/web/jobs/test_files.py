"""Attaching files to the form, and getting them back: with and without a script, for their workspace alone."""

import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from files.models import Attachment
from files.store import stored_names
from jobs.models import Job
from tests.web.jobs.test_new_job import GOOD

PAGE = b"<!DOCTYPE html><html><body><script>alert(1)</script><p>The page says 58.</p></body></html>"


@pytest.fixture(autouse=True)
def _files_of_this_test(settings, tmp_path):
    place = {"location": tmp_path / "files"}
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": place}
    settings.STORAGES = settings.STORAGES | {"files": storage}


def attach(person, *uploads, fetch=False, **fields):
    files = [SimpleUploadedFile(name, data) for name, data in uploads]
    headers = {"X-Requested-With": "fetch"} if fetch else {}
    return person.post(reverse("job-files"), GOOD | fields | {"upload": files}, headers=headers)


def test_a_file_that_is_attached_again_is_listed_once(alice):
    """The same name and the same bytes are one file; other bytes of that name are another."""
    attach(alice, ("note.txt", PAGE))
    first = Attachment.objects.get()
    again = attach(alice, ("note.txt", PAGE), fetch=True, attached=str(first.pk)).content.decode()
    assert re.findall('name="attached" value="([^"]+)"', again) == [str(first.pk)]
    other = attach(alice, ("note.txt", b"Others."), fetch=True, attached=str(first.pk)).content.decode()
    assert other.count('name="attached"') == 2


def test_files_are_attached_kept_and_sent_along(alice, bob, charlie):
    """Without a script the whole form comes back with them; Start makes them the job's, whose page lists them."""
    draft = str(uuid.uuid4())
    reply = attach(alice, ("note.txt", PAGE), ("../../empty.txt", b" "), draft=draft)
    text = reply.content.decode()
    assert reply.status_code == 422
    assert "“empty.txt”: The file is empty." in text
    assert GOOD["problem"] in text
    file = Attachment.objects.get()
    assert f'name="attached" value="{file.pk}" checked' in text
    assert "HTML page, 17 characters" in text
    refused = alice.post(reverse("job-new"), GOOD | {"attached": str(file.pk), "budget": "0"})
    assert f'value="{file.pk}" checked' in refused.content.decode()
    assert bob.get(reverse("file", args=[file.pk])).status_code == 404
    alice.post(reverse("job-new"), GOOD | {"attached": str(file.pk), "draft": draft})
    job = Job.objects.get()
    assert [each["passages"][0]["text"] for each in job.files] == ["The page says 58."]
    page = alice.get(job.get_absolute_url()).content.decode()
    assert "note.txt" in page
    assert "Read whole" in page
    assert "<script>alert(1)" not in page
    again = alice.get(f"{reverse('job-new')}?from={job.pk}").content.decode()
    assert f'value="{file.pk}" checked' in again
    export = alice.get(reverse("job-export-md", args=[job.pk])).content.decode()
    assert "- note.txt (HTML page, 17 characters)" in export
    download = bob.get(reverse("file", args=[file.pk]))
    assert b"".join(download.streaming_content) == PAGE
    assert download["Content-Type"] == "application/octet-stream"
    assert download["Content-Disposition"] == 'attachment; filename="note.txt"'
    assert download["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in download["Content-Security-Policy"]
    assert charlie.get(reverse("file", args=[file.pk])).status_code == 404


def test_a_script_gets_the_list_alone(alice):
    """What was ticked stays, what is new comes after it."""
    attach(alice, ("a.txt", b"one"), fetch=True)
    first = Attachment.objects.get()
    reply = attach(alice, ("b.csv", b"a,b\n1,2\n"), fetch=True, attached=str(first.pk)).content.decode()
    assert reply.lstrip().startswith("<fieldset")
    assert re.findall(r'class="file-name" dir="auto">([^<]*)<', reply) == ["a.txt", "b.csv"]


def test_nobody_uploads_before_signing_in_nor_takes_what_is_not_theirs(client, alice, charlie):
    """The signed-out are told to sign in and nothing is kept; another's file is not there for a form."""
    reply = attach(client, ("a.txt", b"one"))
    assert reply.status_code in {302, 400}
    assert (Attachment.objects.count(), stored_names()) == (0, [])
    assert "Sign in to attach files" in client.get(reverse("job-new")).content.decode()
    attach(alice, ("a.txt", b"one"))
    stolen = charlie.post(reverse("job-new"), GOOD | {"attached": str(Attachment.objects.get().pk)})
    assert stolen.status_code == 422
    assert "not there any more" in stolen.content.decode()


def test_too_many_or_too_long_names_are_refused_in_words(alice, settings):
    """What no request can carry is said plainly; a name of a browser's length is shortened."""
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    long = f'--x\r\nContent-Disposition: form-data; name="upload"; filename="{"n" * 4_096}.txt"\r\n\r\na\r\n--x--\r\n'
    for reply in (
        attach(alice, *((f"{n}.txt", b"a") for n in range(3))),
        alice.post(reverse("job-files"), long.encode(), content_type="multipart/form-data; boundary=x"),
    ):
        assert (reply.status_code, Attachment.objects.count()) == (400, 0)
        assert "Attach fewer, under shorter names." in reply.content.decode()
    assert attach(alice, ("n" * 250 + ".txt", b"a")).status_code == 200
    assert len(Attachment.objects.get().name) == 120


def test_chosen_and_not_attached_is_said(alice):
    """Without a script a file that was only chosen comes as its name: nobody starts a job without it by mistake."""
    reply = alice.post(reverse("job-new"), GOOD | {"upload": "report.pdf"})
    assert reply.status_code == 422
    assert "were not attached yet" in reply.content.decode()
    assert not Job.objects.exists()


def test_a_gigabyte_is_refused_unread(alice):
    """By its stated length, where files are taken as well, however it is written."""
    for length in (str(10**9), f"{10**9:040}"):
        reply = alice.post(reverse("job-files"), CONTENT_LENGTH=length)
        assert reply.status_code == 413
        assert "50 MB together" in reply.content.decode()
