"""Many small attempts or one strong model: one problem with both, side by side."""

import uuid

import pytest
from django.urls import reverse

from billing.books.wallet import balances
from jobs.core.states import JobState
from jobs.models import Comparison, Job
from solver.core.money import NANO_PER_CENT
from tests.support.people import SOLVED, make_comparison, make_job, workspace_of

GOOD = {"problem": "Use 3, 7, 12, 25 to make 58.", "budget": "0.05", "checker": "arithmetic"}
PAGES = ["job-compare-detail", "job-compare-live"]


def show(person, comparison, name="job-compare-detail", **query):
    return person.get(reverse(name, args=[comparison.pk]), query)


def test_both_ways_get_the_same_budget_and_different_models(alice):
    """Two jobs are made that differ in their model alone; both budgets leave the wallet."""
    before = balances(workspace_of(alice.user)).available_nano
    reply = alice.post(reverse("job-compare"), GOOD)
    made = Comparison.objects.get()
    assert reply.url == made.get_absolute_url()
    assert made.many_cheap.options["models"] == ["demo/intern"]
    assert made.few_strong.options["models"] == ["demo/expert"]
    assert {made.many_cheap.strategy, made.few_strong.strategy} == {"vote"}
    assert made.many_cheap.budget_nano == made.few_strong.budget_nano == 5 * NANO_PER_CENT
    assert made.many_cheap.checker == made.few_strong.checker
    assert balances(workspace_of(alice.user)).available_nano == before - 10 * NANO_PER_CENT


def test_a_form_that_is_sent_twice_is_one_comparison(alice):
    """A double click, a resubmit after going back: the same page, two jobs, two budgets, and a sentence about it."""
    before = balances(workspace_of(alice.user)).available_nano
    form = GOOD | {"draft": str(uuid.uuid4())}
    first = alice.post(reverse("job-compare"), form)
    again = alice.post(reverse("job-compare"), form)
    made = Comparison.objects.get()
    assert first.url == again.url == made.get_absolute_url()
    assert str(made.pk) == form["draft"]
    assert Job.objects.count() == 2
    assert balances(workspace_of(alice.user)).available_nano == before - 10 * NANO_PER_CENT
    assert "already started" in alice.get(again.url).content.decode()


@pytest.mark.parametrize("change", [{"budget": "0.25"}, {"confidence_target": "0.8"}, {"strategy": "refine"}])
def test_a_form_that_was_changed_after_it_was_sent_is_another_comparison(alice, change):
    """Who goes back and chooses something else wants something else."""
    form = GOOD | {"draft": str(uuid.uuid4())}
    alice.post(reverse("job-compare"), form)
    alice.post(reverse("job-compare"), form | change)
    assert Comparison.objects.count() == 2


def test_somebody_elses_form_id_makes_nothing(alice, charlie):
    """The id of a form is no way to see or to start anything of another's."""
    form = GOOD | {"draft": str(uuid.uuid4())}
    alice.post(reverse("job-compare"), form)
    assert charlie.post(reverse("job-compare"), form).status_code == 422
    assert Comparison.objects.count() == 1


def test_a_strategy_that_was_chosen_is_kept(alice):
    """Only the default gives way to votes; what an earlier release called knockout is swiss."""
    alice.post(reverse("job-compare"), GOOD | {"strategy": "knockout"})
    made = Comparison.objects.get()
    assert {made.many_cheap.strategy, made.few_strong.strategy} == {"swiss"}


def test_a_wallet_that_pays_for_one_way_only_makes_neither(alice):
    """All or nothing: no job, no charge, the text still in the form."""
    available = balances(workspace_of(alice.user)).available_nano
    budget = f"{(available // NANO_PER_CENT - 1) / 100:.2f}"
    reply = alice.post(reverse("job-compare"), GOOD | {"budget": "custom", "budget_custom": budget})
    assert reply.status_code == 422
    assert GOOD["problem"] in reply.content.decode()
    assert not Job.objects.exists()
    assert balances(workspace_of(alice.user)).available_nano == available


def test_one_model_cannot_be_compared(alice, settings):
    """The refusal says what to set; the form does not offer what it cannot do."""
    settings.PONDER_MODELS = ["demo/expert"]
    reply = alice.post(reverse("job-compare"), GOOD)
    assert reply.status_code == 422
    assert "PONDER_MODELS" in reply.content.decode()
    assert not Job.objects.exists()
    assert "Run both ways" not in alice.get(reverse("job-new")).content.decode()


