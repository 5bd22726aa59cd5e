"""A job whose model uses tools, through a real worker: journal, books, receipt and pages."""

import threading

import pytest

from billing.books.job_costs import ToolCost, job_costs
from billing.models import Call, CallState, StopScope
from billing.stops import lift, stop
from jobs.core.states import JobState
from jobs.models import Job, StepRecord
from jobs.presenters.progress import phases_of, totals_of
from jobs.presenters.search.journal import search_of
from jobs.worker import host as worker_host
from solver.core.lines import line_of
from solver.core.tools import Source, ToolOutcome
from tests.jobs.running.test_tools_of_jobs import submit
from tests.solver.engine.test_tool_use import PAID, Shelf
from tests.support.endpoint import Answer

pytestmark = pytest.mark.django_db(transaction=True)
_FOUND = ToolOutcome(
    "Six is <b>6</b>.\0",
    (Source("A page", "https://example.org/six", date="2026-01-02", text="6"),),
    charged_uses=1,
)


def test_a_model_uses_a_tool_and_its_answer_is_charged_with_it(
    alice, workspace, endpoint, run_all, monkeypatch, client
):
    """Turn, use and answer are steps; the use is a line of the receipt; the pages show what it brought."""
    shelf, execute = Shelf(_FOUND), worker_host.execute
    monkeypatch.setattr(worker_host, "execute", lambda **given: execute(**{**given, "tools": shelf}))

    def answer(call):
        if any(message["role"] == "tool" for message in call.body["messages"]):
            return Answer("It says so [1].\nAnswer: 42")
        return Answer("", tool_calls=((PAID.name, '{"word": "six"}'),))

    endpoint.behaviour = answer
    job = submit(alice, "What is 6 times 7?")
    run_all()
    job.refresh_from_db()
    assert (job.answer, job.state in {JobState.DONE, JobState.EXHAUSTED}) == ("42", True)
    steps = list(StepRecord.objects.filter(job=job, state="told").exclude(kind="note").order_by("seq"))
    assert [(step.kind, step.key) for step in steps] == [
        ("turn", "agent/0/0"), ("tool", "agent/0/0/0"), ("sample", "agent/0/1"),
    ]  # fmt: skip
    turn, use, sample = steps
    assert [call["name"] for call in turn.note["tool_calls"]] == [PAID.name]
    assert use.note["outcome"]["sources"][0]["address"] == "https://example.org/six"
    assert line_of(sample.key) == "agent/0/"
    paid = Call.objects.get(job_id=job.pk, kind="tool")
    assert (paid.state, paid.cost_nano, paid.price_id) == (CallState.SETTLED, PAID.most_nano, None)
    costs = job_costs(job.pk)
    assert costs.tools == (ToolCost(PAID.name, 1, paid.billed_nano),)
    assert costs.models == ("openai/test",)
    assert job.charged_nano == sum(step.charged_nano for step in steps)
    assert totals_of(job).calls == 2
    assert {phase.label for phase in phases_of(job)} == {"Look up", "Use tools", "Explore"}
    search = search_of(job)
    assert {mark.role.value for mark in search.marks} == {"turn", "tool", "try"}
    assert len({node.y for node in search.picture.nodes if node.role.value in {"turn", "try"}}) == 1
    client.force_login(alice)
    shown = client.get(f"/jobs/{job.pk}/steps/{use.pk}/").content.decode()
    assert "https://example.org/six" in shown
    assert "Six is &lt;b&gt;6&lt;/b&gt;." in shown
    assert "1 paid use of web_search" in client.get(job.get_absolute_url()).content.decode()


def test_a_paid_use_waits_until_spending_goes_on(alice, workspace, endpoint, crew, monkeypatch):
    """All spending is stopped before a search: the job waits without cost and goes on; the tool has not failed."""
    shelf, execute, may_end = Shelf(_FOUND), worker_host.execute, threading.Event()
    monkeypatch.setattr(worker_host, "execute", lambda **given: execute(**{**given, "tools": shelf}))

    def answer(call):
        if any(message["role"] == "tool" for message in call.body["messages"]):
            return Answer("It says so [1].\nAnswer: 42")
        return Answer("", tool_calls=((PAID.name, '{"word": "six"}'),), may_end=may_end.is_set)

    endpoint.behaviour = answer
    job = submit(alice, "What is 6 times 7?")
    crew.start()
    crew.wait_for(lambda: endpoint.calls)
    stop(StopScope.EVERYTHING, reason="The bill looks odd.", by=None)
    may_end.set()
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.WAITING)
    assert not shelf.used
    assert not Call.objects.filter(job_id=job.pk, kind="tool").exists()
    lift(StopScope.EVERYTHING, reason="It was right.", by=None)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    job.refresh_from_db()
    assert (job.answer, len(endpoint.calls), len(shelf.used)) == ("42", 2, 1)
    assert Call.objects.get(job_id=job.pk, kind="tool").state == CallState.SETTLED
