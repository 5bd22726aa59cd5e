"""The price book: what is listed can run, rows are only ever added, and old costs stay what they were."""

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.models import Price, PriceStatus
from billing.prices import book as prices
from billing.prices import checks as price_checks
from billing.prices import shipped_list as price_list
from billing.prices.book import (
    active_price,
    calling_models,
    default_panel,
    load_prices,
    price_book,
    rates_of,
    reviewed_at,
    shipped_models,
)
from billing.prices.checks import check_price_list
from billing.prices.setting import parse_prices
from billing.prices.sources.litellm_map import ponder_name, published_map
from billing.views.staff import prices as price_pages
from solver.core.models import ModelCard
from solver.core.pricing import Usage, bound_nano, cost_nano
from tests.billing.books import USD, call_of, settle
from tests.solver.simulated import card as simulated_card

PROVIDERS = {"demo", "openai", "anthropic", "gemini", "deepseek", "mistral", "xai", "groq"}


def test_the_shipped_list_is_in_force(db):
    """Every model of the list has an active price with limits, from the list's date."""
    book = price_book()
    assert {shipped.model for shipped in shipped_models()} <= set(book)
    assert {price.provider for price in book.values()} >= PROVIDERS
    for price in book.values():
        assert price.status == PriceStatus.ACTIVE
        assert 0 < price.max_output_tokens <= price.context_window
        assert price.source.startswith("price list 20")
        assert price.effective_from <= timezone.now()


def test_each_provider_has_a_panel_of_sensible_models(db):
    """Default panels are ordered weak to strong, and everyone on them can run."""
    assert default_panel(["demo"]) == ["demo/intern", "demo/thinker", "demo/expert", "demo/writer"]
    for provider in PROVIDERS:
        panel = default_panel([provider])
        assert 2 <= len(panel) <= 4
        costs = [active_price(model).output_pico for model in panel]
        assert costs == sorted(costs)
    assert default_panel([]) == []


def test_models_past_their_end_are_said_and_not_chosen(stella, settings, monkeypatch):
    """What a provider serves no more is on no default panel, and a warning on the page and at the start."""
    ended = tuple(
        dataclasses.replace(each, ends=date(2026, 11, 1)) if each.model == "openai/gpt-6-luna" else each
        for each in shipped_models()
    )
    monkeypatch.setattr(price_list, "shipped_models", lambda: ended)
    assert "openai/gpt-6-luna" not in default_panel(["openai"])
    assert "openai/gpt-6-luna (since 2026-11-01)" in stella.get("/staff/costs/prices/").text
    settings.PONDER_MODELS = ["openai/gpt-6-luna"]
    assert "billing.W003" in [found.id for found in check_price_list()]
    settings.PONDER_MODELS = []
    assert "billing.W003" not in [found.id for found in check_price_list()]


def test_a_fresh_installation_has_no_model_that_had_ended(stella):
    """What ended before the list was reviewed is named in it without a price, for those whose settings name it."""
    assert [each.model for each in shipped_models() if each.ends and each.ends <= reviewed_at().date()] == []
    assert {"openai/gpt-4.1-nano", "deepseek/deepseek-chat"} <= price_list.listed_ended_models().keys()
    assert "serve these models no more" not in stella.get("/staff/costs/prices/").text


def test_an_old_list_is_said(stella, monkeypatch):
    """Prices change: a list that nobody reviewed for two months is a warning on the page and at the start."""
    for days, is_old in ((59, False), (61, True)):
        reviewed = timezone.now() - timedelta(days=days)
        for module in (price_list, price_checks, price_pages):
            monkeypatch.setattr(module, "reviewed_at", lambda reviewed=reviewed: reviewed)
        assert ("prices may have changed" in stella.get("/staff/costs/prices/").text) is is_old
        assert ("billing.W002" in [found.id for found in check_price_list()]) is is_old


def test_names_carry_their_provider(db):
    """A model is named as litellm routes it, and known by its family."""
    for shipped in shipped_models():
        assert shipped.model.startswith(f"{shipped.provider}/")
        assert shipped.family
        assert len(shipped.sha256) == 64
    assert prices.is_bundled("demo/intern")
    assert not prices.is_bundled("openai/demo")


def test_who_always_thinks_is_given_room_for_it():
    """A model of which the map says that it always thinks is listed as one that does, whatever its family."""
    published = published_map().items()
    always = {ponder_name(name, raw) for name, raw in published if raw.get("thinking_always_on")}
    listed = {each.model: each.reasons for each in shipped_models() if each.model in always}
    assert {"anthropic/claude-opus-5-5", "anthropic/claude-mythos-5-1"} <= listed.keys()
    assert all(listed.values())


