"""Traces for fine-tuning: only what a checker proved, only of users who agreed, in the form that trainers read."""

import itertools
import json

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from jobs.learning.traces import traces
from jobs.models import Job
from jobs.upkeep.delete_texts import delete_texts
from solver.checkers import checker_from_json
from solver.core.money import NANO_PER_CENT
from tests.support.endpoint import Answer
from tests.support.people import CHECKER, PROBLEM, submit_for

pytestmark = pytest.mark.django_db(transaction=True)
WRONG, RIGHT = "25 - 12 + 7 * 3", "25 + 12 + 7 * 3"


@pytest.fixture
def proven_job(alice, workspace, endpoint, run_all) -> Job:
    """A job that really ran: some replies were refused before one was proven."""
    turns = itertools.count()

    def reply(_: object) -> Answer:
        return Answer(f"So it is.\n\nAnswer: {RIGHT if next(turns) >= 3 else WRONG}")

    endpoint.behaviour = reply
    job = submit_for(alice, PROBLEM, checker=checker_from_json(CHECKER), budget_nano=20 * NANO_PER_CENT)
    run_all()
    job.refresh_from_db()
    assert job.stop_reason == "solved"
    return job


def agree(user: User, *, agrees: bool = True) -> None:
    User.objects.filter(pk=user.pk).update(share_traces=agrees)


def test_what_a_checker_proved_is_exported_once_its_user_agrees(proven_job, alice):
    """Examples and pairs, chosen by kind, model and number; nothing before the consent, nor of deleted texts."""
    assert list(traces("sft")) == list(traces("pairs")) == []
    agree(alice)
    [line] = traces("sft")
    assert [message["role"] for message in line["messages"]] == ["user", "assistant"]
    assert PROBLEM in line["messages"][0]["content"]
    assert line["messages"][-1]["content"].endswith(f"Answer: {RIGHT}")
    assert (line["job"], line["kind"], line["checker"]) == (str(proven_job.pk), "countdown", CHECKER)
    [pair] = traces("pairs")
    assert pair["prompt"] == line["messages"][:-1]
    assert pair["chosen"][0]["content"].endswith(RIGHT)
    assert pair["rejected"][0]["content"].endswith(WRONG)
    model = proven_job.steps.exclude(model="").first().model
    assert len(list(traces("sft", kind="countdown", model=model))) == 1
    assert list(traces("sft", kind="modular")) == list(traces("sft", model="someone/else")) == []
    assert list(traces("sft", per_job=0)) == []
    # What an attempt with tools read was written by others.
    for turn, step in enumerate(proven_job.steps.filter(verdict__passed=True)):
        proven_job.steps.filter(pk=step.pk).update(key=f"agent/0/{turn}")
    assert list(traces("sft")) == []
    agree(alice, agrees=False)
    assert list(traces("sft")) == []
    agree(alice)
    delete_texts(job_id=proven_job.pk)
    assert list(traces("sft")) == []


def test_the_command_writes_lines_into_a_new_file(proven_job, alice, tmp_path, capsys):
    """A file that exists is refused, by name."""
    agree(alice)
    path = tmp_path / "traces.jsonl"
    call_command("traces", "sft", str(path))
    assert [json.loads(line)["kind"] for line in path.read_text().splitlines()] == ["countdown"]
    assert path.stat().st_mode & 0o077 == 0
    assert "Traces written: 1." in capsys.readouterr().err
    call_command("traces", "sft")
    assert json.loads(capsys.readouterr().out)["kind"] == "countdown"
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("traces", "sft", str(path))
    with pytest.raises(CommandError, match="at least 1"):
        call_command("traces", "sft", "--per-job", "0")
