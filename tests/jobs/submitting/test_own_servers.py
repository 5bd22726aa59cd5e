"""Servers of the operator's own: one variable each, models and contexts from the server, a price for electricity."""

from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from billing.models import Price
from billing.prices.book import load_prices, price_book
from jobs.core.states import JobState
from jobs.lifecycle.submission.panel import build_panel, model_names
from solver.core.money import NANO_PER_CENT
from solver.providers.environment import check_base_urls, configured_variables
from tests.support.endpoint import Answer, Endpoint
from tests.support.people import submit_for

pytestmark = pytest.mark.django_db(transaction=True)

ELECTRICITY = (200_000, 2_000_000)
OLLAMA = {
    "/v1/models": {"data": [{"id": "qwen3:8b"}, {"id": "nomic-embed"}]},
    "/api/ps": {"models": []},
    "/api/show": {
        "qwen3:8b": {
            "capabilities": ["completion", "thinking", "tools"],
            "model_info": {"qwen3.context_length": 40_960},
        },
        "nomic-embed": {"capabilities": ["embedding"], "model_info": {"nomic.context_length": 2_048}},
    },
}
VLLM = {"/v1/models": {"data": [{"id": "Qwen/Qwen3-8B", "max_model_len": 32_768}]}}
LLAMA_CPP = {"/v1/models": {"data": [{"id": "gemma", "meta": {"n_ctx": 8_192, "n_ctx_train": 131_072}}]}}
OLD_LLAMA_CPP = {
    "/v1/models": {"data": [{"id": "gemma", "meta": {"n_ctx_train": 131_072}}]},
    "/props": {
        "default_generation_settings": {"n_ctx": 8_192},
        "total_slots": 4,
        "modalities": {"vision": True, "audio": False},
    },
}
SILENT_LLAMA_CPP = {"/v1/models": OLD_LLAMA_CPP["/v1/models"]}
STUDIO = {
    "/v1/models": {"data": [{"id": "qwen3-8b"}, {"id": "embed"}]},
    "/api/v0/models": {
        "data": [
            {
                "id": "qwen3-8b",
                "type": "vlm",
                "max_context_length": 40_960,
                "loaded_context_length": 4_096,
                "capabilities": ["tool_use"],
            },
            {"id": "embed", "type": "embeddings", "max_context_length": 2_048},
        ]
    },
}
PLAIN = {"/v1/models": {"data": [{"id": "any"}]}}


class ModelServer(Endpoint):
    """An endpoint that also tells of its models, as the server that `told` describes does."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        super().__init__(lambda _: Answer("Answer: 42"))

    def _routes(self, app: web.Application) -> None:
        super()._routes(app)
        app.router.add_get("/{path:.*}", self._tell)
        app.router.add_post("/api/show", self._show)

    async def _tell(self, request: web.Request) -> web.Response:
        return (
            web.json_response(self.told[request.path])
            if request.path in self.told
            else web.Response(status=404)
        )

    async def _show(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        known = self.told.get("/api/show", {})
        return web.json_response(known[name]) if name in known else web.Response(status=404)


@pytest.fixture(autouse=True)
def _no_provider(monkeypatch, settings) -> None:
    for variable in list(configured_variables().values()):
        monkeypatch.delenv(variable)
    settings.PONDER_MODELS = []
    settings.PONDER_PRICES = ""


@pytest.fixture
def serve() -> Iterator[Any]:
    """Start servers; they end with the test."""
    started: list[ModelServer] = []

    def start(told: dict[str, Any]) -> ModelServer:
        started.append(ModelServer(told))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.mark.parametrize(
    ("variable", "told", "model", "context", "can"),
    [
        ("OLLAMA_API_BASE", OLLAMA, "ollama/qwen3:8b", 40_960, {"reasons", "calls_tools"}),
        ("HOSTED_VLLM_API_BASE", VLLM, "vllm/Qwen/Qwen3-8B", 32_768, set()),
        ("LLAMA_CPP_API_BASE", LLAMA_CPP, "llama_cpp/gemma", 8_192, set()),
        ("LLAMA_CPP_API_BASE", OLD_LLAMA_CPP, "llama_cpp/gemma", 8_192, {"sees"}),
        ("LLAMA_CPP_API_BASE", SILENT_LLAMA_CPP, "llama_cpp/gemma", 4_096, set()),
        ("LM_STUDIO_API_BASE", STUDIO, "lm_studio/qwen3-8b", 4_096, {"sees", "calls_tools"}),
        ("OPENAI_LIKE_API_BASE", PLAIN, "openai_like/any", 4_096, set()),
    ],
)
def test_one_variable_brings_a_servers_models(variable, told, model, context, can, serve, monkeypatch):
    """Models that chat, with the context and the skills that the server tells, at what stands for electricity."""
    server = serve(told)
    monkeypatch.setenv(variable, server.url.removesuffix("/v1"))
    load_prices()
    assert model_names() == [model]
    [card] = build_panel()
    assert (card.context_window, card.bundled) == (context, False)
    assert {skill for skill in ("reasons", "sees", "calls_tools") if getattr(card, skill)} == can
    assert (card.rates.input_pico, card.rates.output_pico) == ELECTRICITY
    assert (card.litellm_model, card.api_base) == (f"openai/{model.partition('/')[2]}", server.url)


def test_what_a_server_listed_holds_while_it_is_away(serve, monkeypatch, settings):
    """A model that is gone loses its price, one of PONDER_PRICES has that; a server that is away changes nothing."""
    server = serve(dict(VLLM))
    monkeypatch.setenv("HOSTED_VLLM_API_BASE", server.url)
    load_prices()
    assert load_prices() == 0
    server.told = {"/v1/models": {"data": [{"id": "one", "max_model_len": 8_192}, {"id": "two"}]}}
    settings.PONDER_PRICES = "vllm/two=0.01/0.02/8192/4096"
    load_prices()
    assert set(model_names()) == {"vllm/one", "vllm/two"}
    assert price_book()["vllm/two"].input_pico == 10_000
    server.told = {}
    load_prices()
    assert set(model_names()) == {"vllm/one", "vllm/two"}
    assert Price.objects.get(model="vllm/Qwen/Qwen3-8B").status == "retired"


def test_a_job_runs_on_an_ollama_server_unchanged(serve, monkeypatch, settings, alice, workspace, run_all):
    """Submitted, held, called through litellm, charged by its count, answered."""
    server = serve(OLLAMA)
    monkeypatch.setenv("OLLAMA_API_BASE", server.url.removesuffix("/v1"))
    settings.PONDER_MODELS = ["ollama/qwen3:8b"]
    load_prices()
    job = submit_for(alice, "What is 6 times 7?", budget_nano=10 * NANO_PER_CENT, strategy="vote")
    run_all()
    job.refresh_from_db()
    assert (job.state, job.answer) == (JobState.DONE, "42"), job.error
    assert {call.body["model"] for call in server.calls} == {"qwen3:8b"}
    assert job.charged_nano == job.calls * -(-(20 * ELECTRICITY[0] + 10 * ELECTRICITY[1]) // 1_000)


@pytest.mark.parametrize("address", ["127.0.0.1:11434", "ftp://models", "http://user:secret@models"])
def test_an_address_that_is_none_is_refused_at_start(address):
    """The variable and what to write are named; a password is not repeated."""
    with pytest.raises(ValueError, match="OLLAMA_API_BASE") as refused:
        check_base_urls({"OLLAMA_API_BASE": address})
    assert "secret" not in str(refused.value)