def test_the_bundled_models_cost_what_the_operator_says(db):
    """About 0.05 and 0.4 cents for a call of the mean length that demo_model/weights/evaluation.json reports."""
    assert (
        cost_nano(rates_of(active_price("demo/intern")), Usage(input_tokens=20, output_tokens=45)) == 505_000
    )
    assert (
        cost_nano(rates_of(active_price("demo/expert")), Usage(input_tokens=20, output_tokens=75))
        == 3_790_000
    )


def test_long_prompts_and_caches_have_their_rates(db):
    """Tiers and cache rates of the list reach the cost formula."""
    rates = rates_of(active_price("gemini/gemini-2.5-pro"))
    assert (rates.input_pico, rates.output_pico, rates.cache_read_pico) == (1_250_000, 10_000_000, 125_000)
    assert [tier.above_prompt_tokens for tier in rates.tiers if not tier.service] == [200_000]
    assert cost_nano(rates, Usage(input_tokens=200_001, output_tokens=1)) == -(
        -(200_001 * 2_500_000 + 15_000_000) // 1000
    )
    assert cost_nano(rates, Usage(input_tokens=1, cache_read_tokens=1)) == 125


@pytest.mark.parametrize(
    ("model", "at", "nano"),
    [
        ("deepseek/deepseek-v4-pro", "2026-11-29T15:15", 1_930_720),  # a Sunday
        ("deepseek/deepseek-v4-pro", "2026-11-30T05:59", 1_930_720),
        ("deepseek/deepseek-v4-pro", "2026-11-30T06:00", 3_861_440),
        ("deepseek/deepseek-v4-pro", "2026-11-30T11:30+01:30", 1_930_720),  # 10:00 in UTC
        ("openai/gpt-5", "2026-11-29T15:15", 8_870_000),
    ],
)
def test_a_call_costs_what_its_hour_costs(db, model, at, nano):
    """DeepSeek halves its prices outside peak hours; the hold is still made for the dearest hour."""
    rates = rates_of(active_price(model))
    usage = Usage(3000, 800, cache_read_tokens=2560)
    moment = datetime.fromisoformat(at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    assert cost_nano(rates, usage, at=moment) == nano
    assert cost_nano(rates, usage, at=moment) <= bound_nano(rates, prompt_tokens=3000, max_output_tokens=800)
    card = dataclasses.replace(simulated_card("demo/a"), rates=rates)
    assert ModelCard.from_json(json.loads(json.dumps(card.as_json()))).rates == rates


@pytest.mark.parametrize("shipped", shipped_models(), ids=lambda shipped: shipped.model)
def test_no_cost_exceeds_its_bound(shipped, db):
    """For each listed model a call's bound is at least its cost, at the bounds and just above each tier."""
    rates = rates_of(active_price(shipped.model))
    for tokens in [1, 1000, *(tier.above_prompt_tokens + 1 for tier in rates.tiers)]:
        for written, for_an_hour in ((0, 0), (tokens, 0), (tokens, tokens)):
            usage = Usage(tokens, 77, 0, written, 70, cache_write_1h_tokens=for_an_hour)
            assert cost_nano(rates, usage) <= bound_nano(rates, prompt_tokens=tokens, max_output_tokens=77)


@pytest.mark.parametrize(
    ("usage", "nano"),
    [
        (Usage(20_100, 500, cache_write_tokens=20_000), 55_200_000),
        (Usage(20_100, 500, cache_write_tokens=20_000, cache_write_1h_tokens=20_000), 85_200_000),
        (Usage(20_100, 500, 4_000, 16_000, 100, cache_write_1h_tokens=10_000), 60_600_000),
        (Usage(20_100, 500), 45_200_000),
    ],
)
def test_what_is_written_to_the_cache_costs_by_how_long_it_stays(db, usage, nano):
    """Anthropic asks 1.25 times the input's price for five minutes and twice it for an hour; a hold covers the dearer."""
    rates = rates_of(active_price("anthropic/claude-sonnet-5-5"))
    assert cost_nano(rates, usage) == nano
    assert nano <= bound_nano(rates, prompt_tokens=20_100, max_output_tokens=500)


@pytest.mark.parametrize(
    ("service", "tokens", "nano"),
    [
        ("", 1_000, 6_250_000),
        ("flex", 1_000, 3_125_000),
        ("priority", 1_000, 12_500_000),
        ("unheard-of", 1_000, 6_250_000),
    ],
)
def test_a_call_costs_what_its_service_tier_costs(db, service, tokens, nano):
    """What the reply names decides; a tier without a price is charged as the standard one."""
    rates = rates_of(active_price("openai/gpt-5"))
    usage = Usage(tokens, 500, service=service)
    assert cost_nano(rates, usage) == nano
    assert rates.worst_output_pico() == rates.output_pico, "calls ask for the standard tier"


def test_a_long_prompt_under_a_service_tier_has_its_own_rates(db):
    """The reply's tier and the prompt's size decide together."""
    rates = rates_of(active_price("openai/gpt-6-sol"))
    short, long = (cost_nano(rates, Usage(tokens, 0, service="priority")) for tokens in (272_000, 272_001))
    assert (short, long) == (272_000 * 4_000, 272_001 * 8_000)


def test_loading_again_adds_nothing(db):
    """Migrating twice, or starting ten processes, leaves one row each."""
    before = Price.objects.count()
    assert load_prices() == 0
    assert Price.objects.count() == before


def test_changed_rates_append_a_row_and_keep_old_costs(job, monkeypatch):
    """A new list adds a price from now on; the call that was settled keeps its cost and its price."""
    call, _ = job.hold(USD)
    settle(call, 495_000)
    before = active_price("demo/intern")
    _ship(monkeypatch, "demo/intern", input_pico=2_000_000)
    assert load_prices() == 1
    assert load_prices() == 0
    after = active_price("demo/intern")
    assert (before.input_pico, after.input_pico) == (500_000, 2_000_000)
    assert active_price("demo/intern", at=after.effective_from - timedelta(seconds=1)) == before
    assert (call_of(call).cost_nano, call_of(call).price_id) == (495_000, before.pk)


def test_a_price_of_zero_is_none(alice):
    """However it came into the book, the model cannot run, and the form says so instead of failing."""
    listed = Price.objects.get(model="demo/intern")
    Price.objects.filter(model="demo/intern").update(status=PriceStatus.RETIRED)
    listed.pk, listed.effective_from = None, timezone.now()
    listed.input_pico = listed.output_pico = 0
    listed.save(force_insert=True)
    assert active_price("demo/intern") is None
    assert "demo/intern" not in price_book()
    sent = {"problem": "What is 6 times 7?", "budget": "0.10", "models": ["demo/intern"]}
    for url in ("/jobs/new/", "/jobs/quote/"):
        reply = alice.post(url, sent)
        assert reply.status_code < 500
        assert "has no approved price, so it cannot run" in reply.text


def test_a_price_of_the_future_waits(db):
    """A row holds from its own moment on."""
    row = Price.objects.get(model="demo/intern")
    row.pk, row.effective_from, row.input_pico = None, timezone.now() + timedelta(days=1), 7
    row.save(force_insert=True)
    assert active_price("demo/intern").input_pico == 500_000
    assert active_price("demo/intern", at=timezone.now() + timedelta(days=2)).input_pico == 7


def test_unknown_drafts_and_retired_models_cannot_run(db):
    """No active row: no price, so no call."""
    assert active_price("openai/unheard-of") is None
    Price.objects.filter(model="demo/intern").update(status=PriceStatus.RETIRED)
    Price.objects.filter(model="demo/expert").update(status=PriceStatus.DRAFT)
    assert not {"demo/intern", "demo/expert"} & set(price_book())


def test_the_setting_prices_ones_own_models(db, settings):
    """PONDER_PRICES adds models, beats the list, and takes its prices back when it changes."""
    settings.PONDER_PRICES = "openai/mine=0.10/0.40/128000/16384, demo/intern=1/2/2048/512"
    assert load_prices() == 2
    mine = active_price("openai/mine")
    assert (mine.input_pico, mine.output_pico, mine.context_window, mine.max_output_tokens) == (
        100_000,
        400_000,
        128_000,
        16_384,
    )
    assert active_price("demo/intern").output_pico == 2_000_000
    assert load_prices() == 0
    settings.PONDER_PRICES = "openai/mine=0.20/0.40/128000/16384"
    assert load_prices() == 1
    assert active_price("openai/mine").input_pico == 200_000
    assert active_price("demo/intern").output_pico == 11_000_000
    settings.PONDER_PRICES = ""
    load_prices()
    assert active_price("openai/mine") is None
    assert Price.objects.filter(model="openai/mine").count() == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("openai/mine", "“openai/mine” is not a price"),
        ("=1/2/3/4", "is not a price"),
        ("a b=1/2/3000/4", "is not a price"),
        ("m=1/2/3000", "is not a price"),
        ("m=1/2/3000/400/5", "is not a price"),
        ("m=1/2/3000/reasons", "is not a price"),
        ("m=-1/2/3000/400", "“-1” of m is not an amount"),
        ("m=nan/2/3000/400", "“nan” of m is not an amount"),
        ("m=1e400/2/3000/400", "not an amount"),
        ("m=0.1234567/2/3000/400", "at most six decimals"),
        ("m=0/0.0/3000/400", "m is priced at 0, so that no budget would ever end a job"),
        ("m=1/2/0/400", "“0” of m is not a number of tokens"),
        ("m=1/2/3000/4.5", "not a number of tokens"),
        ("m=1/2/3000/4000", "cannot write more (4000) than its context holds (3000)"),
        ("m=1/2/3000/400,m=1/2/3000/400", "“m” is named twice"),
        ("m=1/2/3000/400\0", "not a number of tokens"),
        ("m=1/2/3000/400/batch", "“batch” of m is not the one price of a service tier"),
        ("m=1/2/3000/400/batch:1", "“batch:1” of m is not the one price"),
        ("m=1/2/3000/400/flex:1:2/flex:1:2", "“flex:1:2” of m is not the one price"),
        ("m=1/2/3000/400/flex:1:x", "“x” of m is not an amount"),
        ("m=1/2/3000/400/batch:0:0", "batch of m is priced at 0"),
        ("m=1/2/3000/400/priority:1:2", "is not a price"),
        ("ollama/qwen3:8b", "is not a price"),
    ],
)
def test_a_wrong_setting_says_what_to_write(text, says):
    """The message names the setting, the part that is wrong and what is expected."""
    with pytest.raises(ValueError, match="PONDER_PRICES") as caught:
        parse_prices(text)
    assert says in str(caught.value)


