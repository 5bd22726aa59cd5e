"""Jobs whose answers are checked by running code: in the real sandbox, or not at all."""

import re

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.urls import reverse

from billing.books.wallet import balances
from jobs.core.code_checks import leave_word, runs_programs, why_not_offered
from jobs.core.options import JobOptions
from jobs.core.states import JobState
from jobs.lifecycle import SubmitError
from jobs.models import StepRecord
from jobs.views.job_form.forms import offered_strategies
from sandbox import CodeRunner
from sandbox.monty import Monty
from solver.checkers.number import Number
from solver.checkers.python_check import PythonCheck
from solver.checkers.unit_tests import UnitTests
from solver.core.money import NANO_PER_CENT
from tests.support.endpoint import Answer
from tests.support.people import make_user, submit_for
from tests.support.sandboxes import bubblewrap
from tools import ToolSettings

pytestmark = pytest.mark.django_db(transaction=True)

TESTS = UnitTests("assert add(2, 3) == 5\nassert add(-1, 1) == 0")


@pytest.fixture
def runs_code(host, settings, monkeypatch):
    """The worker has a sandbox, taken as tested: tests/sandbox tests it."""
    settings.PONDER_RUN_CODE = True
    runner = CodeRunner(bubblewrap(), Monty())
    monkeypatch.setattr(host.program_host.programs, "_runner", runner)
    yield
    runner.close()
    cache.delete("runs-code")


def test_a_program_that_passes_the_tests_ends_the_job(
    alice, workspace, endpoint, run_all, runs_code, host, monkeypatch
):
    """Wrong programs are refuted, the right one is proven, and the page shows the program.

    The job's thread keeps no connection meanwhile: many jobs would leave none of the pool to those who ask for runs.
    """
    own, kept, ring = connections["default"], [], host._programs._ring
    monkeypatch.setattr(host._programs, "_ring", lambda run: bool(kept.append(own.connection)) or ring(run))
    right = "def add(a, b):\n    return a + b"
    endpoint.behaviour = lambda call: Answer(
        f"Sure.\n```python\n{right if call.number == 4 else right.replace('+', '-')}\n```\nThat is it."
    )
    job = submit_for(
        alice, "Write add(a, b).", budget_nano=50 * NANO_PER_CENT, checker=TESTS, strategy="vote"
    )
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer, job.checked) == (JobState.DONE, right, "✓ 2 of 2 tests pass.")
    assert "add(2, 3) == 5" in endpoint.calls[0].prompt
    client = Client()
    client.force_login(alice)
    cpu_s = f"{job.programs_cpu_ms / 1000:.1f}"
    line = f"{job.programs_run}, {cpu_s} s of CPU, not charged"
    assert job.programs_run >= 2
    assert set(kept) == {None}
    assert job.programs_cpu_ms > 0
    assert f"<dt>Programs run</dt><dd>{line}</dd>" in client.get(job.get_absolute_url()).content.decode()
    assert f"| Programs run | {line} |" in client.get(f"{job.get_absolute_url()}export.md").content.decode()
    client.force_login(make_user("stella@example.com", staff=True))
    assert (
        f"<dt>Programs run</dt><dd>{line}</dd>"
        in client.get(reverse("cost-review-calls", args=[job.pk])).content.decode()
    )


def test_programs_without_tests_are_chosen_by_what_they_do(alice, workspace, endpoint, run_all, runs_code):
    """They are run in the sandbox on the examples of the problem; the page says what they did, without a percentage."""
    good, bad = "def add(a, b):\n    return a + b", "def add(a, b):\n    return a - b"
    endpoint.behaviour = lambda call: Answer(f"Sure.\n```python\n{bad if call.number == 1 else good}\n```")
    problem = "Write a Python function add(a, b).\n>>> add(1, 2)\n3\n>>> add(2, 2)\n4\n>>> add(0, 5)\n5\n"
    job = submit_for(alice, problem, budget_nano=50 * NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert (job.result_kind, job.state, job.answer, job.confidence) == ("code", JobState.DONE, good, None)
    assert re.fullmatch(
        r"\d of \d programs behave alike on \d+ inputs; this one passes 3 of 3 examples of the problem\.",
        job.explanation,
    )
    assert job.dissent == [{"answer": "add(1, 2) gives -1 instead of 3", "votes": 1}]
    run = StepRecord.objects.filter(job=job, kind="run").earliest("seq")
    assert (run.purpose, run.charged_nano, run.status) == ("Ran 2 programs", 0, "ok")
    assert run.told_at > run.created_at
    client = Client()
    client.force_login(alice)
    page = client.get(job.get_absolute_url()).content.decode()
    assert "programs behave alike on" in page
    assert "confident" not in page


def test_a_program_that_computes_an_answer_is_run(alice, workspace, endpoint, run_all, runs_code):
    """Its last printed line is the answer of who wrote it; the checker proves it, and the text shows both."""
    endpoint.behaviour = lambda call: Answer(
        "```python\nfrom sympy import prime\nprint('The hundredth prime:')\nprint(prime(100))\n```"
    )
    job = submit_for(
        alice,
        "What is the 100th prime?",
        budget_nano=50 * NANO_PER_CENT,
        checker=Number("541"),
        strategy="program",
    )
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "541")
    assert "print(prime(100))" in job.answer_text
    assert "The hundredth prime:\n541" in job.answer_text
    output = StepRecord.objects.filter(job=job, kind="output", verdict__passed=True).earliest("seq")
    assert (output.parents, output.charged_nano) == ([f"program/{output.key[-1]}"], 0)


