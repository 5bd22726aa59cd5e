"""What one workspace teaches moves another's quotes and confidence by little, however much it teaches."""

import importlib
import uuid
from typing import NamedTuple

import pytest
from django.apps import apps
from django.core.management import call_command

from accounts.models import User, Workspace
from accounts.services import ensure_personal_workspace
from billing.books.wallet import grant
from jobs.core.options import JobOptions
from jobs.learning.learn import learn_due, set_lesson
from jobs.lifecycle import quote_job
from jobs.models import Job, JobQuote, Learned, StepRecord
from solver.checkers.arithmetic import Arithmetic
from solver.checkers.number import Number
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from tests.support.endpoint import Answer
from tests.support.people import submit_for

PROBLEM = "How many are 6 times 7?"
ASKED = {"checker": Number("42"), "budget_nano": 5 * NANO_PER_CENT}
ATTEMPT_NANO = NANO_PER_CENT // 20
FEW = {"strategy": "vote", "options": JobOptions(max_tries=2), "budget_nano": NANO_PER_CENT}


class Tenant(NamedTuple):
    user: User
    workspace: Workspace


def tenant(name: str, **fields) -> Tenant:
    user = User.objects.create_user(f"{name}@example.org", **fields)
    workspace = ensure_personal_workspace(user)
    grant(workspace=workspace, amount_nano=100 * NANO_PER_USD, by=user, reason="test")
    return Tenant(user, workspace)


def ask(who: Tenant, run_all, *, jobs: int = 1, **fields) -> Job:
    """Run a job to its end and learn from it, and from copies of it as if so many jobs had gone alike; return it."""
    job = submit_for(who.user, **{"problem": PROBLEM, **FEW, **fields})
    run_all()
    job.refresh_from_db()
    copies = [copied(job) for _ in range(jobs - 1)]
    assert learn_due() == jobs
    # No money stands behind them, so the books must not see them.
    Job.objects.filter(pk__in=copies).delete()
    return job


def copied(job: Job) -> uuid.UUID:
    """Write down another job that went alike, with its lesson, and return its id."""
    copy, quote = Job.objects.get(pk=job.pk), JobQuote.objects.get(job=job)
    copy.pk = uuid.uuid4()
    copy.save(force_insert=True)
    steps = list(StepRecord.objects.filter(job=job))
    for step in steps:
        step.pk, step.job = uuid.uuid4(), copy
    StepRecord.objects.bulk_create(steps)
    quote.pk, quote.job = None, copy
    quote.save(force_insert=True)
    set_lesson(copy, answer_key="num:42")
    return copy.pk


class Told(NamedTuple):
    """What a tenant is told before and after a job."""

    cost_p50_nano: int
    cost_p90_nano: int
    win_probability: float
    confidence: float


def told(name: str, run_all) -> Told:
    """Return what a newcomer is told, of whom nothing was learned yet."""
    newcomer = tenant(name)
    quote = quote_job(problem=PROBLEM, workspace=newcomer.workspace, **ASKED).quote
    job = ask(newcomer, run_all)
    return Told(quote.cost_p50_nano, quote.cost_p90_nano, quote.win_probability, job.confidence)


def assert_about_the_same(before: Told, after: Told) -> None:
    """A tenth of the costs (or one attempt, where they are of a handful), a twentieth of the probabilities."""
    assert after.cost_p50_nano == pytest.approx(before.cost_p50_nano, rel=0.1, abs=ATTEMPT_NANO)
    assert after.cost_p90_nano == pytest.approx(before.cost_p90_nano, rel=0.1)
    assert after.win_probability == pytest.approx(before.win_probability, abs=0.05)
    assert after.confidence == pytest.approx(before.confidence, abs=0.05)


@pytest.fixture
def mallory(prices, endpoint) -> Tenant:
    return tenant("mallory")