def test_calls_that_can_wait_have_a_price_of_their_own(db, settings):
    """What `flex` and `batch` cost stands beside the standard price, and bounds the calls that ask for them."""
    settings.PONDER_PRICES = "openai/mine=0.10/0.40/128000/16384/tools/batch:0.05:0.20/flex:0.06:0.25"
    assert load_prices() == 1
    assert load_prices() == 0
    rates = rates_of(active_price("openai/mine"))
    asked = {service: rates.asked_at(service) for service in ("", "flex", "batch")}
    assert {name: (each.input_pico, each.output_pico) for name, each in asked.items()} == {
        "": (100_000, 400_000),
        "flex": (60_000, 250_000),
        "batch": (50_000, 200_000),
    }
    assert "openai/mine" in calling_models(price_book())


def test_a_server_without_a_bill_is_priced_by_name(db, settings):
    """Nobody's bill is no price of 0: `local` names the decision, and electricity stands for it."""
    settings.PONDER_PRICES = "hosted_vllm/mine=local/8192/4096/reasons"
    assert load_prices() == 1
    mine = active_price("hosted_vllm/mine")
    assert (mine.input_pico, mine.output_pico, mine.max_output_tokens) == (200_000, 2_000_000, 4_096)
    with pytest.raises(ValueError, match="write m=local/3000/400 for a server of your own"):
        parse_prices("m=0/0/3000/400")


