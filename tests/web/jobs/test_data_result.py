"""A job that delivers data: its page, its files, its email and its export."""

import json

import pytest
from django.urls import reverse

from jobs.mail.compose import compose
from jobs.models import StepRecord
from tests.support import people

FIRM = {
    "name": "<b>Ponder</b>",
    "founded": 1998,
    "seats": [{"city": "Bern", "people": 3}, {"city": "Rome", "people": 5}],
}


def data_job(user, state="done", answer=FIRM):
    """A job with four fitting replies, one of which differs in a field and one in a row, and one that does not fit."""
    body = answer if isinstance(answer, str) else json.dumps(answer)
    job = people.make_job(
        user, state, attempts=5, solved=False, pinned={"result": "data"}, checker={}, confidence=None, answer=body,
        answer_text=f"```json\n{body}\n```", explanation="5 of 6 fields are the same in all 4 replies.",
        best={"answer": body, "explanation": "5 of 6 fields are the same in all 4 replies."},
    )  # fmt: skip
    others = [FIRM, FIRM, FIRM | {"founded": 1999}, FIRM | {"seats": FIRM["seats"][:1]}, {"no": 1}]
    steps = StepRecord.objects.filter(job=job, kind="sample", state="told").order_by("seq")
    for step, said in zip(steps, others, strict=True):
        step.answer, step.answer_key = json.dumps(said), "data:x"
        step.verdict = {"passed": False, "checker": "json_schema", "detail": "No."} if "no" in said else None
        step.save()
    return job


@pytest.mark.parametrize("state", ["done", "running"])
def test_data_is_a_table_with_the_votes_of_each_field(alice, state):
    """Fields with their votes, arrays of objects as real tables; folds only once it has ended, for they would close."""
    text = alice.get(data_job(alice.user, state).get_absolute_url()).content.decode()
    assert "<td><bdi>founded</bdi></td><td><bdi>1998</bdi></td>" in text
    assert "3 of 4; 1999 (1)" in text
    assert "<td><bdi>4 of 4</bdi></td>" in text
    assert '<h3 dir="auto">seats</h3>' in text
    assert "3 of 4; left out (1)" in text
    assert "&lt;b&gt;Ponder" in text
    assert "<b>Ponder" not in text
    assert "confident</span>" not in text
    assert "Answers found" not in text
    assert ("Raw JSON" in text) is (state == "done")


def test_data_is_downloaded_mailed_and_exported(alice, charlie):
    """JSON and CSV for the owner alone; small data stands in email and export as JSON, and as a table where it is one."""
    rows = [{"city": "Bern, CH", "people": 3}, {"city": "Rome", "people": 5}]
    job = data_job(alice.user, answer=rows)
    assert json.loads(alice.get(reverse("job-data-json", args=[job.pk])).content) == rows
    csv = alice.get(reverse("job-data-csv", args=[job.pk]))
    assert csv.content.decode() == 'city,people\n"Bern, CH",3\nRome,5\n'
    assert "data.csv" in csv["Content-Disposition"]
    assert charlie.get(reverse("job-data-csv", args=[job.pk])).status_code == 404
    mail = compose(job.outbox.get(kind="ended")).body
    export = alice.get(reverse("job-export-md", args=[job.pk])).content.decode()
    for text in (mail, export):
        assert "```json" in text
        assert "| Bern, CH | 3 |" in text
    other = people.make_job(alice.user, "done", **people.SOLVED)
    assert alice.get(reverse("job-data-json", args=[other.pk])).status_code == 404


@pytest.mark.parametrize("kind", ["data", "code"])
def test_what_a_check_refused_is_no_reliable_answer(alice, kind):
    """Neither page, list, email nor export calls it an answer; it is shown whole all the same."""
    answer = '{"a": 1}' if kind == "data" else "def add(a, b):\n    return a"
    job = people.make_job(
        alice.user, "done", solved=False, pinned={"result": kind}, checker={}, confidence=None, answer=answer,
        answer_text=f"```\n{answer}\n```", checked="✗ 1 of 2 tests passes.",
    )  # fmt: skip
    pages = [alice.get(path).content.decode() for path in (job.get_absolute_url(), reverse("job-list"))]
    pages += [alice.get(reverse("job-export-md", args=[job.pk])).content.decode()]
    mail = compose(job.outbox.get(kind="ended"))
    for text in (*pages, mail.body, mail.subject, str(mail.alternatives[0][0])):
        assert "No reliable answer" in text
    assert "What follows is the best guess. Do not rely on it." in pages[0]
    job.checked = "✓ 2 of 2 tests pass."
    assert not job.is_guess


def test_unreadable_data_is_shown_as_it_is(alice):
    """What is no data after all stands as a block."""
    text = alice.get(data_job(alice.user, answer="half of it").get_absolute_url()).content.decode()
    assert '<pre class="code"' in text
    assert "Download JSON" not in text
