"""“Was it right?”: what a person says of an answer teaches their own workspace, once, and can be changed."""

import pytest
from django.core.management import call_command

from jobs.core.options import JobOptions
from jobs.core.states import UserVerdict
from jobs.learning.counts import forget
from jobs.learning.learn import learn_due
from jobs.learning.report import verdicts
from jobs.lifecycle import raise_budget
from jobs.lifecycle.user_verdict import give_verdict
from jobs.models import Learned, Lesson
from jobs.upkeep.delete_texts import delete_texts
from solver.core.money import NANO_PER_CENT
from solver.learning.observations import BELIEVED, NEEDS_PROOF
from tests.support.endpoint import Answer
from tests.support.people import submit_for


@pytest.fixture
def answered(alice, workspace, endpoint, run_all):
    """A job without a checker whose attempts agree, taught as it ended."""
    endpoint.behaviour = lambda _: Answer("Answer: 42")
    job = submit_for(alice, "How many are 6 times 7?", strategy="vote", options=JobOptions(max_tries=2))
    run_all()
    job.refresh_from_db()
    learn_due()
    return job


def ability(*, shared: bool = False) -> dict:
    row = Learned.objects.filter(aspect="ability", workspace__isnull=shared).first()
    return row.stats if row else {}


def others() -> list:
    """What rests on nobody's word."""
    return list(
        Learned.objects.exclude(aspect__in=NEEDS_PROOF).order_by("pk").values("aspect", "stats", "jobs")
    )


def say(job, verdict) -> None:
    assert give_verdict(job_id=job.pk, verdict=verdict)
    learn_due()


def test_a_verdict_takes_the_place_of_what_was_taught(answered):
    """Each change replaces the earlier lesson; taken back, all is as it was; lengths and quotes stay untouched."""
    before, untouched = ability(), others()
    assert 0 < before["right"] < BELIEVED
    say(answered, UserVerdict.RIGHT)
    assert ability() == {"right": pytest.approx(BELIEVED), "wrong": pytest.approx(1 - BELIEVED)}
    say(answered, UserVerdict.WRONG)
    assert ability() == {"right": pytest.approx(1 - BELIEVED), "wrong": pytest.approx(BELIEVED)}
    for unknown in (UserVerdict.UNSURE, None):
        say(answered, unknown)
        assert ability() == pytest.approx(before)
    assert others() == untouched
    assert Learned.objects.get(aspect="ability").jobs == 1
    assert learn_due() == 0


def test_a_verdict_moves_no_other_workspace(answered, alice):
    """Not even that of a superuser, whose jobs teach all: a person's word is no proof."""
    alice.is_superuser = True
    alice.save()
    Learned.objects.all().delete()
    Lesson.objects.update(taught_at=None)
    assert give_verdict(job_id=answered.pk, verdict=UserVerdict.WRONG)
    learn_due()
    assert ability()["right"] == pytest.approx(1 - BELIEVED)
    assert ability(shared=True)["right"] == pytest.approx(answered.confidence)


def test_what_was_forgotten_or_deleted_is_not_taught_again(answered):
    """After a reset, or without the texts, a verdict is kept and changes no count."""
    forget()
    say(answered, UserVerdict.RIGHT)
    assert ability() == {}
    delete_texts(job_id=answered.pk)
    assert not give_verdict(job_id=answered.pk, verdict=UserVerdict.WRONG)
    assert not Lesson.objects.filter(is_stale=True).exists()


def test_a_continued_job_is_judged_anew(answered):
    """The verdict was about the answer so far; its lesson is taken back with it."""
    before = ability()
    say(answered, UserVerdict.WRONG)
    type(answered).objects.filter(pk=answered.pk).update(stop_reason="finished_by_user")
    raise_budget(job=answered, to_nano=5 * NANO_PER_CENT)
    answered.refresh_from_db()
    assert (answered.user_verdict, answered.user_verdict_at) == ("", None)
    learn_due()
    assert ability() == pytest.approx(before)


def test_the_terminal_says_and_shows_it(answered, capsys):
    """`manage.py verdict` and `manage.py learned` name it."""
    call_command("verdict", str(answered.pk), "right")
    call_command("verdict", str(answered.pk))
    assert capsys.readouterr().out == "Right\nRight\n"
    found = verdicts()
    assert (found.jobs, found.right_share, found.confidence) == (1, 1.0, answered.confidence)
    call_command("learned")
    assert "People judged 1 answers: 100% right" in capsys.readouterr().out
    call_command("verdict", str(answered.pk), "none")
    assert verdicts() is None
