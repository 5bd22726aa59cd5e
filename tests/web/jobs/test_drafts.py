"""Drafts, jobs that wait for money, and the two times of the form."""

import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.books.wallet import balances, grant
from jobs.core.states import JobState
from jobs.lifecycle.saved.drafts import MOST_DRAFTS
from jobs.models import Job
from solver.core.money import NANO_PER_USD
from tests.support.people import workspace_of

FIELDS = {"problem": "Is every even number a sum of two primes?", "budget": "5", "checker": ""}


def keep(person, draft_id=None, **changes):
    draft_id = draft_id or uuid.uuid4()
    reply = person.post(reverse("job-draft"), FIELDS | {"draft": str(draft_id)} | changes)
    return draft_id, reply.status_code


def form_of(person, **query):
    return person.get(reverse("job-new"), query).content.decode()


def test_a_draft_is_there_on_return(alice):
    """Whatever was typed, as it was typed, also on another device; nothing is charged."""
    before = balances(workspace_of(alice.user))
    keep(alice, budget="custom", budget_custom="so", deadline="2031-05-17T14:30")
    text = form_of(alice)
    assert FIELDS["problem"] in text
    assert 'value="so"' in text
    assert 'value="2031-05-17T14:30"' in text
    assert balances(workspace_of(alice.user)) == before
    assert "Draft" in alice.get(reverse("job-list")).content.decode()


def test_a_draft_keeps_all_chosen_models(alice):
    """Boxes are kept like any other field; a strategy that an earlier release had is chosen by its present name."""
    keep(alice, models=["demo/intern", "demo/expert"], strategy="knockout")
    text = form_of(alice)
    assert re.search(r'name="strategy" value="swiss"[^>]* checked>', text)
    assert 'value="demo/intern" checked' in text
    assert 'value="demo/expert" checked' in text


def test_a_draft_grows_and_goes(alice):
    """The same form keeps one draft; an empty problem, or the button, deletes it."""
    draft_id, _ = keep(alice)
    keep(alice, draft_id, problem="Something else")
    assert Job.objects.get().problem == "Something else"
    keep(alice, draft_id, problem=" ")
    assert not Job.objects.exists()
    keep(alice, draft_id)
    reply = alice.post(reverse("job-draft-delete", args=[draft_id]), follow=True)
    assert "The draft was deleted" in reply.content.decode()
    assert not Job.objects.exists()
    assert alice.post(reverse("job-draft-delete", args=[draft_id])).status_code == 404


def test_two_tabs_do_not_overwrite_each_others_draft(alice):
    """The second tab is told, and goes on as a draft of its own."""
    draft_id = str(uuid.uuid4())
    fields = FIELDS | {"draft": draft_id, "problem": "First tab"}
    first = alice.post(reverse("job-draft"), fields)["X-Draft-Revision"]
    again = alice.post(reverse("job-draft"), fields | {"draft_revision": first})
    assert again.status_code == 204
    late = alice.post(reverse("job-draft"), fields | {"problem": "Second tab", "draft_revision": first})
    assert late.status_code == 412
    assert late["X-New-Draft"] != draft_id
    assert Job.objects.get().problem == "First tab"


def test_starting_a_draft_makes_it_the_job(alice):
    """The draft becomes the job; a late keystroke or a second click changes nothing."""
    draft_id, _ = keep(alice)
    started = FIELDS | {"budget": "0.05", "draft": str(draft_id)}
    first = alice.post(reverse("job-new"), started)
    second = alice.post(reverse("job-new"), started)
    assert first.url == second.url
    job = Job.objects.get()
    assert (job.pk, job.state) == (draft_id, JobState.QUEUED)
    assert keep(alice, draft_id, problem="too late")[1] == 409
    job.refresh_from_db()
    assert job.problem == FIELDS["problem"]
    assert FIELDS["problem"] not in form_of(alice)


def test_the_same_form_with_other_words_is_another_job(alice):
    """Back, change, Start: what was started stays as it is, and nothing typed is dropped."""
    draft_id = uuid.uuid4()
    started = FIELDS | {"budget": "0.05", "draft": str(draft_id)}
    alice.post(reverse("job-new"), started)
    alice.post(reverse("job-new"), started | {"problem": "Another?"})
    assert set(Job.objects.values_list("problem", flat=True)) == {FIELDS["problem"], "Another?"}


