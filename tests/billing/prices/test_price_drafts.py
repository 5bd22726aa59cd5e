"""Drafts of prices: imported beside the book, compared with it and with each other, added to it by one action."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from billing.errors import BillingError
from billing.models import Price, PriceDraft, PriceSource
from billing.prices import book
from billing.prices.book import (
    active_price,
    calling_models,
    ended_models,
    load_prices,
    price_book,
    reasoning_models,
    seeing_models,
)
from billing.prices.comparison import by_class, differences
from billing.prices.drafts import DraftState, approve, draft_lines, import_drafts
from billing.prices.providers import UNLISTED, listed_providers
from billing.prices.shipped_list import fingerprint, shipped_models
from billing.prices.sources import genai, litellm_map
from billing.prices.sources.published import pico
from solver.core.pricing import Window
from tests.billing.ledger.test_races import together

MODEL = "openai/gpt-6-sol"


@pytest.fixture
def drafts(db):
    """Both sources' drafts of two providers."""
    import_drafts(["openai", "cerebras"])


def test_importing_makes_drafts_and_changes_no_price(drafts):
    """Two sources, one row each; importing again replaces them; the book stays as it is, and the list is the map's."""
    book = price_book()
    before = PriceDraft.objects.count()
    assert import_drafts(["cerebras"]) > 0
    assert PriceDraft.objects.count() == before
    assert set(PriceDraft.objects.filter(model=MODEL).values_list("source", flat=True)) == {
        "litellm",
        "genai-prices",
    }
    assert price_book() == book
    lines = {line.model: line for line in draft_lines()}
    assert (lines[MODEL].state, lines[MODEL].sources_agree) == (DraftState.SAME, True)
    assert lines["cerebras/gpt-oss-120b"].state == DraftState.NEW


def test_importing_at_once_is_importing_once(transactional_db):
    """Two clicks, two workers: each waits for the other, and one set of drafts is there."""
    made = together(*[lambda: import_drafts(["cerebras"])] * 4)
    assert made == [PriceDraft.objects.count()] * 4


def test_a_change_is_said_class_by_class(drafts):
    """What the book has and a source changed stands side by side; long prompts and service tiers are classes, too."""
    draft = PriceDraft.objects.get(model=MODEL, source=PriceSource.LITELLM)
    draft.rates |= {"input_pico": 2_100_000}
    draft.rates["tiers"][0] |= {"output_pico": 16_000_000}
    draft.save()
    [line] = draft_lines(search="gpt-6-sol")
    assert line.state == DraftState.CHANGED
    assert line.sources_agree is False
    assert [(each.name, each.before, each.after) for each in line.differences] == [
        ("input", 2_000_000, 2_100_000),
        ("output above 272,000", 15_000_000, 16_000_000),
    ]


def test_approving_adds_a_row_from_a_date_on(drafts, stella):
    """The draft's rates, source, version and approver are the new row's; the old row and its costs stay."""
    by = stella.user
    old = active_price(MODEL)
    PriceDraft.objects.filter(model=MODEL).update(reasons=True, ends="2027-01-31")
    tomorrow = timezone.localdate() + timedelta(days=1)
    new = approve(MODEL, PriceSource.LITELLM, by=by, starts_on=tomorrow)
    assert active_price(MODEL) == old, "it waits for its day"
    assert active_price(MODEL, at=timezone.now() + timedelta(days=2)) == new
    assert (new.approved_by, new.input_pico, new.tiers) == (by, old.input_pico, old.tiers)
    assert new.source.startswith(f"litellm's map {litellm_map.version()}: https://")
    with pytest.raises(BillingError, match="another price from"):
        approve(MODEL, PriceSource.LITELLM, by=by, starts_on=tomorrow)
    with pytest.raises(BillingError, match="cannot begin in the past"):
        approve(MODEL, PriceSource.LITELLM, by=None, starts_on=tomorrow - timedelta(days=2))


def test_an_approved_price_holds_whatever_a_later_list_says(drafts, monkeypatch, caplog):
    """Also one that begins on a day to come; the list's other price is said in the log and waits for a person."""
    later = "openai/gpt-6-luna"
    approved = approve(MODEL, PriceSource.LITELLM, by=None, uplift_bp=1000)
    approve(later, PriceSource.LITELLM, by=None, starts_on=timezone.localdate() + timedelta(days=3))
    listed = active_price(later)
    changed = tuple(
        dataclasses.replace(each, rates=rates, sha256=fingerprint(rates))
        if (rates := each.rates | {"input_pico": 7_000_000}) and each.model in {MODEL, later, "openai/gpt-5"}
        else each
        for each in shipped_models()
    )
    monkeypatch.setattr(book, "shipped_models", lambda: changed)
    assert (load_prices(), load_prices()) == (3, 0)
    assert (active_price(MODEL), active_price(later)) == (approved, listed)
    assert active_price("openai/gpt-5").input_pico == 7_000_000
    assert caplog.text.count("another price of openai/gpt-6-sol than the one that was approved") == 1
    newer = approve(MODEL, PriceSource.LITELLM, by=None)
    assert active_price(MODEL) == newer


