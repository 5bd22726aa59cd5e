"""What a job's page delivers to be taken along: exports, programs, the receipt."""

import csv
import json
import tracemalloc

import pytest
from django.urls import reverse

from jobs.mail.compose import compose
from jobs.models import Job, OutboxMessage, StepRecord, StepState
from tests.support import people

CODE = "def f(x):\n    return x"
REPLY = f"It is simple.\n```py\n{CODE}\n```"


def show(person, job, name="job-detail", **query):
    return person.get(reverse(name, args=[job.pk]), query)


def test_the_json_export_has_exact_strings(alice, done_job):
    """Money is a decimal string, never a float."""
    reply = show(alice, done_job, "job-export-json")
    body = json.loads(reply.getvalue())
    assert body["budget_usd"] == "0.05"
    assert body["charged_usd"] == "0.03"
    assert body["returned_usd"] == "0.02"
    assert body["answer"] == done_job.answer
    assert len(body["steps"]) == 23
    assert all(isinstance(step["charged_usd"], str) for step in body["steps"])
    assert "attachment" in reply["Content-Disposition"]


def test_the_json_export_takes_no_memory(alice, done_job):
    """It is sent while it is made: 30 MB of replies are never held at once."""
    notes = [
        StepRecord(
            job=done_job,
            key=f"note/{number}",
            kind="note",
            state=StepState.TOLD,
            seq=1_000 + number,
            created_at=done_job.created_at,
        )
        for number in range(600)
    ]
    for note in notes:
        note.text = "x" * 50_000
    StepRecord.objects.bulk_create(notes, batch_size=50)
    del notes
    reply = show(alice, done_job, "job-export-json")
    tracemalloc.start()
    length = sum(len(piece) for piece in reply.streaming_content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert length > 30_000_000
    assert peak < 10_000_000


def test_the_json_export_of_a_job_without_steps_is_whole(alice):
    """Its list of steps is empty."""
    job = people.make_job(alice.user, "awaiting_payment")
    assert json.loads(show(alice, job, "job-export-json").getvalue())["steps"] == []


def test_the_markdown_export_reads_well(alice, done_job):
    """Answer, problem and receipt, unescaped."""
    Job.objects.filter(pk=done_job.pk).update(problem="a < b & c", title='x"; y\n')
    reply = show(alice, done_job, "job-export-md")
    text = reply.content.decode()
    assert "a < b & c" in text
    assert "| Charged | $0.03 |" in text
    assert "\n" not in reply["Content-Disposition"]


def give_programs(job: Job) -> None:
    """Let two attempts of a job have been programs, which were run."""
    one, other = StepRecord.objects.filter(job=job, kind="sample").order_by("seq")[:2]
    StepRecord.objects.filter(job=job, kind="sample").update(answer_key="")
    StepRecord.objects.filter(pk=one.pk).update(answer=CODE, answer_key="code:1")
    StepRecord.objects.filter(pk=other.pk).update(answer="def f(x):\n    return -x", answer_key="code:2")
    seen = [
        {"outputs": ["1", "2"], "examples": [True, False]},
        {"outputs": ["-1", "-2"], "examples": [False, False]},
    ]
    given = {"calls": ["f(1)", "f(2)"], "examples": ["f(1)", "f(5)"], "expected": ["1", "4"], "tests": 1}
    StepRecord.objects.create(
        job=job,
        key="run/0",
        seq=other.seq + 10_000,
        kind="run",
        status="ok",
        state=StepState.TOLD,
        purpose="Ran 2 programs",
        parents=[one.key, other.key],
        created_at=other.created_at,
        told_at=other.told_at,
        note=given | {"seen": seen},
    )
    best = {"answer": CODE, "text": REPLY, "confidence": None, "explanation": "1 of 2 programs."}
    ended = {"answer": CODE, "answer_text": REPLY, "explanation": "1 of 2 programs.", "confidence": None}
    pinned = job.pinned | {"result": "code"}
    Job.objects.filter(pk=job.pk).update(pinned=pinned, best=best, **(ended if job.has_ended else {}))


def test_a_program_is_readable_while_others_are_written(alice, running_job):
    """Highlighted and once, with the examples that it passes and how many programs behave alike."""
    give_programs(running_job)
    text = show(alice, running_job).content.decode()
    assert text.count('<pre class="code"') == 1
    assert '<span class="k">def</span>' in text
    assert "Passes 1 of 1 example and 0 of 1 test by a model." in text
    assert "What the programs did" in text
    assert "Answers found" not in text
    assert text.count("</span> passed<") == text.count("</span> failed<") == 1


def test_a_program_is_delivered_in_a_fence(alice, done_job):
    """On the result, in the export and in the email; its runs are in the list of calls."""
    give_programs(done_job)
    assert "The whole reply" in show(alice, done_job).content.decode()
    assert "Ran 2 programs" in show(alice, done_job, "job-steps").content.decode()
    fenced = f"```py\n{CODE}\n```"
    assert fenced in show(alice, done_job, "job-export-md").content.decode()
    mail = compose(OutboxMessage.objects.get(job=done_job))
    assert fenced in mail.body
    assert "1 of 2 programs." in mail.body
    assert '<pre class="code"' in mail.alternatives[0].content


@pytest.mark.parametrize(("checked", "is_green"), [("", False), ("✓ It passed 3 of 3 tests.", True)])
def test_a_program_that_was_not_tested_does_not_look_verified(alice, done_job, checked, is_green):
    """No green badge on its page or in the list; one that passed its tests has it."""
    pinned = {**done_job.pinned, "result": "code"}
    Job.objects.filter(pk=done_job.pk).update(answer=CODE, confidence=None, pinned=pinned, checked=checked)
    page, listed = show(alice, done_job).content.decode(), alice.get(reverse("job-list")).content.decode()
    assert ('"badge badge-ok"' in page) == ('"badge badge-ok"' in listed) == is_green
    assert ("Done, not tested" in page) == ("not tested" in listed) == (not is_green)


def test_a_receipt_can_be_printed_and_taken_along(alice, done_job):
    """A page of its own, CSV and JSON with the same total; a job that goes on has none yet."""
    assert reverse("job-receipt", args=[done_job.pk]) in show(alice, done_job, "job-detail").content.decode()
    assert "By model and price" in show(alice, done_job, "job-receipt").content.decode()
    rows = list(csv.DictReader(show(alice, done_job, "job-receipt-csv").getvalue().decode().splitlines()))
    told = json.loads(show(alice, done_job, "job-receipt-json").content)
    assert rows[-1]["what"] == "total"
    assert rows[-1]["charged_usd"] == told["total"]["billed_usd"]
    assert told["charged_usd"] == "0.03"
    running = people.make_job(alice.user, "running")
    assert alice.get(reverse("job-receipt", args=[running.pk])).status_code == 404
