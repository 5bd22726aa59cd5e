"""Learning: each finished version of a job teaches once, posteriors plan and can break nothing."""

import math
import threading

import pytest
from django.core.management import call_command
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.learning import learn as learning
from jobs.learning.counts import forget
from jobs.learning.learn import learn_due
from jobs.learning.lookup import informed_panel
from jobs.lifecycle import raise_budget
from jobs.lifecycle.submission.panel import build_panel
from jobs.models import Job, JobQuote, Learned, Lesson, StepRecord
from jobs.upkeep.delete_texts import delete_texts
from solver.checkers.number import Number
from solver.core.models import ModelCard
from solver.core.money import NANO_PER_CENT
from solver.core.problem.statement import Problem
from solver.learning.observations import Aspect
from tests.jobs.conftest import undecided
from tests.support.endpoint import Answer
from tests.support.people import submit_for

CHECKER = Number("42")


def submit(alice, workspace, **fields) -> Job:
    arguments = {"problem": "What is 6 times 7?", "budget_nano": NANO_PER_CENT, "checker": CHECKER} | fields
    return submit_for(alice, **arguments)


@pytest.fixture
def solved(alice, workspace, endpoint, run_all):
    """A job that a checker ended."""
    endpoint.behaviour = lambda _: Answer("Six sevens.\nAnswer: 42")
    job = submit(alice, workspace)
    run_all()
    job.refresh_from_db()
    assert job.stop_reason == "solved"
    return job


def stats(aspect: str) -> dict:
    """What a workspace's own jobs taught."""
    row = Learned.objects.filter(aspect=aspect).exclude(workspace=None).first()
    return row.stats if row else {}


def test_a_finished_job_teaches_once(solved):
    """Ability, lengths, times, strategy and quote, each counted as one job, however often it is asked for."""
    assert learn_due() == 1
    assert stats("ability") == {"right": 1.0}
    assert stats("strategy") == {"checked_won": 1.0}
    assert sum(stats("output").values()) == pytest.approx(1.0)
    assert sum(stats("seconds").values()) == pytest.approx(1.0)
    assert stats("quote")["checked_jobs"] == 1.0
    before = list(Learned.objects.order_by("pk").values())
    assert learn_due() == 0
    assert list(Learned.objects.order_by("pk").values()) == before
    assert JobQuote.objects.get(job=solved).won


def test_a_crash_neither_loses_nor_doubles_a_lesson(solved, monkeypatch):
    """What dies after the counts were written and before the mark leaves neither; the next worker learns it whole."""
    real = Lesson.save

    def die(self, *args, **kwargs):
        if self.taught_at:
            raise KeyboardInterrupt
        real(self, *args, **kwargs)

    monkeypatch.setattr(Lesson, "save", die)
    with pytest.raises(KeyboardInterrupt):
        learn_due()
    assert not Learned.objects.exists()
    monkeypatch.setattr(Lesson, "save", real)
    assert learn_due() == 1
    assert stats("strategy") == {"checked_won": 1.0}


def test_many_workers_learn_each_lesson_once(solved):
    """Eight threads, twenty lessons: twenty counts."""
    Lesson.objects.all().delete()
    for _ in range(20):
        copy = Job.objects.get(pk=solved.pk)
        copy.pk = None
        copy.save(force_insert=True)
        learning.set_lesson(copy, answer_key="num:42")

    def work():
        try:
            while learn_due():
                pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = Learned.objects.get(aspect=Aspect.STRATEGY, workspace=solved.workspace)
    assert (row.stats, row.jobs) == ({"checked_won": 20.0}, 20)
    assert not Lesson.objects.filter(taught_at=None).exists()
    Job.objects.exclude(pk=solved.pk).delete()


def test_an_odd_lesson_does_not_hold_up_the_others(solved, monkeypatch):
    """It is given up after some attempts, and says why."""
    monkeypatch.setattr(learning, "count_updates_of", lambda _: 1 / 0)
    for _ in range(6):
        learn_due()
    lesson = Lesson.objects.get()
    assert lesson.taught_at
    assert "ZeroDivisionError" in lesson.error
    assert not Learned.objects.exists()


def test_what_was_learned_informs_the_next_job_and_is_pinned(solved, alice, workspace):
    """The next job's card holds the posterior; what is learned later does not change a job that has begun."""
    [before] = build_panel()
    learn_due()
    job = submit(alice, workspace)
    [card] = [ModelCard.from_json(each) for each in job.pinned["panel"]]
    assert card.ability_for("number") > before.ability_for("number")
    assert card.output.q50 < before.output.q50
    job.refresh_from_db()
    pinned = job.pinned
    forget()
    job.refresh_from_db()
    assert job.pinned == pinned
    [after] = informed_panel(build_panel(), Problem("?", kind="number"), workspace=workspace)
    assert after.ability_for("number") == pytest.approx(before.ability_for("number"))


def test_a_wrong_answer_counts_against_the_model(alice, workspace, endpoint, run_all):
    """The checker's no is a lesson too."""
    endpoint.behaviour = lambda _: Answer("Answer: 41")
    submit(alice, workspace)
    run_all()
    learn_due()
    assert stats("ability") == {"wrong": 1.0}
    assert stats("strategy") == {"checked_lost": 1.0}


