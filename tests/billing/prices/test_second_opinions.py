"""Second opinions: a settled call's cost by litellm and genai-prices, from the provider's own report, after the fact."""

import json
import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from billing.cost_review.reported_tokens import reported_tokens
from billing.cost_review.second_opinions import check_sample, give_opinions
from billing.models import Call, PriceSource, SecondOpinion
from billing.prices.book import active_price, load_prices, rates_of
from billing.prices.drafts import approve, import_drafts
from billing.prices.warnings import warn
from billing.reconciliation.daily import reconcile
from billing.tasks import check_prices, give_second_opinions
from solver.core.pricing import Usage, cost_nano
from solver.providers.replies.reading import read_reply
from tests.billing.books import USD, settle

PLAIN = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
WRITTEN = {
    "prompt_tokens": 20_100,
    "completion_tokens": 500,
    "total_tokens": 20_600,
    "prompt_tokens_details": {
        "cached_tokens": 0,
        "cache_creation_tokens": 20_000,
        "cache_creation_token_details": {"ephemeral_1h_input_tokens": 20_000, "ephemeral_5m_input_tokens": 0},
    },
    "cache_creation_input_tokens": 20_000,
}


HEARD = {
    "candidates": [{"content": {"parts": [{"text": "42"}]}, "finishReason": "STOP"}],
    "usageMetadata": {
        "promptTokenCount": 1000,
        "candidatesTokenCount": 500,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 100},
            {"modality": "AUDIO", "tokenCount": 900},
        ],
    },
}


@pytest.fixture
def call(job):
    """Settles a call of a model at a cost, with the provider's report."""

    def made(model: str, cost: int, report: dict, **columns) -> Call:
        number, _ = job.hold(USD)
        settle(number, cost, usage=json.dumps(report))
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL session_replication_role = replica"
            )  # no triggers: it is settled already
            Call.objects.filter(pk=number).update(model=model, price=active_price(model), **columns)
            cursor.execute("SET LOCAL session_replication_role = origin")
        return Call.objects.get(pk=number)

    return made


@pytest.mark.parametrize(
    ("model", "usage", "report", "columns"),
    [
        ("openai/gpt-5", Usage(1000, 500), PLAIN, {}),
        (
            "gemini/gemini-2.5-flash",
            Usage(1000, 500, audio_tokens=900),
            read_reply(json.dumps(HEARD).encode(), "gemini").raw_usage,
            {},
        ),
        ("openai/gpt-5", Usage(1000, 500, service="flex"), PLAIN, {"service_tier": "flex"}),
        ("openai/gpt-5", Usage(1000, 500, service="batch"), PLAIN, {"service_tier": "batch"}),
        (
            "anthropic/claude-sonnet-5-5",
            Usage(20_100, 500, 0, 20_000, cache_write_1h_tokens=20_000),
            WRITTEN,
            {},
        ),
        (
            "openai/gpt-6-sol",
            Usage(5000, 200, 0, 4800),
            {
                "input_tokens": 5000,
                "output_tokens": 200,
                "input_tokens_details": {"cache_write_tokens": 4800},
            },
            {},
        ),
    ],
)
def test_three_formulas_agree_on_a_call(call, model, usage, report, columns):
    """Plain tokens, audio, a service tier, an hour's cache write and the Responses API: nobody says anything else."""
    found = call(model, cost_nano(rates_of(active_price(model)), usage), report, **columns)
    assert give_opinions() == 1
    assert give_opinions() == 0, "once a call"
    opinion = SecondOpinion.objects.get(call=found)
    assert {opinion.litellm_nano, opinion.genai_nano} == {found.cost_nano}
    assert (opinion.differs, opinion.shape) == (False, None)


def test_a_misread_report_is_listed_with_both_readings(call, stella):
    """The call was charged without the cached tokens that the report names: the page says so, and by how much."""
    found = call("openai/gpt-5", 6_250_000, PLAIN | {"prompt_tokens_details": {"cached_tokens": 900}})
    give_second_opinions()
    opinion = SecondOpinion.objects.get(call=found)
    assert (opinion.litellm_nano, opinion.genai_nano, opinion.differs) == (5_237_500, 5_237_500, True)
    assert opinion.shape == {"input_tokens": 1000, "output_tokens": 500, "cache_read_tokens": 900}
    page = stella.get("/staff/costs/opinions/").text
    assert "$0.0052375" in page
    assert "cache read tokens 10 / 900" in page
    assert Call.objects.get(pk=found.pk).cost_nano == 6_250_000, "nothing is charged by an opinion"
    heard = read_reply(json.dumps(HEARD).encode(), "gemini").raw_usage
    call("gemini/gemini-2.5-flash", 1_550_000, heard, audio_tokens=900)
    give_second_opinions()
    assert "input audio tokens 900 / 900" in stella.get("/staff/costs/opinions/").text


