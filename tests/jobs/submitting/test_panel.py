"""One variable plugs in a provider; unknown prices are refused."""

import struct
from typing import get_args

import pytest

from billing.prices.book import load_prices
from billing.prices.local_models import parse_local_models
from jobs.lifecycle import SubmitError
from jobs.lifecycle.submission.panel import build_panel, panel_for
from solver.checkers import pose
from solver.checkers.recognise import ProblemKind
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
    assert [card.name for card in panel] == ["demo/intern", "demo/thinker", "demo/expert", "demo/writer"]
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
    panel = panel_for(pose("Use 3, 7, 12, 25 to make 58."))
    assert [(card.solves, card.reads) for card in panel] == [(True, False), (False, True), (True, False)]
    assert panel[1].judging_for("countdown")["specificity"] > 0.9


@pytest.mark.parametrize(
    ("problem", "asked"),
    [
        ("Use 3, 7, 12, 25 to make 58.", ["demo/intern", "demo/thinker", "demo/expert"]),
        ("Compute (17 * 4 + 9) mod 13.", ["demo/intern", "demo/thinker", "demo/expert"]),
        ("Explain why the sky is blue.", ["demo/writer"]),
        ("How many legs do three spiders have?", ["demo/writer"]),
        ("Which is a fruit?\n(A) apple\n(B) chair", ["demo/writer"]),
    ],
)
def test_the_kind_of_a_problem_says_which_bundled_models_are_asked(problem, asked):
    """Puzzles go to those that solve puzzles, and everything else to the one that writes."""
    assert [card.name for card in panel_for(pose(problem))] == asked


def test_every_kind_of_problem_has_a_bundled_model():
    """A kind that is new is given to a bundled model, too."""
    panel = build_panel()
    assert all(any(card.solves and card.is_for(kind) for card in panel) for kind in get_args(ProblemKind))


def test_models_of_any_kind_are_asked_beside_those_of_this_kind(monkeypatch, settings):
    """Of a panel with a provider's model, the bundled models still take only what they are for."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0000000000")
    settings.PONDER_MODELS = ["demo/intern", "demo/writer", "openai/gpt-5-mini"]
    assert [card.name for card in panel_for(pose("Why?"))] == ["demo/writer", "openai/gpt-5-mini"]


@pytest.mark.parametrize("where", ["person", "operator"])
def test_named_models_are_asked_whatever_they_are_for(settings, where):
    """A person's choice is kept to, and so is a panel that has nothing else for the problem."""
    settings.PONDER_MODELS = ["demo/expert"] if where == "operator" else []
    names = ["demo/expert"] if where == "person" else []
    assert [card.name for card in panel_for(pose("Why?"), names)] == ["demo/expert"]


def gguf(path, context=4096):
    """Write the head of a GGUF file, with a list and a text before the context's length."""

    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    entries = [
        text(b"general.tags") + struct.pack("<IIQ", 9, 8, 2) + text(b"a") + text(b"b"),
        text(b"general.sizes") + struct.pack("<IIQ3H", 9, 2, 3, 1, 2, 3),
        text(b"general.name") + struct.pack("<I", 8) + text(b"Mine"),
        text(b"llama.context_length") + struct.pack("<II", 4, context),
    ]
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries))
    return str(path)


def local_models(paths, most_context=8192):
    return parse_local_models(paths, most_context=most_context)


def test_a_file_is_a_model_of_the_panel(settings, tmp_path):
    """It takes the bundled models' place, with a price, the context of its file, and the address of its server."""
    settings.PONDER_GGUF = local_models([gguf(tmp_path / "My model (v2).gguf")])
    load_prices()
    [card] = panel_for(pose("Why?"))
    assert (card.name, card.litellm_model) == ("local/My-model-v2", "openai/My-model-v2")
    assert (card.context_window, card.max_output_tokens) == (4096, 2048)
    assert card.rates.input_pico > 0 < card.rates.output_pico
    assert card.api_base.endswith("/local.sock")
    assert card.writes
    assert not card.bundled


def test_a_file_may_have_a_price_and_stand_beside_others(monkeypatch, settings, tmp_path):
    """PONDER_PRICES replaces the default, and a provider's models join; PONDER_GGUF_CONTEXT limits the context."""
    settings.PONDER_GGUF = local_models([gguf(tmp_path / "a.gguf"), gguf(tmp_path / "b.gguf")], 1024)
    settings.PONDER_PRICES = "local/a=3/4/2000/1000"
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-0000000000")
    load_prices()
    panel = {card.name: card for card in build_panel()}
    assert panel["local/a"].rates.output_pico == 4_000_000
    assert panel["local/b"].context_window == 1024
    assert any(name.startswith("deepseek/") for name in panel)


def test_a_local_model_without_its_file_is_told(settings):
    """A name in PONDER_MODELS alone serves nothing."""
    settings.PONDER_MODELS = ["local/a"]
    settings.PONDER_PRICES = "local/a=3/4/2000/1000"
    load_prices()
    with pytest.raises(SubmitError, match="PONDER_GGUF has none"):
        build_panel()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"a\.gguf cannot be read \(no such file"),
        (b"hello", "is not a GGUF file"),
        (b"GGUF\x03\x00", "is damaged"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 1), "version 9"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "does not say how long"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**60), "is damaged"),
    ],
)
def test_a_file_that_is_no_model_is_told_at_start(tmp_path, content, said):
    """The message names setting and file, and says what to set."""
    path = tmp_path / "a.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=f"PONDER_GGUF: .*{said}.* Set it to the paths of GGUF files"):
        local_models([str(path)])


def test_two_files_of_one_name_are_told(tmp_path):
    """Otherwise one would answer for the other."""
    (tmp_path / "b").mkdir()
    with pytest.raises(ValueError, match="two files would both be local/a"):
        local_models([gguf(tmp_path / "a.gguf"), gguf(tmp_path / "b" / "a.gguf")])


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