def test_what_the_settings_price_is_not_approved(drafts, settings):
    """The next start would set the setting's price again: the message says where to change it."""
    settings.PONDER_PRICES = f"{MODEL}=1/2/1000/100"
    with pytest.raises(BillingError, match="PONDER_PRICES sets the price"):
        approve(MODEL, PriceSource.LITELLM, by=None)


def test_an_approved_model_can_do_what_its_source_says(drafts):
    """Of a provider without a list of ours: limits and abilities that one source lacks are the other's."""
    model = "cerebras/gpt-oss-120b"
    PriceDraft.objects.filter(model=model).update(ends="2026-11-01")
    PriceDraft.objects.filter(model=model, source=PriceSource.LITELLM).update(reasons=True, sees=True)
    said = PriceDraft.objects.get(model=model, source=PriceSource.LITELLM)
    assert said.calls_tools, "as the map says of it"
    price = approve(model, PriceSource.GENAI, by=None)
    of_map = PriceDraft.objects.get(model=model, source=PriceSource.LITELLM).rates
    assert (price.context_window, price.max_output_tokens) == (131_072, of_map["max_output_tokens"])
    now = price_book()
    assert all(model in found for found in (reasoning_models(now), seeing_models(now), calling_models(now)))
    PriceDraft.objects.update(reasons=False, sees=False, calls_tools=False)
    approve(model, PriceSource.LITELLM, by=None)
    now = price_book()
    assert all(
        model not in found for found in (reasoning_models(now), seeing_models(now), calling_models(now))
    )
    assert ended_models()[model].isoformat() == "2026-11-01"


