"""Nobody sees what is not theirs: strangers get 404, the signed-out get the sign-in page."""

import uuid

import pytest
from django.urls import reverse

JOB_PAGES = [
    "job-detail",
    "job-live",
    "job-finish",
    "job-cancel",
    "job-pause",
    "job-resume",
    "job-raise",
    "job-delete-texts",
    "job-steps",
    "job-export-md",
    "job-export-json",
]
OWN_PAGES = ["job-list", "settings", "wallet", "account-close", "data-export"]
STAFF_PAGES = [
    "staff-audit",
    "staff-mail",
    "staff-outbox",
    "staff-learned",
    "cost-review",
    "cost-review-quarantine",
]


@pytest.mark.parametrize("name", JOB_PAGES)
def test_a_stranger_gets_404_for_every_page_of_a_job(charlie, running_job, name):
    """Someone else's job looks exactly like no job."""
    assert charlie.get(reverse(name, args=[running_job.pk])).status_code == 404
    assert charlie.get(reverse(name, args=[uuid.uuid4()])).status_code == 404


JOB_POSTS = ["job-finish", "job-cancel", "job-pause", "job-resume", "job-raise", "job-delete-texts"]


@pytest.mark.parametrize("name", JOB_POSTS)
def test_a_stranger_cannot_stop_a_job(charlie, running_job, name):
    """A foreign POST changes nothing."""
    before = running_job.budget_nano
    assert charlie.post(reverse(name, args=[running_job.pk]), {"budget": "20"}).status_code == 404
    running_job.refresh_from_db()
    assert (running_job.wanted, running_job.state, running_job.budget_nano) == ("run", "running", before)


def test_a_stranger_gets_404_for_the_text_of_a_call(charlie, alice, running_job):
    """The texts of calls are as private as their job."""
    step = running_job.steps.first()
    address = reverse("job-step-text", args=[running_job.pk, step.pk])
    assert charlie.get(address).status_code == 404
    assert alice.get(address).status_code == 200


def test_a_step_is_not_found_under_another_job(alice, running_job, done_job):
    """The address names the job and the step; both must agree."""
    step = running_job.steps.first()
    assert alice.get(reverse("job-step-text", args=[done_job.pk, step.pk])).status_code == 404


@pytest.mark.parametrize("name", JOB_PAGES)
def test_a_member_of_the_workspace_sees_its_jobs(bob, running_job, name):
    """Workspaces own jobs; Bob is in Alice's."""
    assert bob.get(reverse(name, args=[running_job.pk])).status_code == 200


@pytest.mark.parametrize("name", JOB_PAGES)
def test_a_signed_out_visitor_is_asked_to_sign_in(client, running_job, name):
    """Pages of jobs lead to the sign-in page and back."""
    address = reverse(name, args=[running_job.pk])
    reply = client.get(address)
    assert reply.status_code == 302
    assert reply.url.startswith(reverse("account_login"))
    assert address in reply.url


@pytest.mark.parametrize("name", OWN_PAGES)
def test_own_pages_ask_the_signed_out_to_sign_in(client, db, name):
    """Lists, wallet and settings belong to someone."""
    assert client.get(reverse(name)).status_code == 302


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_staff_pages_do_not_exist_for_others(alice, staff, mail_dir, name):
    """A page for staff is a 404 for everybody else."""
    assert alice.get(reverse(name)).status_code == 404
    assert staff.get(reverse(name)).status_code == 200


def test_the_list_holds_no_foreign_job(charlie, running_job):
    """Charlie's list is empty, whatever is searched for."""
    assert running_job.title not in charlie.get(reverse("job-list"), {"q": "make"}).content.decode()


def test_run_again_refuses_a_foreign_job(charlie, running_job):
    """`?from=` goes through the same door."""
    assert charlie.get(reverse("job-new"), {"from": str(running_job.pk)}).status_code == 404


@pytest.mark.parametrize("name", [*JOB_POSTS, "job-quote", "job-preview", "job-draft"])
def test_posts_need_the_csrf_token(running_job, alice, name):
    """A form on another site can do nothing."""
    alice.handler.enforce_csrf_checks = True
    args = [running_job.pk] if name in JOB_PAGES else []
    assert alice.post(reverse(name, args=args)).status_code == 403


@pytest.mark.parametrize("name", ["job-live", "job-steps"])
def test_a_fragment_reloads_its_page_when_the_session_has_ended(client, running_job, name):
    """The sign-in page never appears inside another page."""
    reply = client.get(reverse(name, args=[running_job.pk]), headers={"HX-Request": "true"})
    assert (reply.status_code, reply["HX-Refresh"]) == (204, "true")
