"""The wallet page and its forms, through the HTTP client."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from celery import current_app
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import ResponseError

from accounts.models import Membership, Role
from billing.books.wallet import balances, grant
from billing.cost_review.csv_reply import csv_lines
from billing.models import StripeEvent, TopUp
from billing.payments.topups import start_top_up
from tests.billing.books import USD, settle, start_job
from tests.billing.stripe_double import signature


@pytest.fixture
def unset(settings):
    settings.STRIPE_SECRET_KEY = settings.STRIPE_WEBHOOK_SECRET = ""


def test_the_wallet_shows_what_there_is(alice, job, unset):
    """Available, on hold, spent and every movement, exactly."""
    call, _ = job.hold(2 * USD)
    settle(call, 123_456_789)
    page = alice.get("/wallet/").text
    for shown in ("$15.00", "$9.876543211", "$0.123456789", "−$10.00", "+$20.00", "+$5.00", "trial credit"):
        assert shown in page


def test_what_is_shown_as_available_can_be_spent(alice, job, unset):
    """Header and wallet round down: a job for the amount shown starts."""
    call, _ = job.hold(2 * USD)
    settle(call, 4_000_000)
    job.close()
    page = alice.get("/wallet/").text
    assert "$24.99&nbsp;available" in page
    assert '<p class="figure" id="available">$24.99</p>' in page
    start_job(job.workspace, 24_990_000_000)


def test_the_page_says_what_trial_credit_pays_for(alice, settings, unset):
    """Bundled models only, unless the operator lets it pay for all."""
    assert "bundled models only" in alice.get("/wallet/").text
    settings.PONDER_TRIAL_MODELS = "all"
    assert "bundled models only" not in alice.get("/wallet/").text


def test_a_new_wallet_explains_itself(charlie, settings, unset):
    """Without trial credit the ledger is empty, and says what will be in it."""
    settings.PONDER_TRIAL_CREDIT_NANO = 0
    page = charlie.get("/wallet/").text
    assert "No money has moved yet" in page


def test_without_stripe_the_page_says_what_to_set(alice, stella, unset):
    """The settings by name and the terminal command for staff only; others are told whom to ask."""
    for person, is_staff in ((alice, False), (stella, True)):
        page = person.get("/wallet/").text
        assert "Payments are not available here yet." in page
        for detail in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "manage.py grant"):
            assert (detail in page) is is_staff
        assert ("Contact the operator." in page) is not is_staff
        assert "Pay with Stripe" not in page


def test_with_one_setting_missing_the_page_names_it(stella, settings):
    """Only what is missing is named."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_1", ""
    page = stella.get("/wallet/").text
    assert "STRIPE_WEBHOOK_SECRET" in page
    assert "STRIPE_SECRET_KEY" not in page


def test_owners_of_a_workspace_see_its_wallet_and_nobody_else(alice, bob, charlie, rich, unset):
    """Bob, a member of Alice's workspace, sees its wallet once he is an owner; Charlie sees only their own."""
    assert bob.get("/wallet/").status_code == 403
    Membership.objects.filter(user=bob.user).update(role=Role.OWNER)
    assert "$25.00" in bob.get("/wallet/").text
    assert "$25.00" not in charlie.get("/wallet/").text


@pytest.mark.parametrize("name", ["wallet", "wallet-csv"])
def test_signed_out_people_are_asked_to_sign_in(client, db, name):
    """No money page without a user."""
    response = client.get(reverse(name))
    assert response.status_code == 302
    assert "login" in response.url


def test_the_wallet_needs_few_queries(alice, rich, unset, django_assert_max_num_queries):
    """A full page of movements costs no more queries than an empty one."""
    for number in range(40):
        grant(workspace=rich, amount_nano=number + 1, by=None, reason="gift")
    older = alice.get("/wallet/").text.split('href="?before=')[1].split("#")[0]
    with django_assert_max_num_queries(14):
        page = alice.get(f"/wallet/?before={older}")
    assert "The ledger begins here" in page.text