def test_a_function_of_the_user_proves_an_answer(alice, workspace, endpoint, run_all, runs_code):
    """What `check` returns True for ends the job."""
    checker = PythonCheck(
        "def check(answer):\n    return int(answer) % 7 == 3, 'the rest is ' + str(int(answer) % 7)"
    )
    endpoint.behaviour = lambda call: Answer(f"Answer: {call.number}")
    job = submit_for(alice, "Which number?", budget_nano=50 * NANO_PER_CENT, checker=checker, strategy="vote")
    run_all()
    job.refresh_from_db()
    told = "✓ The function check says right: the rest is 3."
    assert (job.state, job.answer, job.checked) == (JobState.DONE, "3", told)


@pytest.mark.parametrize(
    ("checker", "says"),
    [
        (UnitTests("assert True"), "It passes what cannot be right: 1 of 1 test passes."),
        (UnitTests("assert ("), "The tests cannot be run: SyntaxError"),
        (PythonCheck("def check(answer):\n    return True"), "It passes what cannot be right"),
        (PythonCheck("def check(answer):\nreturn 1"), "The function check did not return: "),
    ],
)
def test_a_check_that_cannot_be_trusted_ends_the_job_before_a_call(
    alice, workspace, endpoint, run_all, runs_code, checker, says
):
    """It is tried on what cannot be right; the page says what it did, and all money returns."""
    before = balances(workspace).available_nano
    job = submit_for(alice, "Which?", budget_nano=50 * NANO_PER_CENT, checker=checker)
    run_all()
    job.refresh_from_db()
    assert says in job.error
    assert (job.calls, balances(workspace).available_nano) == (0, before)


def test_a_check_that_refuses_the_users_own_example_ends_the_job_before_a_call(
    alice, workspace, endpoint, run_all
):
    """What the user says is right and the check refuses cannot both hold; nothing is spent until that is clear."""
    before = balances(workspace).available_nano
    job = submit_for(
        alice, "What?", budget_nano=50 * NANO_PER_CENT, checker=Number("42"), options=JobOptions(example="41")
    )
    run_all()
    job.refresh_from_db()
    assert "It refuses the answer that you say should pass: The answer" in job.error
    assert (job.calls, balances(workspace).available_nano) == (0, before)


def test_where_no_code_can_run_a_job_that_needs_it_says_so(alice, workspace, endpoint, run_all, settings):
    """Such a job is refused in words; one that was submitted before ends in words, and its money returns."""
    before = balances(workspace).available_nano
    settings.PONDER_RUN_CODE = True
    job = submit_for(alice, "Write add(a, b).", budget_nano=50 * NANO_PER_CENT, checker=TESTS)
    settings.PONDER_RUN_CODE = False
    run_all()
    job.refresh_from_db()
    assert "needs to run code, which this site cannot do safely. The reason: The operator" in job.error
    assert (job.calls, balances(workspace).available_nano) == (0, before)
    with pytest.raises(SubmitError, match=r"“Unit tests \(Python\)” cannot be used"):
        submit_for(alice, "Write add(a, b).", budget_nano=50 * NANO_PER_CENT, checker=TESTS)


@pytest.mark.parametrize(
    ("skills", "read_pages", "why"),
    [
        ("/tools", True, ""),
        ("/tools", False, "no program is run here, and the web is neither searched nor read"),
        ("", True, "none of the models here calls tools"),
    ],
)
def test_agents_are_offered_where_their_models_have_tools(skills, read_pages, why, alice, settings):
    """Else the form says why not; what was chosen before stays."""
    settings.PONDER_RUN_CODE = False
    settings.PONDER_PRICES = f"openai/test=1/2/32000/400{skills}"
    settings.PONDER_TOOLS = ToolSettings(reads_pages=read_pages)
    browser = Client()
    browser.force_login(alice)
    shown = browser.get("/jobs/new/").content.decode()
    assert ('name="strategy" value="agent"' in shown) == (not why)
    assert (f"Agents are not offered: {why}." in shown) is bool(why)
    assert "agent" in {card.name for card in offered_strategies(with_tools=not why, chosen="agent")}


def test_what_a_worker_found_decides_what_is_offered(settings):
    """Programs need the full sandbox, functions either; without a word from a worker everything is offered."""
    settings.PONDER_RUN_CODE = True
    cache.delete("runs-code")
    assert why_not_offered(TESTS) == ""
    assert "program" in {card.name for card in offered_strategies()}
    leave_word(programs=False, calls=True, why_off="bubblewrap is not installed.")
    assert why_not_offered(UnitTests).endswith("The reason: bubblewrap is not installed.")
    assert not runs_programs()
    assert "program" not in {card.name for card in offered_strategies()}
    assert why_not_offered(PythonCheck) == why_not_offered(Number) == why_not_offered(None) == ""
    cache.delete("runs-code")