def test_wrong_expected_values_do_not_move_another_workspace(mallory, run_all):
    """Whoever types wrong expected values makes the models look weak to itself alone."""
    before = told("bob", run_all)
    ask(mallory, run_all, jobs=80, checker=Number("999"))
    assert_about_the_same(before, told("carol", run_all))
    quotes = [quote_job(problem=PROBLEM, workspace=each, **ASKED).quote for each in (mallory.workspace, None)]
    # Its replies turned out to be far shorter than was assumed, and yet it expects to pay more: for many more attempts.
    assert quotes[0].cost_p50_nano > 1.2 * quotes[1].cost_p50_nano
    assert quotes[0].tries_high > 5 * quotes[1].tries_high


def test_trivial_jobs_do_not_make_another_workspace_sure(mallory, endpoint, run_all):
    """Confidence is not bought with problems that every model solves."""
    before = told("bob", run_all)
    ask(mallory, run_all, jobs=20, checker=Number("42"))
    assert_about_the_same(before, told("carol", run_all))


@pytest.mark.parametrize("right", [True, False])
def test_what_is_proven_by_computation_counts_for_others_a_little(mallory, endpoint, run_all, right):
    """A checker that computes may teach others, yet one workspace never moves them by more than its share."""
    endpoint.behaviour = lambda _: Answer("Answer: 6 * 7" if right else "Answer: 6 + 7")
    puzzle = {
        "problem": "Use 6, 7 to make 42.",
        "checker": Arithmetic((6, 7), 42),
    }
    newcomer = tenant("carol")
    asked = {**puzzle, "budget_nano": 5 * NANO_PER_CENT, "workspace": newcomer.workspace}
    before = quote_job(**asked).quote
    ask(mallory, run_all, jobs=10, **puzzle)
    after = quote_job(**asked).quote
    assert after.cost_p50_nano == pytest.approx(before.cost_p50_nano, rel=0.1)
    assert after.win_probability == pytest.approx(before.win_probability, abs=0.05)


def test_the_operators_jobs_are_taken_at_their_word(prices, endpoint, run_all, capsys):
    """Benches of the operator teach everybody in full, and staff see who taught what."""
    operator, newcomer = tenant("operator", is_staff=True, is_superuser=True), tenant("carol")
    asked = {**ASKED, "problem": PROBLEM}
    before = quote_job(**asked, workspace=newcomer.workspace).quote
    ask(operator, run_all, jobs=8, checker=ASKED["checker"])
    after = quote_job(**asked, workspace=newcomer.workspace).quote
    assert after.cost_p90_nano < 0.8 * before.cost_p90_nano
    shared = Learned.objects.get(workspace=None, aspect="ability")
    assert shared.stats == {"right": pytest.approx(8.0)}
    call_command("learned")
    assert f"(shared: {operator.workspace} #{operator.workspace.pk} 100%)" in capsys.readouterr().out


def test_sharing_can_be_turned_off(settings, mallory, run_all):
    """Then each workspace learns from its own jobs alone."""
    settings.PONDER_SHARE_LEARNING = False
    ask(mallory, run_all)
    assert {row.workspace for row in Learned.objects.all()} == {mallory.workspace}


def test_what_was_learned_before_belongs_to_who_taught_it(mallory, run_all):
    """The migration counts lessons anew by workspace; counts that nobody can be named for go."""
    ask(mallory, run_all, checker=ASKED["checker"])
    taught = Learned.objects.get(workspace=mallory.workspace, aspect="ability")
    Learned.objects.filter(workspace=None).delete()
    Learned.objects.update(workspace=None, stats={"right": 999.0})
    importlib.import_module("jobs.migrations.0023_learning_per_workspace").attribute(apps, None)
    found = Learned.objects.get(aspect="ability")
    assert (found.workspace, found.stats["right"], found.jobs) == (mallory.workspace, 1.0, 1)
    assert taught.stats["right"] == 1.0
    assert not Learned.objects.filter(workspace=None).exists()
