"""What attempts with tools taught is what the next ones are quoted by."""

import pytest

from jobs.core.options import JobOptions
from jobs.learning.learn import learn_due
from jobs.learning.lookup import learned_habits
from jobs.learning.report import posteriors
from jobs.lifecycle.quotes.records import terms_of
from jobs.models import Pinned
from jobs.worker import host as worker_host
from solver.core.tools import ToolOutcome
from solver.learning.tool_habits import GUESSED
from tests.jobs.running.test_tools_of_jobs import submit
from tests.solver.engine.test_tool_use import PAID, Shelf
from tests.support.endpoint import Answer

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_job_teaches_how_attempts_with_tools_go(alice, workspace, endpoint, run_all, monkeypatch):
    """Two calls and one paid use, once; other strategies and those who share nothing know the guess."""
    shelf, execute = Shelf(ToolOutcome("Six is 6.", (), charged_uses=1)), worker_host.execute
    monkeypatch.setattr(worker_host, "execute", lambda **given: execute(**{**given, "tools": shelf}))
    endpoint.behaviour = lambda call: (
        Answer("Answer: 42")
        if any(message["role"] == "tool" for message in call.body["messages"])
        else Answer("", tool_calls=((PAID.name, '{"word": "six"}'),))
    )
    job = submit(alice, "What is 6 times 7?")
    run_all()
    assert learn_due() == 1
    kind = job.pinned["kind"]
    found = learned_habits("agent", kind, workspace)
    assert (found.turns, found.paid_uses) == ((4 * GUESSED.turns + 2) / 5, (4 * GUESSED.paid_uses + 1) / 5)
    terms = terms_of("agent", JobOptions(), Pinned.of(job).panel, kind, workspace=workspace)
    assert terms.habits == found
    assert learned_habits("auto", kind, workspace) == GUESSED
    assert any("3.6 calls, 1.8 paid uses" in each.text for each in posteriors("agent"))
