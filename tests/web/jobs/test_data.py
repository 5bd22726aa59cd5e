"""The pages on which people keep, take and delete what is theirs."""

import io
import json
import zipfile

import pytest
from django.urls import reverse

from accounts.models import Membership
from jobs.models import Job
from jobs.upkeep.delete_texts import TITLE
from tests.support import people


def page(person, address: str) -> str:
    return person.get(address).content.decode()


def test_the_texts_of_an_ended_job_are_deleted_on_its_page(alice, done_job):
    """Asked once more, then gone: page, list, calls and downloads say so instead of showing blanks."""
    address = reverse("job-delete-texts", args=[done_job.pk])
    assert "cannot be continued or run again" in page(alice, address)
    assert address in page(alice, done_job.get_absolute_url())
    reply = alice.post(address, follow=True)
    assert "The problem, the answer and all replies were deleted" in reply.content.decode()
    shown = page(alice, done_job.get_absolute_url())
    assert people.PROBLEM not in shown
    assert "Texts deleted" in shown
    assert "Run again" not in shown
    assert TITLE in page(alice, reverse("job-list"))
    step = done_job.steps.first()
    assert "were deleted" in page(alice, reverse("job-step-text", args=[done_job.pk, step.pk]))
    assert "were deleted" in page(alice, reverse("job-export-md", args=[done_job.pk]))
    export = alice.get(reverse("job-export-json", args=[done_job.pk]))
    assert json.loads(export.getvalue())["texts_deleted_at"]


def test_a_job_without_texts_is_not_run_again(alice, done_job):
    """An old link says why, and leaves an empty form."""
    alice.post(reverse("job-delete-texts", args=[done_job.pk]))
    shown = page(alice, f"{reverse('job-new')}?from={done_job.pk}")
    assert "cannot be run again" in shown
    assert TITLE not in shown


def test_only_an_ended_job_loses_its_texts(alice, running_job):
    """A running job needs them: the page says what to do first."""
    address = reverse("job-delete-texts", args=[running_job.pk])
    assert "finish or cancel it first" in page(alice, address)
    alice.post(address)
    running_job.refresh_from_db()
    assert running_job.problem == people.PROBLEM


def test_only_its_maker_and_owners_delete_the_texts_of_a_job(alice, bob, done_job):
    """Bob sees Alice's job and may not delete it; as an owner of the workspace he may."""
    address = reverse("job-delete-texts", args=[done_job.pk])
    bob.post(address)
    assert Job.objects.get().texts_deleted_at is None
    Membership.objects.filter(user=bob.user).update(role="owner")
    bob.post(address)
    assert Job.objects.get().texts_deleted_at is not None


def test_how_long_texts_are_kept_is_chosen_on_the_settings_page(alice, settings):
    """The choice is saved, and the site's own limit is told."""
    settings.PONDER_RETENTION_DAYS = 400
    assert "This site keeps them for 400 days" in page(alice, reverse("settings"))
    alice.post(reverse("settings"), {"name": "Alice", "theme": "auto", "keep_days": "30"})
    alice.user.refresh_from_db()
    assert alice.user.keep_days == 30
    alice.post(reverse("settings"), {"name": "Alice", "theme": "auto", "keep_days": ""})
    alice.user.refresh_from_db()
    assert alice.user.keep_days is None


def test_sharing_proven_solutions_is_a_choice_that_is_off(alice):
    """Nothing is shared until the tick is set, and no longer once it is gone."""
    assert not alice.user.share_traces
    for sent, agreed in (({"share_traces": "on"}, True), ({}, False)):
        alice.post(reverse("settings"), {"name": "Alice", "theme": "auto", **sent})
        alice.user.refresh_from_db()
        assert alice.user.share_traces is agreed


def test_everything_is_taken_along_in_one_file(alice, done_job):
    """The button on the settings page sends a zip."""
    assert reverse("data-export") in page(alice, reverse("settings"))
    reply = alice.get(reverse("data-export"))
    names = zipfile.ZipFile(io.BytesIO(b"".join(reply.streaming_content))).namelist()
    assert {"README.txt", "profile.json"} < set(names)
    assert any(str(done_job.pk) in name for name in names)


def test_an_account_is_closed_by_typing_its_address(alice, done_job):
    """The wrong address changes nothing; the right one signs out for good."""
    address = reverse("account-close")
    reply = alice.post(address, {"address": "alice@example.com"})
    assert reply.status_code == 422
    assert "Type alice@example.org" in reply.content.decode()
    alice.user.refresh_from_db()
    assert alice.user.closed_at is None
    reply = alice.post(address, {"address": "Alice@example.org"}, follow=True)
    assert "Your account was closed" in reply.content.decode()
    assert alice.get(reverse("job-list")).status_code == 302
    assert Job.objects.get(pk=done_job.pk).title == TITLE


def test_jobs_under_way_are_cancelled_first(alice):
    """The page offers to cancel them, and the form comes once they have ended."""
    job = people.make_job(alice.user, "queued", spent_cents=0)
    shown = page(alice, reverse("account-close"))
    assert "First, end your active jobs" in shown
    assert "Close the account for good" not in shown
    alice.post(reverse("account-close-cancel-jobs"))
    job.refresh_from_db()
    assert job.wanted == "cancel"


@pytest.mark.parametrize("name", ["data-export", "account-close"])
def test_the_signed_out_have_no_data(client, db, name):
    """Both pages ask to sign in."""
    assert client.get(reverse(name)).status_code == 302


def test_the_last_of_staff_stays(staff):
    """Somebody must look after the site."""
    reply = staff.post(reverse("account-close"), {"address": staff.user.email})
    assert reply.status_code == 422
    assert "Make another person a member of staff first" in reply.content.decode()
