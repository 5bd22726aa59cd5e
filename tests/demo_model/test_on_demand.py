"""Models that are started at their first request and stopped once idle: the writer, and any GGUF file."""

import dataclasses
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo_model.engine import CAPACITY, OTHER_CAPACITY, WEIGHTS, WRITER, find_model, served_name
from solver.core.request import Message, Request
from solver.learning.priors import demo_fields
from solver.providers.litellm_gateway import LiteLLMGateway
from tests.demo_model.conftest import PROBLEM, start, stop
from tests.demo_model.conftest import free_port as port_that_is_free
from tests.solver.simulated import card


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server and its address."""

    url: str
    pid: int

    def models(self) -> list[str]:
        """Return the command lines of the models that run."""
        pids = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [Path(f"/proc/{pid}/cmdline").read_text() for pid in pids]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """A server of the writer and of a file with an odd name, where a model stops right after its last request."""
    path = tmp_path_factory.mktemp("files") / "My model (v2).gguf"
    path.symlink_to(WEIGHTS / "intern.gguf")
    port = port_that_is_free()
    models = f"writer, {path}"
    process = start("--on-demand", "--idle-s", "0", "--model", models, "--port", str(port))
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        pytest.fail(f"the server did not start: {stop(process)}")
    yield Server(f"http://127.0.0.1:{port}", process.pid)
    assert process.poll() is None, "the server must outlive every test"
    stop(process)
    assert process.returncode == 0


def ask(server, **body):
    """Send a chat request; return status and reply."""
    request = urllib.request.Request(
        f"{server.url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def test_no_model_runs_before_its_first_request(server):
    """The server is ready and lists its models without having loaded any."""
    with urllib.request.urlopen(f"{server.url}/v1/models", timeout=60) as reply:
        assert [each["id"] for each in json.load(reply)["data"]] == ["writer", "My-model-v2"]
    assert server.models() == []


def test_a_file_serves_under_its_cleaned_name_and_stops_when_idle(server):
    """The reply comes from the model of that name; nothing of it runs once nobody uses it."""
    messages = [{"role": "user", "content": PROBLEM}]
    status, reply = ask(server, model="My-model-v2", messages=messages, max_tokens=40, temperature=0)
    assert (status, reply["model"]) == (200, "My-model-v2")
    assert "Answer:" in reply["choices"][0]["message"]["content"]
    deadline = time.monotonic() + 60
    while server.models() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.models() == []


async def test_the_writer_answers_in_prose_through_the_gateway(server):
    """The first question starts it; words come back, with usage."""
    writer = dataclasses.replace(
        card("demo/writer"), litellm_model="openai/writer", api_base=f"{server.url}/v1"
    )
    request = Request(writer, (Message("user", "Explain why the sky is blue."),), 40, seed=7)
    gateway = LiteLLMGateway()
    reply = await gateway.complete(request)
    await gateway.close()
    assert len(reply.text.split()) >= 20
    assert reply.usage is not None
    assert reply.usage.output_tokens == 40


@pytest.mark.parametrize("model", ["other", 7])
def test_a_model_that_is_not_there_is_told(server, model):
    """No other answers for it."""
    status, reply = ask(server, model=model, messages=[{"role": "user", "content": "Hello"}])
    assert status == 404
    assert "only: writer, My-model-v2" in reply["error"]["message"]


def test_the_models_own_server_refuses_what_is_wrong(server):
    """Refusals come through with their status and words."""
    status, reply = ask(server, model="My-model-v2", messages=[])
    assert status == 400
    assert "'messages'" in reply["error"]["message"]


def test_the_writers_weights_come_with_their_package():
    """Its file is found without importing the package, whose dependencies are not installed."""
    assert find_model("writer").name == "SmolLM2-135M-Instruct.Q4_1.gguf"


def test_cards_say_how_many_calls_the_writers_server_answers_at_a_time():
    """Beyond that calls wait in the workers, where nothing is held for them."""
    assert CAPACITY[WRITER].slots == OTHER_CAPACITY.slots == demo_fields(WRITER)["at_once"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/m/Qwen3-4B.Q4_K_M.gguf", "Qwen3-4B.Q4_K_M"),
        ("a b=c,d.gguf", "a-b-c-d"),
        ("日.gguf", "model"),
        ("writer", "writer"),
    ],
)
def test_a_file_serves_under_a_plain_name(path, name):
    """Nothing that means something in a list, a price or an address stays in a name."""
    assert served_name(path) == name
