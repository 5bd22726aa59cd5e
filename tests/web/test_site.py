"""The frame: health, errors, security headers, static files."""

import gzip
import io
import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from django.db import OperationalError
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from jobs.lifecycle.submission.sample import submit_sample_job
from jobs.models import Job, ShareLink, StepRecord
from reasoning_app.server_error import server_error
from tests.support.people import SOLVED, make_job

BASE = Path(django_settings.BASE_DIR)
TEMPLATES = sorted((BASE / "templates").rglob("*.html"))


def test_healthz_answers_without_a_session(client, db, django_assert_max_num_queries):
    """200 with the database; no cookie, no redirect; after the first answer one query."""
    client.get("/healthz")
    with django_assert_max_num_queries(1):
        reply = client.get("/healthz")
    assert reply.status_code == 200
    assert reply.json()["status"] == "ok"
    assert not reply.cookies


def test_healthz_says_when_the_database_is_gone(client, monkeypatch):
    """503, so that a load balancer looks elsewhere."""
    monkeypatch.setattr("reasoning_app.middleware.health._database", lambda: "unreachable")
    assert client.get("/healthz").status_code == 503


def test_healthz_waits_for_the_tables(client, db, monkeypatch):
    """503 for as long as a migration of this code is not applied."""
    monkeypatch.setattr("reasoning_app.middleware.health._tables_fit", False)
    newest = frozenset({("jobs", "9999_to_come")})
    with monkeypatch.context() as patched:
        patched.setattr("reasoning_app.middleware.health.needed_migrations", lambda: newest)
        reply = client.get("/healthz")
    assert (reply.status_code, reply.json()["database"]) == (503, "behind")
    assert client.get("/healthz").status_code == 200


def test_every_page_has_the_policy(client, db):
    """Scripts and styles come from this site only; nobody frames it."""
    policy = client.get("/")["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(BASE)))
def test_templates_obey_the_policy(template):
    """No style attribute, no inline handler, no inline script, nothing from elsewhere. Mail is not a page."""
    text = template.read_text()
    if "emails" in template.parts:
        return
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", text)
    assert not re.search(r"(src|href)=\"(https?:)?//", text)


def test_the_style_sheets_are_small():
    """All of our own, compressed, under 12 KB."""
    sheets = b"".join(path.read_bytes() for path in sorted((BASE / "static" / "css").glob("*.css")))
    assert len(gzip.compress(sheets)) < 12_000


def test_static_files_are_compressed_and_kept_until_they_change(client, db):
    """Where nothing was collected, too: an address carries the version of its file, and a font is not compressed."""
    page = client.get("/").content.decode()
    [address] = re.findall(r'href="(/static/css/base\.css\?v=[0-9a-f]+)"', page)
    asks = {"Accept-Encoding": "gzip, br"}
    short = client.get(address, headers=asks)
    assert "immutable" in short["Cache-Control"]
    assert gzip.decompress(short.content) == (BASE / "static/css/base.css").read_bytes()
    whole = client.get(address)
    assert "Content-Encoding" not in whole
    assert b"".join(whole.streaming_content) == (BASE / "static/css/base.css").read_bytes()
    known = client.get(address, headers={**asks, "If-Modified-Since": short["Last-Modified"]})
    assert known.status_code == 304
    font = client.get("/static/vendor/fonts/inter-latin-wght-normal.woff2", headers=asks)
    assert "Content-Encoding" not in font
    assert "max-age=86400" in font["Cache-Control"]
    whole.close()
    font.close()


def test_pages_are_compressed(client, db):
    """Where the browser understands it."""
    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert page["Content-Encoding"] == "gzip"
    assert b"Ponder" in gzip.decompress(page.content)


def test_static_files_can_be_collected_under_a_manifest(settings, tmp_path):
    """Every file that a style sheet names is there (KaTeX names 60 fonts)."""
    settings.STATIC_ROOT = tmp_path
    storage = f"{ManifestStaticFilesStorage.__module__}.ManifestStaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": storage}}
    call_command("collectstatic", interactive=False, verbosity=0)
    assert list(tmp_path.glob("vendor/katex-*/fonts/KaTeX_Main-Regular.*.woff2"))