def test_an_empty_setting_prices_nothing():
    """Blank parts are no models."""
    assert parse_prices("") == parse_prices(" , ") == []


def test_the_command_lists_checks_and_loads(db, settings):
    """`manage.py prices` shows the book; --check fails until --load has added what is missing."""
    assert "demo/intern" in _run()
    assert "Models that can run: " in _run("--check")
    settings.PONDER_PRICES = "openai/mine=0.10/0.40/128000/16384"
    with pytest.raises(CommandError, match=r"lacks current prices for openai/mine\. Run"):
        _run("--check")
    assert "New prices: 1." in _run("--load")
    assert "$0.10" in _run("--check")
    settings.PONDER_PRICES = "nonsense"
    with pytest.raises(CommandError, match="not a price"):
        _run("--load")


def test_the_list_is_made_of_whole_numbers():
    """No rate of the shipped file is a fraction."""
    json.loads(price_list.PATH.read_text(encoding="utf-8"), parse_float=_no_fraction)


def _no_fraction(text: str) -> None:
    raise AssertionError(f"{text} is not whole")


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("prices", *arguments, stdout=out)
    return out.getvalue()


def _ship(monkeypatch, model: str, **rates: int) -> None:
    changed = []
    for shipped in shipped_models():
        if shipped.model == model:
            new = shipped.rates | rates
            shipped = price_list.ShippedModel(  # noqa: PLW2901
                model,
                shipped.provider,
                shipped.family,
                shipped.is_panel,
                shipped.source,
                new,
                price_list.fingerprint(new),
            )
        changed.append(shipped)
    monkeypatch.setattr(prices, "shipped_models", lambda: tuple(changed))
