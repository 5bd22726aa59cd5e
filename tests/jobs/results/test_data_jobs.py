"""Jobs that bring data, through worker, journal and judge; and jobs whose replies bring nothing."""

import json
import re

import pytest
from django.test import Client

from billing.books.wallet import balances
from jobs.core.states import JobState
from jobs.models import StepRecord
from solver.checkers.json_schema import JsonSchema
from solver.core.money import NANO_PER_CENT
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

SCHEMA = JsonSchema(
    '{"type": "object", "required": ["founded"], "properties": {"founded": {"type": "integer"}}}'
)
FIRM = {"name": "Ponder", "founded": 1998}


def test_data_is_repaired_voted_on_and_shown_with_its_votes(alice, workspace, endpoint, run_all):
    """One reply lacks a field and is told so; the fields of all others are the same, and the page says how many agree."""

    def behaviour(call):
        lacks = call.number == 1 and "Task: revise" not in call.prompt
        return Answer(f"So:\n```json\n{json.dumps({'name': 'Ponder'} if lacks else FIRM)}\n```")

    endpoint.behaviour = behaviour
    job = submit_for(alice, "Who founded Ponder? As JSON.", budget_nano=50 * NANO_PER_CENT, checker=SCHEMA)
    run_all()
    job.refresh_from_db()
    assert (job.result_kind, job.state, job.stop_reason) == ("data", JobState.DONE, "confident")
    assert (json.loads(job.answer), job.confidence) == (FIRM, None)
    assert job.explanation.startswith("All 2 fields are the same in all 3 replies.")
    assert job.checked == "✓ The answer fits the JSON Schema."
    told = StepRecord.objects.filter(job=job, kind="revise").values_list("parents", flat=True)
    assert len(told) == 1
    assert "'founded' is a required property" in next(
        call.prompt for call in endpoint.calls if "Task: revise" in call.prompt
    )
    client = Client()
    client.force_login(alice)
    page = client.get(job.get_absolute_url()).content.decode()
    assert "<td><bdi>3 of 3</bdi></td>" in page
    assert "confident</span>" not in page


def test_refusals_end_a_job_early_and_return_the_money(alice, workspace, endpoint, run_all):
    """Eight refusals, and one of each other model, are enough to know; the job says so and keeps what is left."""
    endpoint.behaviour = lambda _: Answer("I’m sorry, but I can’t help with that.")
    job = submit_for(alice, "What is 6 times 7?", budget_nano=100 * NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert re.match(r"All \d+ replies are refusals\. Say what the answer is for", job.error)
    assert job.calls <= 16
    assert not job.answer + job.answer_text
    assert balances(workspace).held_nano == 0