def test_drafts_are_private(alice, bob, charlie):
    """A stranger gets 404; a colleague of the workspace does not see what is not finished."""
    draft_id, _ = keep(alice)
    for person in (bob, charlie):
        assert person.get(reverse("job-new"), {"draft": str(draft_id)}).status_code == 404
        assert person.post(reverse("job-draft-delete", args=[draft_id])).status_code == 404
        assert keep(person, draft_id, problem="mine now")[1] == 409
        assert FIELDS["problem"] not in person.get(reverse("job-list")).content.decode()
        assert FIELDS["problem"] not in form_of(person)
    assert Job.objects.get().problem == FIELDS["problem"]


def test_a_foreign_draft_cannot_be_started(alice, charlie):
    """An id of someone else's makes no job and says so."""
    draft_id, _ = keep(alice)
    reply = charlie.post(reverse("job-new"), FIELDS | {"budget": "0.05", "draft": str(draft_id)})
    assert reply.status_code == 422
    assert Job.objects.get().state == JobState.DRAFT


def test_only_so_many_drafts_are_kept(alice):
    """The oldest goes."""
    first, _ = keep(alice)
    for _ in range(MOST_DRAFTS):
        keep(alice)
    assert Job.objects.count() == MOST_DRAFTS
    assert not Job.objects.filter(pk=first).exists()


@pytest.mark.parametrize("text", ["a\x00b", "x" * 300_000])
def test_a_draft_takes_any_text(alice, text):
    """What cannot be submitted can still be kept, as far as it can be stored."""
    assert keep(alice, problem=text)[1] == 204


def test_too_little_money_offers_to_start_when_paid(alice):
    """The refusal stays; beside it stands the choice, which charges nothing."""
    before = balances(workspace_of(alice.user))
    reply = alice.post(reverse("job-new"), FIELDS | {"budget": "20"})
    assert reply.status_code == 422
    assert "Save and start when paid" in reply.content.decode()
    reply = alice.post(reverse("job-new"), FIELDS | {"budget": "20", "when_paid": "1"}, follow=True)
    job = Job.objects.get()
    assert job.state == JobState.AWAITING_PAYMENT
    text = reply.content.decode()
    assert "Awaiting payment" in text
    assert reverse("wallet") in text
    assert balances(workspace_of(alice.user)) == before
    grant(workspace=workspace_of(alice.user), amount_nano=20 * NANO_PER_USD, by=None, reason="paid")


def test_a_job_that_waits_for_money_is_cancelled_at_once(alice):
    """Its page says that nothing was charged, and its receipt that nothing returned: no money had left the wallet."""
    alice.post(reverse("job-new"), FIELDS | {"budget": "20", "when_paid": "1"})
    job = Job.objects.get()
    assert "You have not been charged" in alice.get(reverse("job-cancel", args=[job.pk])).content.decode()
    page = alice.post(reverse("job-cancel", args=[job.pk]), follow=True).content.decode()
    assert "calls in progress" not in page
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    receipt = alice.get(job.get_absolute_url()).content.decode()
    assert '<dt class="total">Returned</dt><dd class="total">$0.00</dd>' in receipt
    export = alice.get(reverse("job-export-json", args=[job.pk]))
    assert json.loads(export.getvalue())["returned_usd"] == "0.00"


def test_times_are_read_in_the_persons_own_zone(alice):
    """What the browser says counts; the page shows it back in any zone."""
    day = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%d")
    times = {"not_before": f"{day}T08:00", "deadline": f"{day}T20:00", "time_zone": "Asia/Tokyo"}
    alice.post(reverse("job-new"), FIELDS | {"budget": "0.05"} | times)
    job = Job.objects.get()
    assert job.not_before_at == datetime.fromisoformat(f"{day}T08:00+09:00")
    assert job.deadline_at == datetime.fromisoformat(f"{day}T20:00+09:00")
    assert job.next_at == job.not_before_at
    assert job.not_before_at.tzinfo == UTC


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"deadline": "tomorrow"}, "is not a date and time"),
        ({"deadline": "2001-01-01T00:00"}, "leaves no time"),
        ({"not_before": "2199-01-01T00:00"}, "days ahead"),
        ({"deadline": "0001-01-01T00:00", "time_zone": "../etc/passwd"}, "time"),
    ],
)
def test_a_time_that_cannot_be_is_refused_beside_its_field(alice, times, words):
    """Nothing is made; the words say what to do."""
    reply = alice.post(reverse("job-new"), FIELDS | {"budget": "0.05"} | times)
    assert reply.status_code == 422
    assert words in reply.content.decode()
    assert not Job.objects.exists()
