"""Charged usage at Stripe's billing meter: off by default, each ended job once, whatever crashes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import tasks
from billing.models import MeterEvent, StripeCustomer
from billing.payments.meter import stuck_usage
from tests.billing.books import USD, settle


@pytest.fixture
def ended(job, stripe_double):
    """A job that was charged $1.234567891 in two calls, and has ended."""
    for billed in (USD, 234_567_891):
        call, _ = job.hold(2 * USD)
        settle(call, billed)
    job.close()
    return job


def test_nothing_is_exported_without_a_setting(ended, stripe_double):
    """No event, no customer, no request."""
    tasks.export_usage()
    assert (stripe_double.requests, MeterEvent.objects.exists()) == ([], False)


@pytest.mark.parametrize("fault", ["none", "the reply is lost", "Stripe is away"])
def test_an_ended_job_is_exported_once(ended, stripe_double, settings, fault):
    """Its charge in nano-dollars under its own identifier; a crash in between sends the same again."""
    settings.STRIPE_METER_EVENT = "ponder_usage"
    if fault != "none":
        StripeCustomer.objects.create(workspace=ended.workspace, customer="cus_1")
    stripe_double.down = fault == "Stripe is away"
    stripe_double.loses_replies = fault == "the reply is lost"
    tasks.export_usage()
    stripe_double.down = stripe_double.loses_replies = False
    stripe_double.replies.clear()
    for _ in range(3):
        tasks.export_usage()
    identifier = f"job:{ended.job_id}:1"
    [event] = stripe_double.meter_events.values()
    assert (event["identifier"], event["payload"]["value"], event["event_name"]) == (
        identifier,
        "1234567891",
        "ponder_usage",
    )
    assert MeterEvent.objects.get(pk=identifier).sent_at is not None


def test_usage_of_which_nobody_knows_is_not_sent_after_a_day(ended, stripe_double, settings):
    """Stripe has forgotten its identifier by then and would count it twice: a person looks."""
    settings.STRIPE_METER_EVENT = "ponder_usage"
    stripe_double.down = True
    tasks.export_usage()
    stripe_double.down = False
    MeterEvent.objects.update(first_asked_at=timezone.now() - timedelta(days=1))
    tasks.export_usage()
    assert (len(stripe_double.meter_events), stuck_usage().count()) == (0, 1)
