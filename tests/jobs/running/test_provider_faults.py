"""A provider misbehaves in every known way, over real TCP: what is charged, what the job does, what its user is told."""

import json
import socket
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing.books.wallet import balances
from billing.models import Call, CallState
from jobs.core.states import JobState
from jobs.mail.compose import compose
from jobs.mail.send import send_due
from jobs.models import Job, OutboxKind, OutboxMessage, OutboxState, StepRecord
from jobs.worker import outcomes as ending
from solver.core.money import NANO_PER_CENT, format_usd_exact
from tests.support.endpoint import Answer, Endpoint
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

IN_NANO, OUT_NANO = 1_000, 2_000
GOOD_NANO = 20 * IN_NANO + 10 * OUT_NANO
GOOD = Answer()


def one_after_the_other(*faults: Answer):
    """Give each of the first calls a fault of its own; the rest are answered."""
    return lambda call: faults[call.number] if call.number < len(faults) else GOOD


def raw(usage: str) -> Answer:
    """A reply whose usage is this very text, which need not be JSON."""
    message = {"role": "assistant", "content": "Answer: 42"}
    whole = {
        "id": "chatcmpl-raw",
        "object": "chat.completion",
        "created": 1,
        "model": "test",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
    return Answer(body=json.dumps(whole)[:-1] + f', "usage": {usage}}}')


def submitted(alice, workspace, cents: int = 5) -> Job:
    return submit_for(alice, "What is 6 times 7?", budget_nano=cents * NANO_PER_CENT, strategy="vote")


def calls_of(job: Job, state: CallState) -> list[Call]:
    return list(Call.objects.filter(job_id=job.pk, state=state).order_by("created_at"))


def assert_answered_and_charged_for_what_was_settled(job: Job, workspace, before_nano: int) -> None:
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42"), (job.state, job.error)
    assert job.charged_nano == sum(call.billed_nano for call in calls_of(job, CallState.SETTLED))
    assert balances(workspace).available_nano == before_nano - job.charged_nano
    assert OutboxMessage.objects.filter(job=job, kind=OutboxKind.ENDED).count() == 1


# Calls that were not executed ------------------------------------------------------------------------------------


def test_a_short_429_storm_costs_nothing_and_its_retry_after_is_kept(alice, workspace, endpoint, run_all):
    """A refused call is void and tried again, not before the provider wants it; nobody is told of it."""
    came_at_s: list[float] = []

    def storm(call):
        came_at_s.append(time.monotonic())
        return Answer(status=429, headers={"retry-after": "1"}) if call.number == 0 else GOOD

    endpoint.behaviour = storm
    before = balances(workspace).available_nano
    job = submitted(alice, workspace)
    run_all()
    assert_answered_and_charged_for_what_was_settled(job, workspace, before)
    [refused] = calls_of(job, CallState.VOID)
    assert (refused.billed_nano, "429" in refused.error) == (0, True)
    assert "429" not in StepRecord.objects.get(pk=refused.pk).error
    again = Call.objects.get(job_id=job.pk, step_key=refused.step_key, attempt=2)
    assert (again.created_at - refused.created_at).total_seconds() >= 1.0
    assert not OutboxMessage.objects.filter(job=job, kind=OutboxKind.WAITING).exists()


def test_a_429_storm_makes_the_job_wait_and_go_on_by_itself(
    alice, workspace, endpoint, crew, host, monkeypatch
):
    """Where nothing but 429 comes the job waits, says why, and is answered once the storm is over; refusals are free."""
    monkeypatch.setattr(host, "_patience_s", 0.6)
    monkeypatch.setattr(ending, "WAITS_S", (5.0,))
    endpoint.behaviour = lambda _: Answer(status=429)
    before = balances(workspace).available_nano
    job = submitted(alice, workspace)
    crew.start()
    crew.wait_for(lambda: Job.objects.filter(pk=job.pk, state=JobState.WAITING).exists())
    job.refresh_from_db()
    assert "too many requests" in job.error
    assert "429" not in job.error
    assert job.next_at is not None
    assert job.next_at <= timezone.now() + timedelta(seconds=6)
    assert OutboxMessage.objects.get(job=job, kind=OutboxKind.WAITING).state == OutboxState.PENDING
    assert not calls_of(job, CallState.SETTLED)
    assert not calls_of(job, CallState.IN_DOUBT)
    endpoint.behaviour = lambda _: GOOD
    crew.wait_for(lambda: Job.objects.filter(pk=job.pk, state=JobState.DONE).exists())
    assert_answered_and_charged_for_what_was_settled(job, workspace, before)
    assert len(calls_of(job, CallState.VOID)) >= 2


def assert_user_is_told(alice, job: Job) -> None:
    """The page says at once why the job waits, and a mail does if it still waits in a quarter of an hour."""
    browser = Client()
    browser.force_login(alice)
    page = browser.get(job.get_absolute_url()).content.decode()
    assert "It continues automatically" in page
    assert "openai/test" in page
    told = OutboxMessage.objects.get(job=job, kind=OutboxKind.WAITING)
    assert told.state == OutboxState.PENDING
    assert told.next_at > timezone.now() + timedelta(minutes=14)


def test_a_refused_connection_makes_the_job_wait_for_free(alice, workspace, run_all, host, monkeypatch):
    """Nothing listens at the provider: every attempt is void; the job goes on where it listens again."""
    monkeypatch.setattr(host, "_patience_s", 0.6)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
        before = balances(workspace).available_nano
        job = submitted(alice, workspace)
        run_all()
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    assert "Is it running?" in job.error
    assert job.next_at is not None
    assert timezone.now() < job.next_at < timezone.now() + timedelta(seconds=40)
    assert {call.state for call in Call.objects.filter(job_id=job.pk)} == {CallState.VOID}
    assert_user_is_told(alice, job)
    server = Endpoint(port=port)
    try:
        Job.objects.filter(pk=job.pk).update(next_at=timezone.now())
        run_all()
    finally:
        server.close()
    assert_answered_and_charged_for_what_was_settled(job, workspace, before)
    # The mail that was to tell of the wait has nothing true to say any more.
    OutboxMessage.objects.filter(job=job, kind=OutboxKind.WAITING).update(next_at=timezone.now())
    send_due()
    assert not OutboxMessage.objects.filter(job=job, kind=OutboxKind.WAITING).exists()


@pytest.mark.parametrize(
    ("status", "words"), [(402, "credit left on this installation’s account"), (404, "model")]
)
def test_what_only_the_operator_can_mend_holds_the_job_at_once(
    status, words, alice, workspace, endpoint, run_all
):
    """The job waits after its first refusals, its user reads what is at fault, and staff what the provider says."""
    User.objects.create_user("staff@example.org", is_staff=True, is_superuser=True)
    endpoint.behaviour = lambda _: Answer(status=status)
    before = balances(workspace).available_nano
    job = submitted(alice, workspace)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.charged_nano) == (JobState.WAITING, 0)
    assert words in job.error
    assert {call.state for call in Call.objects.filter(job_id=job.pk)} == {CallState.VOID}
    assert len(endpoint.calls) <= 16
    assert balances(workspace).available_nano == before - job.budget_nano
    told = OutboxMessage.objects.get(kind=OutboxKind.STAFF)
    assert f"status {status}" in told.content["text"]