def test_a_regional_uplift_raises_every_rate(drafts):
    """Long prompts and service tiers included, rounded up, and the source says so."""
    plain = by_class(approve(MODEL, PriceSource.LITELLM, by=None).__dict__)
    price = approve(MODEL, PriceSource.LITELLM, by=None, uplift_bp=1_050)
    assert by_class(price.__dict__) == {name: -(-rate * 11_050 // 10_000) for name, rate in plain.items()}
    assert "raised by 10.5 %" in price.source


@pytest.mark.parametrize("is_in_map", [True, False])
def test_what_a_source_does_not_name_is_not_free(drafts, is_in_map):
    """genai-prices knows no fee of a search and no limits: those stay as the map says, else as they are in the book."""
    before = active_price(MODEL)
    assert before.search_nano
    if not is_in_map:
        PriceDraft.objects.filter(source=PriceSource.LITELLM).delete()
    after = approve(MODEL, PriceSource.GENAI, by=None)
    assert by_class(after.__dict__) == by_class(before.__dict__)
    assert (after.search_nano, after.context_window, after.max_output_tokens) == (
        before.search_nano,
        before.context_window,
        before.max_output_tokens,
    )
    assert (
        approve(MODEL, PriceSource.GENAI, by=None, uplift_bp=1_000).search_nano
        == before.search_nano * 11 // 10
    )


@pytest.mark.parametrize("is_of_tier", [False, True])
@pytest.mark.parametrize("field", ["input_pico", "output_pico"])
def test_what_would_be_free_is_not_approved(drafts, field, is_of_tier):
    """A source that names no price, or one of 0, is an accident until a person says otherwise, at any service tier."""
    draft = PriceDraft.objects.get(model=MODEL, source=PriceSource.LITELLM)
    (draft.rates["tiers"][-1] if is_of_tier else draft.rates)[field] = 0
    draft.save()
    with pytest.raises(BillingError, match="would cost nothing"):
        approve(MODEL, PriceSource.LITELLM, by=None)
    assert Price.objects.filter(model=MODEL).count() == 1


def test_the_command_imports_compares_and_approves(db):
    """`manage.py prices import|diff|approve|show` does what the page does."""
    assert "of cerebras." in _run("import", "--provider", "cerebras")
    assert "Changed: 0. Same as in the book: 0. Not in the book: " in _run("diff", "--provider", "cerebras")
    assert "both sources agree" in _run("diff", "cerebras/gpt-oss-120b", "--all")
    approved = _run("approve", "cerebras/gpt-oss-120b", "--uplift-percent", "10")
    assert "raised by 10 %" in approved
    shown = _run("show", "cerebras/gpt-oss-120b")
    assert "raised by 10 %" in shown
    assert "  input: $0.385\n" in shown
    assert "  longest output: " in shown
    assert "→" in _run("diff", "--provider", "cerebras")


SLIPS = [
    (["approve"], "Name the models to approve"),
    (
        ["approve", "cerebras/unheard-of"],
        "has no draft by litellm. Import the prices of its provider first",
    ),
    (["approve", MODEL, "--by", "nobody@example.org"], "No user has the address nobody@example.org"),
    (["approve", MODEL, "--from", "24.12.2026"], "“24.12.2026” is not a day. Write YYYY-MM-DD"),
    (["approve", MODEL, "--from", "2020-01-01"], "cannot begin in the past"),
    *(
        (["approve", MODEL, "--uplift-percent", text], f"“{text[:40]}” is no percentage. Write 0 to 100")
        for text in ("ten", "10%", "12,5", "0.005", "NaN", "sNaN", "Infinity", "1e400000", "")
    ),
    (["approve", MODEL, "--uplift-percent", "101"], "from 0 to 100"),
    (["compare", "--sample", "-3"], "“-3” is no number of prices"),
    (["show", "openai/nope"], "has no price of openai/nope"),
    (["diff", "openai/nope"], "There are no drafts of these models"),
    (["import", "--provider", "opnai"], "Nobody publishes prices of opnai. .* such as .*openai, "),
]
"""Arguments of `manage.py prices`, and what it says."""


def test_the_command_says_what_is_wrong_and_what_to_do(drafts):
    """Nothing is approved by a slip, and no Python shows through."""
    before = Price.objects.count()
    for arguments, said in SLIPS:
        with pytest.raises(CommandError, match=said):
            _run(*arguments)
    assert Price.objects.count() == before


def test_what_is_left_of_a_binary_fraction_is_no_part_of_a_price():
    """Some sources write 1.6000000000000002E-7; a real fraction of a pico-USD is still refused."""
    assert pico(Decimal("1.6000000000000002E-7")) == 160_000
    assert pico(Decimal("9.499999999999999E-7")) == 950_000
    assert pico(0) == 0
    for refused in ("1.6000005E-7", "5E-13", "-1E-20", "NaN"):
        with pytest.raises(ValueError, match="not a whole number"):
            pico(Decimal(refused))


def test_prices_by_length_of_prompts_are_tiers(db):
    """Qwen's are listed by ranges: each is charged from its length on, thinking never below what it costs there."""
    raw = {
        "max_input_tokens": 256_000,
        "tiered_pricing": [
            _range(0, 32_000, 100, 400) | {"output_cost_per_reasoning_token": Decimal("8e-7")},
            _range(32_000, 256_000, 200, 600) | {"output_cost_per_reasoning_token": Decimal("9e-7")},
        ],
    }
    entry = litellm_map.entry("dashscope/q", raw)
    found = entry.rates
    assert entry.notes == ("all output after a long prompt is charged at the rate of reasoning",)
    assert (found["input_pico"], found["output_pico"], found["reasoning_pico"]) == (100_000, 400_000, 800_000)
    assert found["tiers"] == [{"above_prompt_tokens": 32_000, "input_pico": 200_000, "output_pico": 900_000}]
    for begin, end in ((16_000, 256_000), (64_000, 256_000), (32_001, 256_000)):
        broken = raw | {"tiered_pricing": [raw["tiered_pricing"][0], _range(begin, end, 2, 6)]}
        with pytest.raises(ValueError, match="does not follow 32000"):
            litellm_map.entry("dashscope/q", broken)
    import_drafts(["dashscope"])
    assert PriceDraft.objects.filter(
        model="dashscope/qwen-flash", rates__tiers__0__above_prompt_tokens=256_000
    )


def _range(begin: int, end: int, in_nano: int, out_nano: int) -> dict:
    """Return rates, in thousandths of a dollar per million tokens, of prompts of these lengths."""
    return {
        "range": [begin, end],
        "input_cost_per_token": Decimal(in_nano).scaleb(-9),
        "output_cost_per_token": Decimal(out_nano).scaleb(-9),
    }


def test_cheaper_hours_over_midnight_are_those_of_two_days():
    """As DeepSeek's once were: Friday's begin on Friday and end on Saturday."""
    raw = {
        "input_cost_per_token": Decimal("1e-6"),
        "output_cost_per_token": Decimal("2e-6"),
        "off_peak_pricing": {
            "input_cost_per_token": Decimal("5e-7"),
            "windows": [{"hours_utc": "16:30-00:30", "weekdays": [5, 7]}],
        },
    }
    windows = [Window(**each) for each in litellm_map.off_peak_windows(raw)]
    friday = datetime(2026, 11, 27, tzinfo=UTC)
    cheap = {
        hours: any(window.has(friday + timedelta(hours=hours)) for window in windows)
        for hours in (0.25, 16.25, 16.75, 23.75, 24.25, 24.75, 40.75, 64.75, 72.25)
    }
    assert [hours for hours, is_cheap in cheap.items() if is_cheap] == [16.75, 23.75, 24.25, 64.75, 72.25]


@pytest.mark.parametrize(
    "slip",
    [
        {"input_cost_per_token": -1e-6},
        {"input_cost_per_token": "a lot"},
        {"input_cost_per_token": float("nan")},
        {"input_cost_per_token": None},
        {"input_cost_per_token": 1.25},
        {"output_cost_per_token": {}},
        {"cache_read_input_token_cost": "x"},
        {"max_input_tokens": "lots"},
        {"max_input_tokens": -5},
        {"deprecation_date": "soon"},
        {"off_peak_pricing": {"windows": [{"hours_utc": "x"}]}},
        {"search_context_cost_per_query": [1]},
    ],
)
def test_a_price_that_cannot_be_is_no_draft_and_holds_up_no_other(db, slip, monkeypatch):
    """Negative, not a number, in other units, without a class: that model is left out, the rest of the map is read."""
    found = litellm_map.published_map()
    monkeypatch.setattr(
        litellm_map,
        "published_map",
        lambda: {"gpt-5": found["gpt-5"] | slip, "gpt-5-mini": found["gpt-5-mini"], "broken": [1]},
    )
    assert [each.model for each in litellm_map.published(["openai"])] == ["openai/gpt-5-mini"]


def test_the_sources_name_models_as_ponder_does():
    """Of every provider that sources are asked for there is something, under its own name."""
    providers = {*listed_providers(), *UNLISTED}
    of_map = {each.model: each for each in litellm_map.published(providers)}
    of_genai = {each.model: each for each in genai.published(providers, of_map)}
    assert {name.partition("/")[0] for name in of_map | of_genai} == providers
    assert len(of_map.keys() & of_genai.keys()) > 300
    for each in [*of_map.values(), *of_genai.values()]:
        assert all(isinstance(rate, int) and rate >= 0 for rate in by_class(each.rates).values())
    assert differences(of_map[MODEL].rates, of_map[MODEL].rates) == []


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("prices", *arguments, stdout=out)
    return out.getvalue()


def test_a_person_imports_compares_and_approves_on_the_page(drafts, stella, monkeypatch):
    """Changed drafts come first, with both sources' figures; chosen ones or a single source's are approved at once."""
    from billing.views.staff import prices as pages

    asked = []
    monkeypatch.setattr(pages, "wake_worker_for", lambda *what, **_: asked.append(what) or True)
    page = stella.get("/staff/costs/prices/drafts/?provider=openai&state=same").text
    assert "both agree" in page
    assert f"litellm|{MODEL}" in page
    stella.post("/staff/costs/prices/drafts/import/", {"provider": "openrouter"})
    assert asked == [("billing.tasks.import_prices", "openrouter")]
    models = ["cerebras/gpt-oss-120b", "cerebras/llama3.1-8b"]
    sent = {"chosen": [f"litellm|{model}" for model in models], "uplift_percent": "10", "back": "cerebras"}
    reply = stella.post("/staff/costs/prices/drafts/approve/", sent)
    assert reply.url == "/staff/costs/prices/drafts/?provider=cerebras"
    assert [active_price(model).approved_by for model in models] == [stella.user] * 2
    later = stella.get("/staff/costs/prices/drafts/?provider=cerebras").text
    assert "<s>" in later, "what it costs here is struck through beside what the source says"
    stella.post("/staff/costs/prices/drafts/approve/", {"one": f"genai-prices|{MODEL}", "starts_on": "x"})
    stella.post("/staff/costs/prices/drafts/approve/", {"one": f"genai-prices|{MODEL}"})
    assert active_price(MODEL).source.startswith("genai-prices ")
    for wrong in ({}, {"chosen": "nonsense"}, {"chosen": "litellm|no/model"}):
        assert stella.post("/staff/costs/prices/drafts/approve/", wrong).status_code == 302


def test_two_hundred_prices_equal_the_second_source_or_are_explained(capsys):
    """`prices compare` writes each price of the shipped list beside genai-prices', and why one differs."""
    call_command("prices", "compare", "--sample", "200")
    *rows, last = capsys.readouterr().out.splitlines()
    same, explained, unexplained = (int(part.split()[1]) for part in last.split(", "))
    assert (same + explained, unexplained) == (200, 0)
    assert explained * 10 < same
    assert sum(row.startswith(("same", "explained")) for row in rows) == 200