@pytest.mark.parametrize("name", ["400", "403", "404", "429", "500", "403_csrf"])
def test_error_pages_need_nothing(name):
    """They render without a context, a session or a database."""
    assert "Ponder" in render_to_string(f"{name}.html")


def test_a_broken_page_is_a_calm_500(client, db, monkeypatch):
    """The error is logged; the visitor reads what it means for the money."""
    monkeypatch.setattr("jobs.views.job_form.forms.NewJobForm.__init__", lambda *_: 1 / 0)
    calm = Client(raise_request_exception=False)
    reply = calm.get("/")
    assert reply.status_code == 500
    assert "Nothing was charged" in reply.content.decode()


@pytest.mark.parametrize("model", [Job, StepRecord])
def test_the_admin_only_looks(staff, alice, model):
    """Jobs and journal cannot be edited by hand."""
    make_job(alice.user)
    label = f"admin:jobs_{model._meta.model_name}"
    assert staff.get(reverse(f"{label}_changelist")).status_code == 200
    assert staff.get(reverse(f"{label}_add")).status_code == 403


def test_the_landing_page_greets_strangers(client, db):
    """One sentence, the promise, the form."""
    text = client.get("/").content.decode()
    assert "Start – up to $0.25" in text
    assert "Unused money returns" in text


def test_the_landing_page_shows_an_answer_of_ones_own(alice, done_job):
    """A finished job of the user, never an invented one."""
    assert done_job.answer in alice.get("/").content.decode()


@pytest.mark.breaks_the_books
def test_the_landing_page_shows_the_solved_sample_to_strangers(client, charlie, staff):
    """Submitted once, and shown once it is solved, by a link to the whole result."""
    for _ in range(2):
        sample = submit_sample_job(staff.user)
    assert "was solved here" not in client.get("/").content.decode()
    own = Job.objects.filter(pk=sample.pk)
    own.update(state="running", started_at=timezone.now())
    own.update(**SOLVED, state="done", finished_at=timezone.now())
    for visitor in (client, charlie):
        text = visitor.get("/").content.decode()
        assert "A job that was solved here" in text
        assert SOLVED["answer"] in text
        assert visitor.get(re.search(r"/shared/[^\"]+", text)[0]).status_code == 200


def test_staff_choose_a_result_of_theirs_for_every_visitor(client, alice, staff):
    """In the sample's place until its link is revoked, its cost where that was chosen; of others nothing ever."""
    of_staff, of_alice = (
        make_job(person.user, "done", **SOLVED | {"answer": answer})
        for person, answer in ((staff, "Chosen answer"), (alice, "Alice's answer"))
    )
    for person, job in ((staff, of_staff), (alice, of_alice)):
        person.post(reverse("job-share", args=[job.pk]), {"on_first_page": "on"})
    text = client.get("/").content.decode()
    assert "Chosen answer" in text
    assert ShareLink.objects.get(job=of_staff).get_absolute_url() in text
    assert "Alice" not in text
    assert not re.search(r"\$[\d.]+ of \$", text)
    staff.post(reverse("job-share", args=[of_staff.pk]), {"on_first_page": "on", "shows_costs": "on"})
    assert re.search(r"\$[\d.]+ of \$", client.get("/").content.decode())
    staff.post(reverse("job-unshare", args=[of_staff.pk]))
    assert "Chosen answer" not in client.get("/").content.decode()


