"""Texts are deleted when they should be, and only then; the books balance afterwards (every test here is audited)."""

import csv
import io
import json
import time
import zipfile
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, User
from accounts.services import ensure_personal_workspace, sign_in_link
from billing.books.wallet import balances
from billing.models import Call, Entry
from jobs.core.states import JobState
from jobs.lifecycle import SubmitError, pause_job, raise_budget
from jobs.lifecycle.saved.drafts import save_draft
from jobs.mail.send import send_due
from jobs.models import Job, OutboxMessage, StepRecord
from jobs.upkeep.close_account import close_account
from jobs.upkeep.delete_texts import TITLE, delete_texts
from jobs.upkeep.export_data import export_data
from jobs.upkeep.retention import delete_old_texts
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from tests.jobs.conftest import TWO_TRIES
from tests.support.endpoint import Answer
from tests.support.people import submit_for
from tests.support.places import places_of

SECRET = "quokka"


@pytest.fixture(autouse=True)
def _mail_in_files(settings, tmp_path):
    settings.MAIL_DIR = tmp_path / "mail"
    settings.MAILERS = {"default": {"BACKEND": "jobs.mail.eml_backend.EmlBackend", "OPTIONS": {}}}
    settings.EMAIL_URL = ""


@pytest.fixture
def ended_job(alice, workspace, endpoint, run_all) -> Job:
    """A job of Alice's that really ran, with a mail that really left; a secret word is in all of its texts."""
    endpoint.behaviour = lambda call: Answer(f"The {SECRET} says so.\n\nAnswer: {SECRET}")
    problem = f"Which animal is a {SECRET}?"
    job = submit_for(alice, problem, budget_nano=20 * NANO_PER_CENT, options=TWO_TRIES)
    run_all()
    send_due()
    job.refresh_from_db()
    assert job.state == JobState.DONE
    return job


def test_the_wallet_names_the_job_that_money_returned_from(alice, ended_job):
    """By its title, in one row with what it cost in all, with a link."""
    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/wallet/").content.decode()
    assert f'Job <a href="/jobs/{ended_job.pk}/">“<bdi>Which animal is a quokka?</bdi>”</a>' in page
    assert "unspent money returned" in page


def money_of(job: Job) -> list:
    return [
        list(Call.objects.filter(job_id=job.pk).order_by("pk").values()),
        list(Entry.objects.filter(transfer__job_id=job.pk).order_by("pk").values()),
        list(
            StepRecord.objects.filter(job=job)
            .order_by("pk")
            .values("id", "key", "seq", "charged_nano", "tokens", "model")
        ),
    ]


def test_deleted_texts_are_nowhere_and_amounts_stay(ended_job):
    """No table and no stored mail has them any more; calls, entries and costs are what they were."""
    assert {"jobs_job", "jobs_prompt", "jobs_steprecord"} < places_of(SECRET)
    assert any(place.endswith(".eml") for place in places_of(SECRET))
    before = money_of(ended_job)
    assert delete_texts(job_id=ended_job.pk)
    assert places_of(SECRET) == set()
    assert money_of(ended_job) == before
    ended_job.refresh_from_db()
    assert (ended_job.title, ended_job.texts_deleted_at is not None) == (TITLE, True)
    assert not delete_texts(job_id=ended_job.pk)


def test_a_job_without_texts_cannot_go_on(ended_job):
    """Its journal is gone: raising its budget is refused in words, and nothing is charged."""
    Job.objects.filter(pk=ended_job.pk).update(stop_reason="finished_by_user")
    delete_texts(job_id=ended_job.pk)
    with pytest.raises(SubmitError, match="texts of this job were deleted"):
        raise_budget(job=ended_job, to_nano=40 * NANO_PER_CENT)


@pytest.mark.parametrize(("site_days", "own_days", "goes"), [(0, None, False), (30, None, True), (365, None, False),
    (0, 30, True), (365, 30, True), (30, 365, True), (365, 365, False)])  # fmt: skip
def test_the_shorter_of_site_and_user_decides_how_long_texts_are_kept(
    ended_job, settings, site_days, own_days, goes
):
    """A job that ended a hundred days ago, under every combination."""
    settings.PONDER_RETENTION_DAYS = site_days
    User.objects.update(keep_days=own_days)
    Job.objects.update(finished_at=timezone.now() - timedelta(days=100))
    assert delete_old_texts() == int(goes)
    assert ("jobs_job" in places_of(SECRET)) != goes


def test_a_job_that_has_not_ended_keeps_its_texts(alice, workspace, endpoint, settings):
    """However old a paused job is, it may go on tomorrow."""
    settings.PONDER_RETENTION_DAYS = 1
    job = submit_for(alice, f"A {SECRET}?", budget_nano=NANO_PER_CENT, wake=False)
    pause_job(job=job)
    Job.objects.update(
        queued_at=timezone.now() - timedelta(days=100), created_at=timezone.now() - timedelta(days=100)
    )
    assert delete_old_texts() == 0
    assert not delete_texts(job_id=job.pk)
    assert "jobs_job" in places_of(SECRET)