@pytest.mark.parametrize("page", ["0", "-1", "x", "999999", "1e400", "\0"])
def test_strange_page_numbers_show_some_page(alice, rich, unset, page):
    """No key of a page is an error."""
    assert alice.get("/wallet/", {"before": page}).status_code == 200


def test_the_ledger_downloads_exactly(alice, job):
    """CSV holds every movement as decimal strings, its time in the site's zone; texts can't become formulas."""
    grant(workspace=job.workspace, amount_nano=1, by=None, reason='=HYPERLINK("x")')
    response = alice.get("/wallet/ledger.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [row["amount_usd"] for row in rows] == ["0.000000001", "-10.00", "20.00", "5.00"]
    assert rows[0]["memo"] == '\'=HYPERLINK("x")'
    assert rows[1]["job"] == str(job.job_id)
    assert rows[1]["of_which_trial_usd"] == "-5.00"
    with timezone.override("America/New_York"):
        late = datetime(2026, 12, 1, 3, 30, tzinfo=UTC)
        assert list(csv_lines(["at"], [[late]]))[1] == "2026-11-30T22:30:00-05:00\r\n"
    (_, tiers) = csv.reader(csv_lines(["tiers"], [[[{"service": "flex"}]]]))
    assert json.loads(tiers[0]) == [{"service": "flex"}], "whoever reads a price's tiers needs no Python"


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_text_of_a_download_is_a_formula(start):
    """Not by a plain sign, not by a full-width one, not behind a line break; numbers stay numbers."""
    rows = list(
        csv.reader(io.StringIO("".join(csv_lines(["memo"], [[f"{start}SUM(A1)"], ["-1.50"]])), newline=""))
    )
    assert rows[1:] == [[f"'{start}SUM(A1)"], ["-1.50"]]


def test_a_preset_goes_to_stripe(alice, stripe_double):
    """A chip is a top-up of that amount; the browser goes on to Checkout."""
    response = alice.post("/wallet/top-up/", {"amount": "20"})
    assert (response.status_code, response.url) == (303, "https://checkout.stripe.com/c/pay/cs_0001")
    top_up = TopUp.objects.get()
    assert (top_up.amount_nano, top_up.user, top_up.workspace) == (20 * USD, alice.user, alice.workspace)
    assert stripe_double.sessions["cs_0001"]["success_url"].endswith(f"/wallet/top-up/{top_up.pk}/")
    assert "Pay with Stripe" in alice.get("/wallet/").text


def test_a_custom_amount_is_exact(alice, stripe_double):
    """Cents count."""
    alice.post("/wallet/top-up/", {"amount": "custom", "amount_custom": "$1,234.56"})
    assert TopUp.objects.get().amount_nano == 1_234_560_000_000


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "is empty"),
        ("0", "out of range"),
        ("-5", "is not an amount"),
        ("nan", "is not an amount"),
        ("1e400", "is not an amount"),
        ("0.99", "out of range"),
        ("10000.01", "out of range"),
        ("5.001", "fractions of a cent"),
        ("<b>", "is not an amount"),
        ("9" * 41, "at most 40 characters"),
        ("5\0", "Null characters"),
    ],
)
def test_a_wrong_amount_is_explained_beside_the_field(alice, stripe_double, typed, says):
    """422, the message, what was typed (escaped), and nothing created."""
    response = alice.post("/wallet/top-up/", {"amount": "custom", "amount_custom": typed})
    assert response.status_code == 422
    assert says in response.text
    assert "<b>" not in response.text
    assert not TopUp.objects.exists()
    assert not stripe_double.requests


def test_without_stripe_no_top_up_begins(alice, unset):
    """A form sent anyway is refused with the settings' names, and leaves no row."""
    response = alice.post("/wallet/top-up/", {"amount": "20"})
    assert response.status_code == 503
    assert not TopUp.objects.exists()


def test_an_outage_of_stripe_is_said_on_the_page(alice, stripe_double):
    """The user reads that nothing was charged."""
    stripe_double.down = True
    response = alice.post("/wallet/top-up/", {"amount": "20"})
    assert response.status_code == 503
    assert "Nothing was charged" in response.text