def test_a_result_on_the_first_page_goes_with_the_rights_of_who_chose_it(client, staff):
    """The link stays; a best guess is not called solved while it is shown."""
    job = make_job(staff.user, "done", answer="A mere guess", confidence=0.2)
    staff.post(reverse("job-share", args=[job.pk]), {"on_first_page": "on"})
    text = client.get("/").content.decode()
    assert "No reliable answer" in text
    assert "solved here" not in text
    User.objects.filter(pk=staff.user.pk).update(is_staff=False)
    assert "A mere guess" not in client.get("/").content.decode()
    assert client.get(ShareLink.objects.get(job=job).get_absolute_url()).status_code == 200


def test_healthz_answers_under_any_host_name(client, db):
    """A load balancer asks by address; nothing else is answered under a foreign name."""
    assert client.get("/healthz", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/", headers={"host": "10.0.0.7:8000"}).status_code == 400


@pytest.mark.parametrize("path", ["/", "/jobs/preview/", "/stripe/webhook/", "/no-such-page/"])
def test_large_requests_are_refused_unread(client, db, path):
    """Whatever they hold and wherever they go: no byte of them is read."""
    reply = client.post(path, CONTENT_LENGTH=str(4 * 1024 * 1024 + 1))
    assert reply.status_code == 413
    assert "at most 4 MB" in reply.content.decode()
    assert client.post(path, CONTENT_LENGTH="1e9").status_code == 413


def test_files_are_refused(client, db):
    """Where no form takes one, so that none is written anywhere."""
    reply = client.post("/jobs/preview/", {"problem": "a", "file": io.BytesIO(b"x" * 3_000_000)})
    assert reply.status_code == 400


def test_healthz_is_only_read(client, db):
    """Other methods are refused before anything is asked."""
    assert client.post("/healthz").status_code == 405
    assert client.head("/healthz").status_code == 200


@pytest.mark.parametrize("name", ["favicon.ico", "apple-touch-icon.png"])
def test_browsers_find_the_icons_that_they_ask_for_by_themselves(client, db, name):
    """Of answers that are no page of ours, such as /healthz, too: no 404 in the console."""
    reply = client.get(f"/{name}")
    assert reply.status_code == 200
    assert reply["Content-Type"].startswith("image/")
    assert b"".join(reply.streaming_content)
    reply.close()


def test_opening_the_address_of_a_button_is_explained(alice):
    """Not an empty page; what may be done there stands in the header, as ever."""
    reply = alice.get(reverse("job-quote"))
    assert (reply.status_code, reply["Allow"]) == (405, "POST")
    assert "belongs to a button" in reply.content.decode()


def test_the_style_guide_is_for_staff_or_for_development(client, staff, alice, settings):
    """It draws every component from the pages' own templates; DEBUG opens it to everybody."""
    text = staff.get("/styleguide/").content.decode()
    for part in (
        "Colours",
        "Answers found",
        "The search",
        "Receipt",
        "Your first job",
        "Costs by day",
        "--accent-bg",
        "nine in ten such jobs",
        'id="finish-dialog"',
        "Error pages",
    ):
        assert part in text, part
    for status in re.findall(r'href="/styleguide/errors/(\d+)/"', text):
        assert "<h1>" in staff.get(f"/styleguide/errors/{status}/").content.decode(), status
    assert staff.get("/styleguide/errors/418/").status_code == 404
    assert alice.get("/styleguide/errors/500/").status_code == 404
    assert alice.get("/styleguide/").status_code == 404
    assert client.get("/styleguide/").status_code == 302
    settings.DEBUG = True
    assert client.get("/styleguide/").status_code == 200


def test_a_database_that_does_not_answer_is_a_page_of_our_own(rf):
    """503 with when to try again; any other fault is a 500. Neither page asks the database."""
    for error, status in ((OperationalError("gone"), 503), (ValueError("ours"), 500)):
        try:
            raise error
        except (OperationalError, ValueError):
            reply = server_error(rf.get("/jobs/"))
        assert reply.status_code == status
        assert ("Retry-After" in reply) == (status == 503)
        assert "Nothing was" in reply.content.decode()