def test_tries_at_parts_teach_nothing_of_the_whole(alice, workspace, endpoint, run_all):
    """A job that was split and whose answers are all right teaches that its model was right, once."""

    def behave(call):
        if "<part>" in call.prompt:
            return Answer("<part>What is 3 times 7?</part><part>What is 2 times 21?</part>")
        combining = "The problem was split" in call.prompt
        return Answer(
            f"Answer: {42 if '6 times 7' in call.prompt else 21}", delay_s=0.5 if combining else 0.0
        )

    endpoint.behaviour = behave
    job = submit(alice, workspace, strategy="decompose", budget_nano=50 * NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert job.stop_reason == "solved"
    assert StepRecord.objects.filter(job=job, subproblem=True, state="told").exists()
    learn_due()
    assert stats("ability") == {"right": 1.0}
    assert sum(stats("output").values()) == pytest.approx(1.0)


def test_only_the_first_version_teaches_ability(alice, workspace, endpoint, run_all):
    """Tries of a raised job came only because those before failed; their lengths count all the same."""
    endpoint.behaviour = undecided
    job = submit(alice, workspace, checker=None, problem="Undecidable?", strategy="vote")
    run_all()
    learn_due()
    before = stats("ability")
    assert before["wrong"] > 0.5
    endpoint.behaviour = lambda _: Answer("Answer: 42")
    raise_budget(job=job, to_nano=5 * NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert (job.version, job.stop_reason, job.answer) == (2, "no_progress", "42")
    assert learn_due() == 1
    assert stats("ability") == before
    assert sum(stats("output").values()) == pytest.approx(2.0)


def test_a_lesson_keeps_which_answer_won_and_no_word_of_it(alice, workspace, endpoint, run_all):
    """Tries that agree with the answer are found by its key, however the answer that is shown was worded."""
    endpoint.behaviour = lambda call: Answer("Answer: 42" if call.number % 2 else "Answer: 42.0")
    submit(alice, workspace, checker=None, strategy="vote")
    run_all()
    job = Job.objects.get()
    assert job.stop_reason == "confident"
    assert job.answer not in Lesson.objects.get().ended.values()
    StepRecord.objects.filter(answer=job.answer).update(answer="forty-two")
    learn_due()
    assert stats("ability")["right"] == pytest.approx(job.confidence)


def test_a_job_whose_texts_were_deleted_teaches_nothing(solved):
    """Without its texts nobody knows what was right; that nothing can be read is not a wrong answer."""
    delete_texts(job_id=solved.pk)
    assert learn_due() == 1
    assert stats("ability") == {}
    assert Lesson.objects.get().taught_at


absurd = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(lambda x: x if math.isfinite(x) else 1e308),
    st.integers(-(10**30), 10**30),
    st.text(max_size=5).filter(lambda text: "\x00" not in text),
    st.none(),
    st.lists(st.integers(), max_size=2),
)
names = st.sampled_from(
    ["right", "wrong", "seen:1", "seen:-200", "seen:999", "cut:70", "seen:x", "pass_right", "fail_wrong", "better_wrong",
     "checked_cost_p90", "open_win", "checked_jobs", "checked_time_high", "seen:60"]
)  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_absurd_lessons_break_no_promise(data, host, alice, workspace, endpoint, run_all):
    """Whatever stands in the store, jobs are quoted within the budget, charge no more than it, and end with an answer."""
    endpoint.behaviour = lambda _: Answer("Answer: 42")
    Learned.objects.all().delete()
    for aspect in Aspect:
        subject = "vote" if aspect in {Aspect.STRATEGY, Aspect.QUOTE} else "openai/test"
        counts = data.draw(st.dictionaries(names, absurd, max_size=6))
        for owner in (workspace, None):
            Learned.objects.create(
                workspace=owner, aspect=aspect, subject=subject, kind="number", stats=counts
            )
    checker = data.draw(st.sampled_from([CHECKER, None]))
    job = submit(alice, workspace, problem="How many are 6 times 7?", checker=checker, strategy="vote")
    quote = JobQuote.objects.get(job=job)
    assert 0 <= quote.cost_p10_nano <= quote.cost_p50_nano <= quote.cost_p90_nano <= job.budget_nano
    run_all()
    job.refresh_from_db()
    assert job.has_ended
    assert job.answer == "42"
    assert job.charged_nano <= job.budget_nano
    learn_due()
    assert not Lesson.objects.filter(job=job, taught_at=None).exists()
    assert not Lesson.objects.exclude(error="").exists()


def test_the_command_shows_and_forgets(solved, capsys):
    """`manage.py learned` lists posteriors; --reset empties one model's, and old lessons do not come back."""
    learn_due()
    call_command("learned")
    said = capsys.readouterr().out
    assert "openai/test" in said
    assert "ability" in said
    call_command("learned", "--reset", "openai/test", "number")
    assert "Forgotten" in capsys.readouterr().out
    learn_due()
    assert stats("ability") == {}
    assert stats("strategy") == {"checked_won": 1.0}
