"""One variable plugs in a provider; unknown prices are refused."""

import pytest

from billing.prices.book import load_prices
from jobs.lifecycle import SubmitError
from jobs.lifecycle.panel import build_panel
from solver.providers.environment import configured_variables, load_key_files

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_provider(monkeypatch, settings):
    for variable in list(configured_variables().values()):
        monkeypatch.delenv(variable)
    settings.PONDER_MODELS = []
    settings.PONDER_PRICES = ""
    load_prices()


def test_without_a_provider_the_bundled_models_form_the_panel():
    """Weak to strong, reached over their sockets, with an output limit and a price each."""
    panel = build_panel()
    assert [card.name for card in panel] == ["demo/intern", "demo/thinker", "demo/expert"]
    assert all(
        card.bundled and card.api_base.startswith("unix:") and card.rates.output_pico for card in panel
    )


def test_an_unknown_demo_model_is_answered_by_no_other(settings):
    """A priced name that is not bundled is refused with the setting that would say where it listens."""
    settings.PONDER_MODELS = ["demo/other"]
    settings.PONDER_PRICES = "demo/other=1/2/8000/400"
    load_prices()
    with pytest.raises(SubmitError, match="DEMO_OTHER_URL"):
        build_panel()


def test_the_thinker_examines_what_the_others_answer():
    """It alone reads candidates, and how it judges is told by kind of problem; the others try."""
    panel = build_panel()
    assert [(card.solves, card.reads) for card in panel] == [(True, False), (False, True), (True, False)]
    assert panel[1].judging_for("countdown")["specificity"] > 0.9


@pytest.mark.parametrize(
    ("variable", "prefix"),
    [("OPENAI_API_KEY", "openai/"), ("ANTHROPIC_API_KEY", "anthropic/"), ("GEMINI_API_KEY", "gemini/")],
)
def test_a_key_brings_that_providers_models(monkeypatch, variable, prefix):
    """One variable is enough; every model has a price and limits."""
    monkeypatch.setenv(variable, "sk-0000000000")
    panel = build_panel()
    assert len(panel) >= 2
    assert all(card.name.startswith(prefix) and not card.bundled for card in panel)
    assert all(card.rates.output_pico > 0 and card.max_output_tokens >= card.output.q50 for card in panel)


def test_two_keys_bring_two_families(monkeypatch):
    """Errors of one family agree, so another one is worth having."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0000000000")
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-0000000000")
    assert {card.family for card in build_panel()} == {"openai", "deepseek"}


def test_named_models_are_used_exactly(settings):
    """PONDER_MODELS is the panel, and nothing else may be asked for."""
    settings.PONDER_MODELS = ["demo/intern"]
    assert [card.name for card in build_panel()] == ["demo/intern"]
    with pytest.raises(SubmitError, match="Choose from: demo/intern"):
        build_panel(["demo/expert"])


def test_an_own_server_needs_a_price_and_no_key(monkeypatch, settings):
    """Any OpenAI-compatible address works once its model has a price."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    settings.PONDER_MODELS = ["openai/mine"]
    with pytest.raises(SubmitError, match="PONDER_PRICES"):
        build_panel()
    settings.PONDER_PRICES = "openai/mine=0.10/0.40/128000/16384"
    load_prices()
    [card] = build_panel()
    assert (card.api_base, card.rates.input_pico, card.rates.output_pico) == (
        "http://127.0.0.1:9/v1",
        100_000,
        400_000,
    )


def test_whether_a_model_thinks_out_of_sight_is_said_and_not_guessed(monkeypatch, settings):
    """The price list says so, or PONDER_PRICES does; a name that sounds like it says nothing."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    settings.PONDER_MODELS = [
        "demo/thinker", "openai/gpt-4.1-mini", "openai/gpt-5-mini", "openai/thinking-r1", "openai/plain",
    ]  # fmt: skip
    settings.PONDER_PRICES = "openai/thinking-r1=1/2/8000/400, openai/plain=1/2/8000/400/reasons"
    load_prices()
    assert [card.reasons for card in build_panel()] == [True, False, True, False, True]


def test_keys_may_come_from_files(tmp_path):
    """`X_FILE` sets `X`; a file that cannot be read is named."""
    path = tmp_path / "key"
    path.write_text("sk-from-a-file\n")
    environ = {"OPENAI_API_KEY_FILE": str(path)}
    load_key_files(environ)
    assert environ["OPENAI_API_KEY"] == "sk-from-a-file"
    with pytest.raises(ValueError, match="OPENAI_API_KEY_FILE"):
        load_key_files({"OPENAI_API_KEY_FILE": str(tmp_path / "absent")})
