"""The buttons of a job's page: each says what happens to the money, acts once, and copes with an old page."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs.core.states import JobState
from jobs.models import Job
from tests.support import people
from tests.support.people import make_job


def page_of(person, job, name="job-detail"):
    return person.get(reverse(name, args=[job.pk])).content.decode()


def post(person, job, name, **data):
    return person.post(reverse(name, args=[job.pk]), data, follow=True)


@pytest.fixture
def exhausted_job(alice):
    return make_job(alice.user, JobState.EXHAUSTED, spent_cents=5, **people.SOLVED)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("job-pause", "A paused job costs nothing"),
        ("job-raise", "We reserve what the new budget adds"),
        ("job-hint", "at no cost of its own"),
        ("job-finish", "returns to your wallet"),
        ("job-cancel", "returns to your wallet"),
    ],
)
def test_each_action_says_what_happens_to_the_money(alice, running_job, name, words):
    """On the page (as a dialog) and on a page of its own, which needs no script."""
    assert words in page_of(alice, running_job)
    assert words in page_of(alice, running_job, name)


def test_pausing_and_resuming(alice, running_job):
    """The page says that it pauses; a paused job offers to resume and names what stays reserved."""
    assert "Pausing" in post(alice, running_job, "job-pause").content.decode()
    running_job.refresh_from_db()
    assert running_job.wanted == "pause"
    Job.objects.filter(pk=running_job.pk).update(state=JobState.PAUSED, lease_until=None)
    text = page_of(alice, running_job)
    assert "While it is paused it costs nothing" in text
    assert "Resume the job" in text
    post(alice, running_job, "job-resume")
    running_job.refresh_from_db()
    assert (running_job.state, running_job.wanted) == (JobState.QUEUED, "run")


@pytest.mark.parametrize("name", ["job-pause", "job-resume", "job-finish", "job-cancel"])
def test_a_click_on_an_old_page_says_so(alice, done_job, name):
    """Nothing changes, and the message says why."""
    assert "has already ended; nothing was changed" in post(alice, done_job, name).content.decode()
    done_job.refresh_from_db()
    assert (done_job.state, done_job.wanted) == ("done", "run")


def test_a_second_click_is_harmless(alice, running_job):
    """The first one counts."""
    post(alice, running_job, "job-cancel")
    assert "being cancelled" in post(alice, running_job, "job-cancel").content.decode()
    assert "being cancelled" in post(alice, running_job, "job-pause").content.decode()
    running_job.refresh_from_db()
    assert running_job.wanted == "cancel"


@pytest.mark.parametrize("name", ["job-pause", "job-resume", "job-raise"])
def test_a_get_changes_nothing(alice, running_job, name):
    """A link that is opened twice, or by a machine, does no harm."""
    assert alice.get(reverse(name, args=[running_job.pk])).status_code == 200
    running_job.refresh_from_db()
    assert (running_job.state, running_job.wanted, running_job.budget_nano) == (
        "running",
        "run",
        5_000_000_000,
    )


def test_the_head_comes_along_when_other_buttons_belong_in_it(alice, running_job):
    """A job that was paused elsewhere shows Resume, without a reload that would close what is open."""
    offers = page_of(alice, running_job).split('{"offers": "')[1].split('"')[0]
    address = reverse("job-live", args=[running_job.pk])
    assert "job-actions" not in alice.get(address, {"offers": offers}).content.decode()
    Job.objects.filter(pk=running_job.pk).update(wanted="pause")
    text = alice.get(address, {"offers": offers}).content.decode()
    assert 'hx-swap-oob="true"' in text
    assert 'id="resume-dialog"' in text or "/resume/" in text


def test_a_budget_is_raised_to_one_of_the_amounts_or_another(alice):
    """A queued job: the chips offer more than the budget; what is typed counts where Other is chosen."""
    client = alice
    client.post(reverse("job-new"), {"problem": people.PROBLEM, "budget": "0.05", "checker": "arithmetic"})
    job = Job.objects.get()
    text = page_of(alice, job, "job-raise")
    assert 'value="0.10" checked' in text or 'value="0.1" checked' in text
    assert "now $0.10" in post(alice, job, "job-raise", budget="0.10").content.decode()
    post(alice, job, "job-raise", budget="custom", budget_custom="0.37")
    job.refresh_from_db()
    assert job.budget_nano == 370_000_000
    assert job.escrow.balance_nano == 370_000_000


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "empty"), ("lots", "not an amount"), ("0.001", "whole cents"), ("999999", "out of range")],
)
def test_a_bad_amount_is_refused_beside_its_field(alice, running_job, typed, words):
    """The form stays, with what was typed."""
    reply = post(alice, running_job, "job-raise", budget="custom", budget_custom=typed)
    assert reply.status_code == 422
    assert words in reply.content.decode()
    running_job.refresh_from_db()
    assert running_job.budget_nano == 5_000_000_000


def test_an_exhausted_job_offers_to_continue(alice, exhausted_job, done_job):
    """Its page holds the form; a solved job's does not."""
    assert "Raise and continue" in page_of(alice, exhausted_job)
    assert "Raise and continue" not in page_of(alice, done_job)