def test_an_account_closes_without_a_trace_of_its_user(alice, workspace, ended_job):
    """Texts, address, name, sessions and links are gone; what was paid stays paid, and the wallet is empty."""
    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    sign_in_link(alice)
    save_draft(
        user=alice,
        workspace=workspace,
        draft_id=ended_job.steps.first().pk,
        fields={"problem": f"More {SECRET}s"},
    )
    before = money_of(ended_job)
    with pytest.raises(SubmitError, match="of your own money is in the wallet"):
        close_account(user=alice, gives_up_money=False)
    assert close_account(user=alice, gives_up_money=True) == 1
    assert places_of(SECRET) == places_of("alice") == set()
    assert money_of(ended_job) == before
    assert balances(workspace).available_nano == 0
    assert client.get("/jobs/").status_code == 302
    alice.refresh_from_db()
    assert (alice.is_active, alice.email) == (False, f"{alice.pk}@closed.invalid")
    assert OutboxMessage.objects.filter(job=ended_job, kind="ended", recipient="").count() == 1


def test_mail_to_an_address_that_was_changed_goes_with_the_account(alice, workspace, ended_job):
    """The job's mail went to the first address; closing under the second one forgets both."""
    client = Client()
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    # Who changes an address has just shown who it is.
    session = client.session
    session["account_authentication_methods"] = [{"method": "code", "at": time.time()}]
    session["account_authentication_methods_user"] = str(alice.pk)
    session.save()
    for address, primary in ((alice.email, True), ("second@example.org", False)):
        EmailAddress.objects.create(user=alice, email=address, verified=True, primary=primary)
    client.post("/accounts/email/", {"email": "second@example.org", "action_primary": ""})
    client.post("/accounts/email/", {"email": alice.email, "action_remove": ""})
    alice.refresh_from_db()
    assert (alice.email, alice.former_emails) == ("second@example.org", ["alice@example.org"])
    assert places_of("alice@example.org")
    close_account(user=alice, gives_up_money=True)
    assert places_of("alice@example.org") == places_of("second@example.org") == set()


def test_a_job_under_way_keeps_its_account_open(alice, workspace, endpoint, run_all):
    """The command cancels on request; a worker ends the job, its money returns, then the account closes."""
    submit_for(alice, f"A {SECRET}?", budget_nano=NANO_PER_CENT, wake=False)
    with pytest.raises(SubmitError, match="1 job is under way"):
        close_account(user=alice, gives_up_money=True)
    with pytest.raises(CommandError, match="is a worker running"):
        call_command("forget", alice.email, "--yes", "--cancel-jobs", "--wait", "0", "--give-up-money")
    run_all()
    assert balances(workspace).available_nano >= 100 * NANO_PER_USD
    call_command("forget", alice.email, "--yes", "--give-up-money")
    assert places_of(SECRET) == places_of("alice") == set()


def test_colleagues_keep_their_workspace(alice, workspace, ended_job):
    """Who leaves a shared workspace takes their own texts along, neither the money nor the others' jobs."""
    bob = User.objects.create_user("bob@example.org")
    Membership.objects.create(workspace=workspace, user=bob)
    ensure_personal_workspace(bob)
    had = balances(workspace).available_nano
    close_account(user=alice, gives_up_money=False)
    assert balances(workspace).available_nano == had
    assert list(workspace.memberships.values_list("user__email", "role")) == [("bob@example.org", "owner")]
    assert places_of(SECRET) == set()


def test_the_export_holds_every_text_and_every_amount(alice, ended_job, tmp_path):
    """Problem, answer, each call with prompt and reply, ledger, profile; Charlie's is not in it."""
    charlie = User.objects.create_user("charlie@example.org")
    ensure_personal_workspace(charlie)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(export_data(alice))))
    assert archive.testzip() is None
    names = archive.namelist()
    folder = next(name.rsplit("/", 1)[0] for name in names if name.endswith("job.json"))
    assert str(ended_job.pk) in folder
    assert archive.read(f"{folder}/problem.md").decode() == ended_job.problem
    calls = [json.loads(line) for line in archive.read(f"{folder}/calls.jsonl").splitlines()]
    paid = [call for call in calls if call["model"]]
    assert len(calls) == ended_job.steps.count()
    assert paid
    assert all(SECRET in call["text"] and SECRET in call["messages"][-1]["content"] for call in paid)
    [ledger] = [name for name in names if name.startswith("ledger/")]
    moved = list(csv.DictReader(io.StringIO(archive.read(ledger).decode())))
    named = {row["job_title"] for row in moved if row["what"] == "Reserved for a job"}
    assert named == {ended_job.title}, "the ledger names jobs by their titles"
    assert {row["job_title"] for row in moved if not row["job"]} == {""}
    assert json.loads(archive.read("profile.json"))["email"] == alice.email
    assert not any(b"charlie" in archive.read(name) for name in names)
    call_command("export_data", alice.email, str(tmp_path / "data.zip"))
    assert zipfile.ZipFile(tmp_path / "data.zip").namelist() == names
    with pytest.raises(CommandError, match="does not exist yet"):
        call_command("export_data", alice.email, str(tmp_path / "data.zip"))