# Calls that may have been executed -------------------------------------------------------------------------------


def test_a_call_of_unknown_outcome_is_in_doubt_and_bought_again(
    alice, workspace, endpoint, run_all, settings, monkeypatch
):
    """Garbage, cut connections, 500 and a hang: the hold stays out of reach, and returns to the user at the end."""
    settings.PONDER_CALL_TIMEOUT_S = 3
    monkeypatch.setattr("solver.engine.calls.attempts._DOUBT_BACKOFF_S", 0.1)
    faults = (
        Answer(body="<html>Bad gateway, kind of</html>"),
        Answer(cut=True),
        Answer(cut_within="length"),
        Answer(cut_within="chunked"),
        Answer(status=500),
        Answer(delay_s=120),
    )
    endpoint.behaviour = one_after_the_other(*faults)
    before = balances(workspace).available_nano
    job = submitted(alice, workspace, cents=20)
    run_all()
    assert_answered_and_charged_for_what_was_settled(job, workspace, before)
    doubts = calls_of(job, CallState.IN_DOUBT)
    # The step whose call hung may not be waited for: the others agree meanwhile.
    assert len(faults) <= len(doubts) <= len(faults) + 1
    assert all(
        call.billed_nano == 0 and call.error.startswith(("openai/test", "Abandoned")) for call in doubts
    )
    assert job.charged_nano == job.calls * GOOD_NANO
    again = Call.objects.filter(job_id=job.pk, attempt__gt=1, state=CallState.SETTLED)
    assert again.count() >= 1
    assert len(endpoint.calls) == job.calls + len(doubts)