def test_a_scheduled_job_says_when_it_starts(alice):
    """Scheduled, with its money reserved; it can be started now or cancelled for nothing."""
    soon = timezone.now() + timedelta(hours=2)
    job = make_job(alice.user, JobState.QUEUED, spent_cents=0, not_before_at=soon, next_at=soon)
    text = page_of(alice, job)
    assert "Scheduled" in text
    assert "Start the job now" in text
    assert "the whole budget of $0.05 returns" in text
    assert "Scheduled" in alice.get(reverse("job-list")).content.decode()


def test_a_deadline_is_shown(alice):
    """While it lies ahead."""
    job = make_job(alice.user, JobState.RUNNING, deadline_at=timezone.now() + timedelta(hours=2))
    assert "It stops" in page_of(alice, job)


def test_a_rerun_shows_where_it_comes_from(alice, done_job):
    """The new job links to the earlier one and back; the earlier one is untouched."""
    alice.post(
        reverse("job-new"),
        {"problem": people.PROBLEM, "budget": "0.05", "checker": "arithmetic", "from": str(done_job.pk)},
    )
    rerun = Job.objects.exclude(pk=done_job.pk).get()
    assert rerun.parent == done_job
    assert done_job.get_absolute_url() in page_of(alice, rerun)
    assert rerun.get_absolute_url() in page_of(alice, done_job)


def test_a_rerun_of_a_foreign_job_has_no_parent(charlie, done_job):
    """An id that is guessed names nothing."""
    charlie.post(
        reverse("job-new"),
        {"problem": people.PROBLEM, "budget": "0.05", "checker": "arithmetic", "from": str(done_job.pk)},
    )
    assert Job.objects.get(created_by=charlie.user).parent is None


def test_a_continued_job_shows_its_earlier_answer_until_there_is_a_better_one(alice):
    """What was delivered does not vanish."""
    job = make_job(alice.user, JobState.RUNNING, version=2, **people.SOLVED)
    assert people.SOLVED["answer"] in page_of(alice, job)


def test_a_hint_that_comes_too_late_is_given_back(alice):
    """With what to do instead; what was typed is not lost."""
    job = make_job(alice.user, JobState.DONE, **people.SOLVED)
    late = post(alice, job, "job-hint", text="It is <odd>.", earlier="keep")
    assert late.status_code == 422
    text = late.content.decode()
    assert "It is &lt;odd&gt;." in text
    assert "Ask a follow-up question instead" in text


def test_a_hint_is_added_and_shown(alice, running_job):
    """Beside the problem, with what became of it; what is wrong with one is said beside its field."""
    text = post(alice, running_job, "job-hint", text="It is <odd>.", earlier="drop").content.decode()
    assert "every call from now on is told it" in text
    assert "It is &lt;odd&gt;." in text
    assert "started afresh; waits for the next call" in text
    running_job.refresh_from_db()
    assert [(hint["text"], hint["starts_afresh"]) for hint in running_job.hints] == [("It is <odd>.", True)]
    refused = post(alice, running_job, "job-hint", text=" ", earlier="keep")
    assert (refused.status_code, "Write what the next attempts should know" in refused.content.decode()) == (
        422,
        True,
    )
