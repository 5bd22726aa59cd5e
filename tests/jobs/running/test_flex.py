"""Jobs that may wait, through the real worker and ledger: half price, refusals, and what their pages say."""

import pytest
from django.urls import reverse

from billing.models import Call, CallState
from jobs.core.options import JobOptions
from jobs.core.states import JobState
from jobs.models import Job
from solver.core.money import NANO_PER_CENT
from tests.support.flex import price_with_flex, refusing
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

HALF_NANO = (20 * 1_000 + 10 * 2_000) // 2


@pytest.fixture
def job(alice, workspace, endpoint, monkeypatch) -> Job:
    """A job that may wait, whose refused calls are replayed at once."""
    monkeypatch.setattr("solver.engine.calls.service_tier.PATIENCE_S", 0.0)
    price_with_flex()
    return submit_for(
        alice,
        "What is 6 times 7?",
        budget_nano=5 * NANO_PER_CENT,
        strategy="vote",
        options=JobOptions(may_wait_s=43_200),
    )


def test_a_refused_call_is_void_and_its_step_is_bought_once(job, endpoint, run_all, client, alice):
    """Held at its tier’s price, refused for nothing, made again at the standard one; the receipt says what was half."""
    endpoint.behaviour = refusing(lambda number: number == 1)
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42")
    calls = list(Call.objects.filter(job_id=job.pk).exclude(step_key__startswith="write-up"))
    fates = [(call.asked_tier, call.state, call.service_tier, call.billed_nano) for call in calls]
    assert fates.count(("flex", CallState.VOID, "", 0)) == 1
    assert fates.count(("", CallState.SETTLED, "", 2 * HALF_NANO)) == 1
    served = [call for call in calls if call.service_tier == "flex"]
    assert fates.count(("flex", CallState.SETTLED, "flex", HALF_NANO)) == len(served) == len(calls) - 2
    [refused], [replay] = ([call for call in calls if call.state == CallState.VOID],
                           [call for call in calls if not call.asked_tier])  # fmt: skip
    assert replay.step_key == refused.step_key
    assert replay.attempt == refused.attempt + 1
    assert 0 < refused.hold_nano < replay.hold_nano
    assert job.charged_nano == sum(call.billed_nano for call in Call.objects.filter(job_id=job.pk))
    client.force_login(alice)
    page = client.get(job.get_absolute_url()).content.decode()
    assert f"{len(served)} of them at half price, flex" in page


def test_a_tier_that_is_not_served_is_charged_at_most_the_hold(job, endpoint, run_all):
    """A provider may serve at the standard tier what was asked for at half price: the user pays no more than was held."""
    behaviour = refusing(lambda _: False)

    def dearer(call):
        answer = behaviour(call)
        answer.service_tier = "default"
        answer.usage = {"prompt_tokens": 100, "completion_tokens": 400, "total_tokens": 500}
        return answer

    endpoint.behaviour = dearer
    run_all()
    job.refresh_from_db()
    calls = Call.objects.filter(job_id=job.pk, asked_tier="flex", state=CallState.SETTLED)
    assert calls
    assert all(call.cost_nano == 100 * 1_000 + 400 * 2_000 for call in calls)
    assert all(call.billed_nano <= call.hold_nano for call in calls)
    assert job.charged_nano <= job.budget_nano


def test_the_form_offers_both_where_waiting_is_cheaper(alice, endpoint, client):
    """Without such a price nothing is asked; with one the quote says what waiting would buy, whatever is chosen."""
    form = {"problem": "What is 6 times 7?", "budget": "0.05"}
    assert 'name="may_wait"' not in client.get(reverse("job-new")).content.decode()
    price_with_flex()
    assert 'name="may_wait"' in client.get(reverse("job-new")).content.decode()
    for chosen in ("", "43200"):
        said = client.post(reverse("job-quote"), form | {"may_wait": chosen}).content.decode()
        assert "By tonight: up to" in said
        assert "within minutes: up to" in said
    client.force_login(alice)
    refused = client.post(reverse("job-new"), form | {"may_wait": "7"})
    assert refused.status_code == 422
    assert "Choose one of" in refused.content.decode()
    assert client.post(reverse("job-new"), form | {"may_wait": "43200"}).status_code == 302
    made = Job.objects.get()
    assert made.options == {"may_wait_s": 43_200}
    assert [card["service"] for card in made.pinned["panel"]] == ["flex"]
    assert (
        'value="43200" id="id_may_wait_43200" checked'
        in client.get(f"{reverse('job-new')}?from={made.pk}").content.decode()
    )