def test_the_signed_out_keep_their_draft(client, db):
    """Signing in comes first, and what was typed is still there."""
    reply = client.post(reverse("job-compare"), GOOD)
    assert reply.url.startswith(reverse("account_login"))
    assert GOOD["problem"] in client.get(reverse("job-new")).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (SOLVED, "A checker confirmed both answers."),
        ({"answer": "1/2", "stop_reason": "confident", "checker": {}}, "Both gave the same answer."),
        ({"answer": "1/2", "stop_reason": "budget_reached"}, "Neither answer passed the check."),
        ({"answer": "", "stop_reason": "no_progress"}, "Neither model gave an answer."),
    ],
)
def test_the_verdict_says_which_model_was_cheaper(alice, fields, words):
    """Ended, both sides are compared in one sentence, their costs in another."""
    text = show(alice, make_comparison(alice.user, **fields)).content.decode()
    assert f"{words} The strong model cost 10.0 times as much as the cheap model." in text


@pytest.mark.parametrize(
    ("strong_nano", "words"),
    [
        (250_000_000, "Neither answer passed the check. Both cost about $0.25."),
        (255_000_000, "Neither answer passed the check. Both cost about $0.26."),
        (
            275_000_000,
            "Neither answer passed the check. The strong model cost 1.1 times as much as the cheap model.",
        ),
        (0, "Neither answer passed the check. The strong model cost nothing."),
    ],
)
def test_costs_that_are_about_equal_are_called_so(alice, strong_nano, words):
    """No side is called dearer by 1.0 times."""
    spent_nano = (250_000_000, strong_nano)
    made = make_comparison(alice.user, spent_nano=spent_nano, answer="1/2", stop_reason="budget_reached")
    assert words in show(alice, made).content.decode()


def test_an_answer_that_no_checker_can_prove_has_not_failed_a_check(alice):
    """A choice whose right option is unknown is compared like an open question."""
    checker = {"kind": "choice", "options": ["A", "B"]}
    made = make_comparison(alice.user, answer="A", stop_reason="confident", checker=checker)
    assert "Both gave the same answer." in show(alice, made).content.decode()


def test_a_side_without_an_answer_is_named(alice):
    """The reader need not look which side it was."""
    made = make_comparison(alice.user, answer="A", stop_reason="confident", checker={})
    Job.objects.filter(pk=made.few_strong.pk).update(answer="")
    assert "The strong model gave no answer." in show(alice, made).content.decode()


def test_equal_answers_in_different_spelling_are_the_same(alice):
    """Answers are compared by their canonical key."""
    made = make_comparison(alice.user, answer="1/2", stop_reason="confident", checker={})
    Job.objects.filter(pk=made.few_strong.pk).update(answer="0.5")
    assert "Both gave the same answer." in show(alice, made).content.decode()
    Job.objects.filter(pk=made.few_strong.pk).update(answer="0.6")
    assert "different answers" in show(alice, made).content.decode()


def test_the_live_part_follows_both_jobs(alice):
    """204 while nothing changes, the part when one side moves, 286 when both have ended."""
    made = make_comparison(alice.user, JobState.RUNNING)
    revision = show(alice, made).content.decode().split("?rev=")[1].split('"')[0]
    assert show(alice, made, "job-compare-live", rev=revision).status_code == 204
    Job.objects.filter(pk=made.many_cheap.pk).update(phase="Explore — 9 tries, 2 answers")
    assert show(alice, made, "job-compare-live", rev=revision).status_code == 200
    ended = make_comparison(alice.user, JobState.DONE)
    reply = show(alice, ended, "job-compare-live")
    assert (reply.status_code, "HX-Refresh" in reply) == (286, False)
    assert "hx-get" not in reply.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_gets_404(charlie, alice, name):
    """Someone else's comparison looks exactly like none."""
    made = make_comparison(alice.user)
    assert show(charlie, made, name).status_code == 404
    assert charlie.get(reverse(name, args=[uuid.uuid4()])).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_a_member_sees_it_and_the_signed_out_sign_in(bob, alice, client, name):
    """As for jobs."""
    made = make_comparison(alice.user, JobState.RUNNING)
    assert show(bob, made, name).status_code == 200
    assert show(client, made, name).status_code == 302


def test_a_job_leads_to_its_comparison(alice):
    """Each side's page links to both; a job of no comparison links to none."""
    made = make_comparison(alice.user)
    for job in (made.many_cheap, made.few_strong):
        assert made.get_absolute_url() in alice.get(job.get_absolute_url()).content.decode()
    alone = make_job(alice.user)
    assert "/jobs/compare/" not in alice.get(alone.get_absolute_url()).content.decode()