def test_a_budget_that_lies_in_doubt_is_said_to(alice, workspace, endpoint, run_all, monkeypatch, client):
    """Page, receipt, files and email name the calls that nobody answered; nobody is told to raise the budget for that."""
    monkeypatch.setattr("solver.engine.calls.attempts._DOUBT_BACKOFF_S", 0.1)
    endpoint.behaviour = lambda _: Answer(cut=True)
    before = balances(workspace).available_nano
    job = submitted(alice, workspace, cents=1)
    run_all()
    job.refresh_from_db()
    doubts = calls_of(job, CallState.IN_DOUBT)
    reserved = format_usd_exact(sum(call.hold_nano for call in doubts))
    assert (job.state, job.charged_nano, balances(workspace).available_nano) == (
        JobState.EXHAUSTED,
        0,
        before,
    )
    assert job.error.startswith(f"{reserved} was reserved for {len(doubts)} calls that were never answered")
    assert "Raise it" not in job.error
    client.force_login(alice)
    page = client.get(job.get_absolute_url()).text
    assert f"Never answered: {len(doubts)} calls, reserved and not charged</dt><dd>{reserved}" in page
    mail = compose(OutboxMessage.objects.get(job=job, kind=OutboxKind.ENDED))
    assert f"{reserved} had been reserved for {len(doubts)} calls that nobody answered" in str(mail.body)
    facts = json.loads(client.get(f"{job.get_absolute_url()}export.json").getvalue())
    assert facts["never_answered"] == {"calls": len(doubts), "reserved_usd": reserved.removeprefix("$")}


def test_a_provider_that_hangs_makes_the_job_wait_without_a_charge(
    alice, workspace, endpoint, run_all, settings, monkeypatch
):
    """Three time-outs of a step with no answer meanwhile: the job waits, its doubts reserved, nothing charged."""
    settings.PONDER_CALL_TIMEOUT_S = 3
    monkeypatch.setattr("solver.engine.calls.attempts._DOUBT_BACKOFF_S", 0.1)
    endpoint.behaviour = lambda _: Answer(delay_s=120)
    before = balances(workspace).available_nano
    job = submitted(alice, workspace, cents=20)
    run_all()
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    assert "did not answer within 3 s" in job.error
    doubts = calls_of(job, CallState.IN_DOUBT)
    assert len(doubts) >= 3
    assert job.escrow is not None
    assert job.escrow.held_nano == sum(call.hold_nano for call in doubts)
    assert_user_is_told(alice, job)
    endpoint.behaviour = lambda _: GOOD
    Job.objects.filter(pk=job.pk).update(next_at=timezone.now())
    run_all()
    assert_answered_and_charged_for_what_was_settled(job, workspace, before)


# Replies that came, with a count that did not, or that lies ------------------------------------------------------


def bound_nano(call: Call, output_tokens: int) -> int:
    """The byte bound of what was sent and received."""
    return (call.prompt_bytes + 64) * IN_NANO + output_tokens * OUT_NANO


