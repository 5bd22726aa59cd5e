"""A job's question on its page: what a model wrote is text, each answer is a click or a line, old pages harm nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role
from jobs.core.states import JobState
from jobs.models import Job
from jobs.views.job_form.form_fields import fields_of_options
from tests.support import people
from tests.web.jobs.test_control import page_of, post


@pytest.fixture
def asking(alice) -> Job:
    until = timezone.now() + timedelta(days=1)
    return people.make_job(
        alice.user, JobState.ASKING, spent_cents=0, questions=[people.question()], next_at=until
    )


def test_the_question_is_text_with_its_answers_as_buttons(alice, asking):
    """Also on a page of its own; it is escaped, and says what happens without an answer."""
    for name in ("job-detail", "job-answer"):
        page = page_of(alice, asking, name)
        assert "In &lt;b&gt;which&lt;/b&gt; unit?" in page
        assert 'name="suggestion" value="Feet"' in page
        assert "the job goes on without" in page
    assert "Needs you" in page_of(alice, asking)
    assert 'data-dialog="pause-dialog"' not in page_of(alice, asking)
    assert 'http-equiv="refresh"' not in page_of(alice, asking)  # it would take away what is being typed


@pytest.mark.parametrize(
    ("typed", "hint", "how"),
    [
        ({"suggestion": "Feet", "answer": "not this"}, "Answer: Feet", "answered"),
        ({"answer": "Yards <or so>"}, "Answer: Yards <or so>", "answered"),
        ({"without": "1", "answer": "not this"}, "", "without"),
    ],
)
def test_an_answer_lets_the_job_go_on(alice, asking, typed, hint, how):
    """A suggested one, one's own, or none; a second click changes nothing."""
    assert "the job goes on" in post(alice, asking, "job-answer", number=1, **typed).content.decode()
    asking.refresh_from_db()
    assert (asking.state, asking.next_at, asking.questions[0]["how"]) == (JobState.QUEUED, None, how)
    assert [each["text"].splitlines()[-1] for each in asking.hints] == ([hint] if hint else [])
    again = post(alice, asking, "job-answer", number=1, answer="Inches").content.decode()
    assert "not open any more" in again
    asking.refresh_from_db()
    assert len(asking.hints) == bool(hint)


@pytest.mark.parametrize("typed", [{"number": 1, "answer": " "}, {"number": 1, "answer": "x" * 3_000}])
def test_an_answer_that_cannot_be_told_is_refused_and_kept(alice, asking, typed):
    """With what to do; the job goes on waiting."""
    reply = post(alice, asking, "job-answer", **typed)
    assert reply.status_code == 422
    assert 'role="alert"' in reply.content.decode()
    asking.refresh_from_db()
    assert asking.state == JobState.ASKING


@pytest.mark.parametrize("number", ["", "0", "2", "-1", "x", "9" * 5_000, "٣"])
def test_an_answer_to_no_open_question_changes_nothing(alice, asking, number):
    """Whatever a page sends as its number."""
    assert (
        "not open any more" in post(alice, asking, "job-answer", number=number, answer="x").content.decode()
    )
    asking.refresh_from_db()
    assert asking.state == JobState.ASKING


def test_a_price_is_allowed_or_not(alice):
    """It is named with the step; no ends the job."""
    question = people.question(
        text="", suggestions=[], cost_nano=1_500_000_000, purpose="Attempt", model="demo/expert"
    )
    job = people.make_job(alice.user, JobState.ASKING, questions=[question])
    assert "The next step may cost up to $1.50 (Attempt by demo/expert). Go on?" in page_of(alice, job)
    post(alice, job, "job-answer", number=1, answer="no")
    job.refresh_from_db()
    assert (job.state, job.wanted) == (JobState.QUEUED, "finish")


def test_a_viewer_sees_the_question_and_no_button(bob, asking):
    """Only who may act in the workspace answers."""
    Membership.objects.filter(user=bob.user).update(role=Role.VIEWER)
    page = page_of(bob, asking)
    assert "unit?" in page
    assert "Members of the workspace can answer it" in page
    assert 'name="suggestion"' not in page


def test_what_to_be_asked_is_chosen_on_the_form_and_kept_for_another_run(alice):
    """The options go along to the job; run again, the form says the same."""
    form = {
        "problem": "How long?",
        "budget": "0.05",
        "asks_first": "1",
        "ask_above": "0.02",
        "answer_within": "3600",
    }
    assert alice.post(reverse("job-new"), form).status_code == 302
    job = Job.objects.get()
    chosen = {name: job.options[name] for name in ("asks_first", "ask_above_nano", "answer_within_s")}
    assert chosen == {"asks_first": True, "ask_above_nano": 20_000_000, "answer_within_s": 3_600}
    kept = fields_of_options(job)
    assert (kept["asks_first"], kept["ask_above"], kept["answer_within"]) == ("1", "0.02", "3600")
    page = alice.get(f"{reverse('job-new')}?from={job.pk}").content.decode()
    assert 'name="asks_first" id="id_asks_first" value="1" checked' in page
    quoted = alice.post(reverse("job-quote"), form).content.decode()
    assert "it waits for an hour, at no cost" in quoted
    for wrong in ({"ask_above": "much"}, {"ask_above": "0"}, {"answer_within": "5"}):
        assert alice.post(reverse("job-new"), form | wrong).status_code == 422