def test_the_return_page_credits_without_a_webhook(alice, stripe_double):
    """Coming back asks Stripe itself; opening the address again credits nothing more."""
    alice.post("/wallet/top-up/", {"amount": "20"})
    top_up = TopUp.objects.get()
    back = reverse("topup-return", args=[top_up.pk])
    assert "on its way" in alice.client.get(back, follow=True).text
    assert f'<a href="{back}">Check now</a>' in alice.get("/wallet/").text
    stripe_double.pay("cs_0001")
    for _ in range(2):
        assert "$20.00 was added to your wallet" in alice.client.get(back, follow=True).text
    assert balances(alice.workspace).wallet_nano == 20 * USD


def test_the_return_page_is_honest(alice, stripe_double):
    """Failed, mismatched and unreachable payments are told apart."""
    alice.post("/wallet/top-up/", {"amount": "20"})
    back = reverse("topup-return", args=[TopUp.objects.get().pk])
    stripe_double.down = True
    assert "Stripe has not answered yet" in alice.client.get(back, follow=True).text
    stripe_double.down = False
    stripe_double.sessions["cs_0001"]["status"] = "expired"
    assert "did not go through" in alice.client.get(back, follow=True).text
    stripe_double.pay("cs_0001")
    stripe_double.sessions["cs_0001"]["amount_total"] = 1
    assert "The operator will look into it" in alice.client.get(back, follow=True).text


def test_a_foreign_top_up_does_not_exist(alice, charlie, stripe_double):
    """404 for Charlie; nothing is asked of Stripe."""
    top_up = start_top_up(
        workspace=alice.workspace, user=alice.user, amount_nano=USD, success_url="x", cancel_url="y"
    )
    stripe_double.requests.clear()
    assert charlie.get(reverse("topup-return", args=[top_up.pk])).status_code == 404
    assert not stripe_double.requests


def test_money_forms_need_the_right_method(alice, stripe_double):
    """No top-up by GET, no webhook by GET."""
    assert alice.get("/wallet/top-up/").status_code == 405
    assert alice.get("/stripe/webhook/").status_code == 405


def test_a_top_up_needs_the_csrf_token(alice, stripe_double):
    """Another site can't start one; the webhook has its signature instead."""
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice.user)
    assert strict.post("/wallet/top-up/", {"amount": "20"}).status_code == 403
    body = stripe_double.event("customer.created", {"id": "cus_1"})
    sent = strict.post(
        "/stripe/webhook/",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature(body)},
    )
    assert sent.status_code == 200


@pytest.mark.parametrize("error", [OperationalError("no broker"), ResponseError("OOM command not allowed")])
def test_a_broker_that_is_away_or_full_does_not_fail_the_webhook(
    client, db, stripe_double, monkeypatch, error
):
    """Without a broker the event is kept and answered; the sweep will find it."""

    def no_broker(*_, **__):
        raise error

    monkeypatch.setattr(current_app, "send_task", no_broker)
    body = stripe_double.event("customer.created", {"id": "cus_1"})
    sent = client.post(
        "/stripe/webhook/",
        body,
        content_type="application/json",
        headers={"Stripe-Signature": signature(body)},
    )
    assert sent.status_code == 200
    assert StripeEvent.objects.filter(processed_at=None).count() == 1


def test_a_debt_is_shown(alice, rich, stripe_double):
    """The page says how much must be added before new jobs can start."""
    alice.post("/wallet/top-up/", {"amount": "50"})
    intent = stripe_double.pay("cs_0001")
    alice.get(reverse("topup-return", args=[TopUp.objects.get().pk]))
    job = start_job(rich, 75 * USD)
    stripe_double.refund(intent, 5000)
    alice.get(reverse("topup-return", args=[TopUp.objects.get().pk]))
    assert "after $50.00 of it had been spent" in alice.get("/wallet/").text
    job.close()