def test_a_count_that_is_none_is_replaced_by_a_bound(alice, workspace, endpoint, run_all):
    """The reply counts, its usage does not: the user pays at most what its bytes can have cost, flagged for staff."""
    counts: list[dict[str, int] | None] = [
        None,
        {},
        {"prompt_tokens": 0, "completion_tokens": 0},
        {"prompt_tokens": 20, "completion_tokens": 0},  # no output, and yet a text
        {"prompt_tokens": -20, "completion_tokens": 10},
        {"prompt_tokens": 20, "completion_tokens": -10},
        {"prompt_tokens": 20, "completion_tokens": 10**15},
        {"prompt_tokens": 20, "completion_tokens": 10**30},
    ]
    endpoint.behaviour = one_after_the_other(
        *(Answer(f"Answer: {n}", usage=count) for n, count in enumerate(counts))
    )
    before = balances(workspace).available_nano
    job = submitted(alice, workspace)
    run_all()
    assert_answered_and_charged_for_what_was_settled(job, workspace, before)
    flagged = [call for call in calls_of(job, CallState.SETTLED) if call.usage_missing]
    assert {call.provider_ref for call in flagged} == {f"chatcmpl-{n}" for n in range(len(counts))}
    for call in flagged:
        assert call.billed_nano == bound_nano(call, len("Answer: 0") + 1) <= call.hold_nano
        assert (call.overrun_nano, call.usage) == (0, None)
    charged_nano = sum(call.billed_nano for call in flagged)
    assert job.charged_nano == charged_nano + (job.calls - len(counts)) * GOOD_NANO


def test_a_count_that_cannot_be_read_charges_nothing_it_does_not_know(alice, workspace, endpoint, run_all):
    """NaN and the like: the call is settled at its bound or in doubt; the job is answered and the books balance."""
    odd = ('{"prompt_tokens": 20, "completion_tokens": NaN}', '{"prompt_tokens": "x"}', '"many"', "[20, 10]")
    endpoint.behaviour = one_after_the_other(*map(raw, odd))
    before = balances(workspace).available_nano
    job = submitted(alice, workspace)
    run_all()
    assert_answered_and_charged_for_what_was_settled(job, workspace, before)
    flagged = [call for call in calls_of(job, CallState.SETTLED) if call.usage_missing]
    assert len(flagged) + len(calls_of(job, CallState.IN_DOUBT)) == len(odd)
    assert job.charged_nano == (job.calls - len(flagged)) * GOOD_NANO + sum(c.billed_nano for c in flagged)


def test_what_a_provider_counts_is_charged_up_to_the_hold(alice, workspace, endpoint, run_all):
    """Too low or too high, for an empty reply or one that was cut: the count is the bill, and no answer casts no vote."""
    faults = (
        Answer("Answer: 1", usage={"prompt_tokens": 1, "completion_tokens": 1}),
        Answer("Answer: 2", usage={"prompt_tokens": 20, "completion_tokens": 399}),
        Answer("", usage={"prompt_tokens": 20, "completion_tokens": 0}),
        Answer(
            "It may be this.\nAnswer: 3\nBut let me think",
            usage={"prompt_tokens": 20, "completion_tokens": 30},
            finish_reason="length",
        ),
    )
    endpoint.behaviour = one_after_the_other(*faults)
    before = balances(workspace).available_nano
    job = submitted(alice, workspace)
    run_all()
    assert_answered_and_charged_for_what_was_settled(job, workspace, before)
    calls = {call.provider_ref: call for call in calls_of(job, CallState.SETTLED)}
    for number, fault in enumerate(faults):
        call, usage = calls[f"chatcmpl-{number}"], fault.usage
        assert usage is not None
        assert call.billed_nano == usage["prompt_tokens"] * IN_NANO + usage["completion_tokens"] * OUT_NANO
        assert (call.usage_missing, call.overrun_nano) == (False, 0)
        step = job.steps.get(pk=call.pk)
        assert (step.state, step.finish_reason) == ("told", fault.finish_reason)
        assert step.answer == (fault.text.removeprefix("Answer: ") if number < 2 else "")


def test_nothing_but_empty_replies_ends_in_words_not_in_a_loop(alice, workspace, endpoint, run_all):
    """A model that says nothing is paid for what it counted, and the user is told that no answer came."""
    endpoint.behaviour = lambda _: Answer("", usage={"prompt_tokens": 20, "completion_tokens": 0})
    job = submitted(alice, workspace, cents=1)
    run_all()
    job.refresh_from_db()
    assert job.has_ended
    assert job.answer == ""
    assert job.charged_nano == job.calls * 20 * IN_NANO <= job.budget_nano
    browser = Client()
    browser.force_login(alice)
    assert job.stop_reason_words in browser.get(job.get_absolute_url()).content.decode()
