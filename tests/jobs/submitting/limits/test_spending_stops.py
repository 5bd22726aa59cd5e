"""The kill switch: no call after it in any process, no cost while it lasts, and jobs go on by themselves."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing.books.wallet import balances
from billing.models import Call, SpendingStop, StopScope
from billing.stops import lift, stop
from jobs.core.states import JobState
from jobs.models import Job
from solver.core.money import NANO_PER_CENT
from tests.billing.books import USD, start_job
from tests.jobs.conftest import undecided
from tests.support.endpoint import Answer
from tests.support.people import submit_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


@pytest.fixture
def staff(alice) -> User:
    return User.objects.create_user("staff@example.org", is_staff=True, is_superuser=True)


def scope_of(provider: str) -> StopScope:
    return StopScope.PROVIDER if provider else StopScope.EVERYTHING


@pytest.mark.parametrize("provider", ["", "openai"])
def test_a_running_job_waits_without_cost_and_goes_on(alice, workspace, endpoint, crew, staff, provider):
    """Stopped in the middle, no call is made any more; its page says so; lifted, the job ends as it would have."""
    endpoint.behaviour = undecided
    before = balances(workspace).available_nano
    job = submit_for(alice, "What is 6 times 7?", budget_nano=500 * NANO_PER_CENT, strategy="vote")
    crew.start()
    crew.wait_for(lambda: len(endpoint.calls) >= 3)
    stop(scope_of(provider), provider, reason="The bill looks odd.", by=staff)
    stopped = timezone.now()
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).state == JobState.WAITING)
    spent = Call.objects.filter(job_id=job.pk).count()
    assert not Call.objects.filter(job_id=job.pk, created_at__gt=stopped).exists()

    page = Client()
    page.force_login(alice)
    shown = page.get(job.get_absolute_url()).content.decode()
    assert f"{'Calls to openai have' if provider else 'Spending has'} been stopped by the operator" in shown
    assert "Nothing is charged; your job goes on by itself" in shown
    assert "The bill looks odd." not in shown
    Job.objects.filter(pk=job.pk).update(next_at=timezone.now())
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).waits >= 2)
    assert Call.objects.filter(job_id=job.pk).count() == spent  # it looked, and waits on

    endpoint.behaviour = lambda _: Answer()
    lift(scope_of(provider), provider, reason="It was right.", by=staff)
    crew.wait_for(lambda: Job.objects.get(pk=job.pk).has_ended)
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42")
    assert balances(workspace).available_nano == before - job.charged_nano


def test_other_providers_are_called_on(workspace):
    """A stop of one provider refuses its holds alone; one that was made before may be sent again."""
    job = start_job(workspace, USD)
    call, said = job.hold(1)
    assert said == "held"
    stop(StopScope.PROVIDER, "openai", reason="Odd.", by=None)
    assert job.hold(1)[1] == "held"
    stop(StopScope.PROVIDER, "demo", reason="Odd.", by=None)
    assert job.hold(1)[1] == "stopped"
    assert job.hold(1, call=call, step="explore/1")[1] == "held"
    lift(StopScope.PROVIDER, "demo", reason="Right.", by=None)
    stop(StopScope.EVERYTHING, reason="Everything.", by=None)
    assert job.hold(1)[1] == "stopped"


def test_staff_stop_and_start_spending_on_its_page(alice, staff):
    """It needs a reason and a yes; who did it stays on the page; all staff see a banner, others none."""
    browser = Client()
    browser.force_login(staff)
    page, stop, start = (f"/staff/costs/spending/{name}" for name in ("", "stop/", "start/"))
    meant = {"provider": "", "reason": "A runaway bill", "sure": "on"}
    assert browser.post(stop, meant | {"sure": ""}).status_code == 422
    assert browser.post(stop, meant | {"reason": " "}).status_code == 422
    assert not SpendingStop.objects.exists()
    assert browser.post(stop, meant).status_code == 302
    assert browser.post(stop, meant).status_code == 422
    assert "A runaway bill" in browser.get("/jobs/").content.decode()
    browser.post(start, {"provider": "", "reason": ""})
    assert SpendingStop.objects.filter(lifted_at=None).count() == 1

    browser.force_login(alice)
    assert "A runaway bill" not in browser.get("/jobs/").content.decode()
    assert "Spending has been stopped" in browser.get("/jobs/new/").content.decode()
    for reply in (browser.get(page), browser.post(stop, meant), browser.post(start, meant)):
        assert reply.status_code == 404

    browser.force_login(staff)
    browser.post(start, {"provider": "", "reason": "Looked at it"})
    made = SpendingStop.objects.get()
    assert (made.by, made.lifted_by, made.lift_reason) == (staff, staff, "Looked at it")
    shown = browser.get(page).content.decode()
    assert "Looked at it" in shown
    assert "Nothing is stopped" in shown


def test_the_terminal_stops_and_starts_spending(alice, capsys):
    """`manage.py spending` does what the page does; what cannot be done is said."""
    with pytest.raises(CommandError, match="Say why"):
        call_command("spending", "stop")
    with pytest.raises(CommandError, match=r"no model in the price book. Choose one of: .*openai"):
        call_command("spending", "stop", provider="nobody", reason="Odd.")
    call_command("spending", "stop", reason="Odd.")
    call_command("spending")
    assert "All spending: stopped since" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Calls to openai are not stopped"):
        call_command("spending", "start", provider="openai", reason="Right.")
    call_command("spending", "start", reason="Right.")
    call_command("spending", "show")
    assert "Nothing is stopped." in capsys.readouterr().out
