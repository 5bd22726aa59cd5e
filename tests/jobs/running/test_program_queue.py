"""Programs between the workers that drive jobs and those that run them: rows, bells and answers."""

import threading
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.services import ensure_personal_workspace
from jobs.core.states import JobState
from jobs.models import Job, ProgramRun
from jobs.worker.programs import rows
from jobs.worker.programs.host import DEADLY, ProgramHost
from jobs.worker.programs.queue import QueuedPrograms
from jobs.worker.programs.texts import written, written_result
from solver.core.programs import Asker, FunctionCall, Program, ProgramFile, ProgramsOff, Ran

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def jobs():
    """Two jobs of two workspaces, as if they ran; the audit is not about them."""
    made = []
    for name in ("ada", "ben"):
        user = User.objects.create_user(f"{name}@example.org")
        workspace = ensure_personal_workspace(user)
        made.append(
            Job.objects.create(
                workspace=workspace,
                created_by=user,
                problem="p",
                budget_nano=1,
                state=JobState.RUNNING,
                queued_at=timezone.now(),
            )
        )
    yield made
    Job.objects.all().delete()


def ask(job, code):
    run_id = rows.ask(job_id=job.pk, sha256=code, asked_by="driver", wanted=code)
    assert run_id is not None
    return run_id


def again_of(job):
    return ProgramRun.objects.get(job=job).pk


def test_a_program_is_run_once_and_whose_turn_it_is_comes_first(jobs):
    """Equal programs of a job are one row; workspaces take turns; a silent worker's program is taken anew."""
    ada, ben = jobs
    first = ask(ada, "a1")
    assert ask(ada, "a1") == first
    for code in ("a2", "a3"):
        ask(ada, code)
    ask(ben, "b1")
    taken = [rows.take(owner="one") for _ in range(5)]
    assert [each and each.wanted for each in taken] == ["a1", "b1", "a2", "a3", None]
    assert rows.take(owner="two", only_of="another driver") is None
    ProgramRun.objects.filter(pk=first).update(lease_until=Now())
    again = rows.take(owner="two")
    assert again is not None
    assert (again.id, again.times_taken) == (first, 2)
    for result in ("first", "second"):
        rows.answer(first, result=result, cpu_ms=7, wall_ms=9)
    found = rows.look(first)
    assert found is not None
    assert (found.was_run, found.result, ask(ada, "a1")) == (True, "first", first)
    assert rows.take(owner="two") is None
    rows.answer(again_of(ben), result="short", cpu_ms=7, wall_ms=9, had_time=False)
    late = rows.look(ask(ben, "b1"))
    assert late is not None
    assert (late.has_ended, late.is_free) == (False, True)


def test_what_a_machine_refused_is_asked_anew_and_an_ended_job_asks_no_more(jobs):
    """A refusal says why and lasts until the next question; a row goes with its job."""
    ada, _ = jobs
    run_id = ask(ada, "a1")
    rows.refuse(run_id, "No sandbox.")
    found = rows.look(run_id)
    assert found is not None
    assert (found.has_ended, found.was_run, found.result) == (True, False, "No sandbox.")
    assert ask(ada, "a1") == run_id
    taken = rows.take(owner="one")
    assert taken is not None
    rows.give_up(run_id, "Nobody.")  # somebody has it
    assert rows.look(run_id).has_ended is False
    Job.objects.filter(pk=ada.pk).update(state=JobState.PAUSED)
    assert rows.ask(job_id=ada.pk, sha256="a2", asked_by="driver", wanted="a2") is None
    ada.delete()
    assert rows.look(run_id) is None


PROGRAM = Program("s", '{"mark": "M1", "program": "print(6 * 7)"}', "M1")


@pytest.mark.parametrize("wanted", [PROGRAM, FunctionCall("def check(a):\n return '\0\ud800'", "check", "x")])
async def test_a_lost_word_costs_a_look(jobs, wanted):
    """Without NOTIFY, and with a bell that nobody hears at first, the result is found; who asks again gets the same."""
    rang, asker = [], Asker("1", str(jobs[0].pk))
    came_of_it = Ran(stdout="M1 42", value=["\ud800"], cpu_s=0.5)

    def ring(run_id: UUID) -> bool:
        rang.append(run_id)
        if len(rang) > 1:
            rows.answer(run_id, result=written_result(came_of_it), cpu_ms=500, wall_ms=600)
        return len(rang) > 1

    programs = QueuedPrograms("driver", ring=ring, look_s=0.01)
    assert await programs.run(wanted, asker) == came_of_it
    if isinstance(wanted, Program):
        other = Program("s", wanted.stdin.replace("M1", "N2"), "N2")
        assert (await programs.run(other, asker)).stdout == "N2 42"
    assert len(rang) == 2
    programs.close()


async def test_where_nobody_runs_programs_the_wait_ends_in_words(jobs):
    """No sandbox worker takes it: the job goes on without, and hears why."""
    programs = QueuedPrograms("driver", ring=lambda _: True, patience_s=0.0, look_s=0.01)
    with pytest.raises(ProgramsOff, match="No sandbox worker of this site has taken a program"):
        await programs.run(PROGRAM, Asker("1", str(jobs[0].pk)))
    with pytest.raises(ProgramsOff, match="Its job has ended"):
        await programs.run(PROGRAM, Asker("1", str(uuid4())))
    programs.close()


def test_fifty_at_once_are_run_two_at_a_time(jobs, settings):
    """However often the bell rings, a process runs no more at once than it may, and leaves none behind."""
    settings.PONDER_RUN_CODE, settings.PONDER_PROGRAMS_AT_ONCE = True, 2
    guard, at_once, meanwhile = threading.Lock(), [0, 0], threading.Event()

    class Slow:
        def run_here(self, wanted):
            with guard:
                at_once[0] += 1
                at_once[1] = max(at_once)
            meanwhile.wait(0.01)
            with guard:
                at_once[0] -= 1
            if isinstance(wanted, Program):
                assert wanted.files[0].content() == b"1,2"
                return Ran(ending="time")
            if wanted.function == "off":
                raise ProgramsOff("Off.")
            return Ran()

        def close(self):
            pass

    host = ProgramHost()
    host.programs = Slow()
    ids = [
        rows.ask(
            job_id=jobs[number % 2].pk,
            sha256=str(number),
            asked_by="driver",
            wanted=written(FunctionCall("", "off" if number == 7 else "check", str(number))),
        )
        for number in range(50)
    ]
    with_files = Program("print(1)", "", files=(ProgramFile.of("table.csv", b"1,2"),))
    asked = {
        "job_id": jobs[0].pk,
        "sha256": "with files",
        "asked_by": "driver",
        "wanted": written(with_files),
    }
    run_id = rows.ask(**asked)
    ProgramRun.objects.filter(pk=ids[3]).update(times_taken=3)
    threads = [threading.Thread(target=host.run_waiting) for _ in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert at_once == [0, 2]
    refused = ProgramRun.objects.filter(state="refused").values_list("pk", "result")
    assert dict(refused) == {ids[7]: "Off.", ids[3]: DEADLY}
    assert ProgramRun.objects.filter(state="done").count() == 48
    # Its files go once it has run, and come again with the next question, which has it run anew.
    assert ProgramRun.objects.get(pk=run_id).wanted == written(replace(with_files, files=()))
    rows.ask(**asked)
    assert ProgramRun.objects.get(pk=run_id).wanted == written(with_files)
    host.close()