def test_what_was_priced_here_on_purpose_is_listed_and_nothing_to_do(call, settings):
    """A price of the operator's own, a region's, or the provider's bill in its reply: others differ, and rightly so."""
    import_drafts(["openai"])
    approve("openai/gpt-5-mini", PriceSource.LITELLM, by=None, uplift_bp=1_000)
    settings.PONDER_PRICES = "openai/gpt-5=2/20/128000/16384"
    load_prices()
    call("openai/gpt-5", 12_000_000, PLAIN)
    call("openai/gpt-5-mini", 1_375_000, PLAIN)
    call("openai/gpt-6-sol", 30_000_000, PLAIN | {"cost": 0.03})
    assert give_opinions() == 3
    assert SecondOpinion.objects.filter(differs=True).count() == 3
    found = reconcile().findings["R2 calls"]
    assert found["open"] == 0
    assert "3 differ, 3 of them at a price that was decided here" in found["lines"][0]
    call("openai/gpt-6-sol", 30_000_000, PLAIN)
    give_opinions()
    assert reconcile().findings["R2 calls"]["open"] == 1


def test_an_absurd_report_holds_up_no_other(call):
    """A count that nobody is charged by, and that cannot be, makes litellm reckon more dollars than there are."""
    odd = call(
        "deepseek/deepseek-v4-pro", 1_000, PLAIN | {"completion_tokens_details": {"image_tokens": 2**59}}
    )
    call("openai/gpt-5", 6_250_000, PLAIN)
    assert give_opinions() == 2
    assert SecondOpinion.objects.get(call=odd).differs


def test_only_what_somebody_else_can_price_is_asked_about(call):
    """Not the bundled models, not calls without a report; a model that nobody knows gets no figure and no alarm."""
    call("demo/intern", 5, PLAIN)
    call("openai/gpt-5", 5, PLAIN, usage_missing=True)
    call("openai/gpt-5", 5, PLAIN, finished_at=timezone.now() - timedelta(hours=2))
    own = call("hosted_vllm/mine", 5, PLAIN)
    assert give_opinions() == 1
    opinion = SecondOpinion.objects.get()
    assert (opinion.call_id, opinion.litellm_nano, opinion.genai_nano, opinion.differs) == (
        own.pk,
        None,
        None,
        False,
    )


def test_a_nightly_sample_finds_what_was_missed(call, caplog):
    """Yesterday's calls are looked at again; what differs is in the log."""
    call("openai/gpt-5", 5, PLAIN, finished_at=timezone.now() - timedelta(hours=20))
    with caplog.at_level(logging.WARNING):
        check_prices()
    assert "Of 1 calls of the last day, 1 cost otherwise" in caplog.text
    assert check_sample() == 1


def test_old_lists_and_ended_models_are_in_the_log(db, settings, monkeypatch, caplog):
    """Each night, for those who read no page."""
    monkeypatch.setattr("billing.prices.warnings.is_old", lambda: True)
    settings.PONDER_MODELS = ["openai/gpt-4.1-nano", "openai/gpt-5"]
    with caplog.at_level(logging.WARNING):
        warn()
    assert "prices may have changed since" in caplog.text
    assert (
        "PONDER_MODELS names openai/gpt-4.1-nano, which its provider serves no more since 2026-10-23"
        in caplog.text
    )
    assert "gpt-5," not in caplog.text


def test_a_report_of_odd_shape_is_read_without_a_fault():
    """Whatever a provider sends: counts are whole numbers, and nothing else is one."""
    assert reported_tokens({}) == {"input_tokens": 0, "output_tokens": 0}
    odd = {"prompt_tokens": True, "completion_tokens": "9", "prompt_tokens_details": [1], "cached_tokens": 4}
    assert reported_tokens(odd) == {"input_tokens": 0, "output_tokens": 0, "cache_read_tokens": 4}
