"""`manage.py solve` as a person or a script runs it: a process of its own on a data directory of its own."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from solver.checkers.arithmetic import Arithmetic
from tests.processes import prepared, services
from tests.processes.zygote import shared


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("solve")


@pytest.fixture(scope="module")
def running(data_dir):
    """PostgreSQL and the demo models on that directory, so that not every test starts them."""
    if not services.DEMO_WEIGHTS:
        pytest.skip("demo_model/weights/*.gguf are missing: run `make demo-model`")
    prepared.copy_into(data_dir)
    owned = services.Services(data_dir, models=True, env=services.plain_environment(), role="the tests")
    with owned:
        owned.lock.note(ready=True)
        yield data_dir


def solve(
    data_dir: Path, *arguments: str, command: str = "solve", stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, forked from one that has imported what takes seconds."""
    environment = services.plain_environment(DATA_DIR=str(data_dir), **env)
    return shared().run(["manage", command, *arguments], env=environment, typed=stdin)


def test_a_puzzle_is_recognised_solved_and_paid(running):
    """The answer stands alone on stdout as JSON, its expression checks, its charge is within the budget."""
    done = solve(running, "Use 2, 3, 4 to make 24.", "--budget", "0.25", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["unread"] is None
    assert {"answer", "confidence", "stop_reason", "budget_usd", "charged_usd", "calls", "wall_s"} <= set(
        said
    )
    assert said["stop_reason"] == "solved"
    assert Arithmetic((2, 3, 4), 24).check(said["answer"]).passed
    assert Decimal(0) < Decimal(said["charged_usd"]) <= Decimal(said["budget_usd"]) == Decimal("0.25")
    # The run contract comes first, and stands beside the outcome.
    assert done.stderr.startswith("Pays for ")
    assert (
        0
        < Decimal(said["quote"]["cost_p50_usd"])
        <= Decimal(said["quote"]["cost_p90_usd"])
        <= Decimal("0.25")
    )


def test_without_a_budget_one_is_suggested_and_nothing_starts(running):
    """The suggestion is on stderr and, for programs, on stdout; the exit status says that nothing was solved."""
    done = solve(running, "Use 2, 3, 4 to make 24.", "--json")
    assert done.returncode == 2
    assert "nothing was started. We suggest --budget 0." in done.stderr
    assert Decimal(json.loads(done.stdout)["quote"]["budget_usd"]) > 0
    unknown = solve(
        running, "Why?", "--budget", "0.05", "--follow-up", "00000000-0000-0000-0000-000000000000"
    )
    assert unknown.returncode == 2
    assert "there is no job 00000000" in unknown.stderr


def test_a_problem_may_come_from_standard_input(running):
    """Without --json the answer alone is on stdout and the progress on stderr."""
    done = solve(running, "-", "--budget", "0.03", stdin="Compute (3 + 4) * 2 mod 5.\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().isdigit()
    assert "Charged $0.0" in done.stderr


def test_a_command_brings_its_own_services_where_none_run(tmp_path):
    """Everything is said before they stop: the JSON is whole, and nothing is left running."""
    prepared.copy_into(tmp_path)  # a first start's migration is proven by tests/embedded/test_up.py
    done = solve(tmp_path, "-", "--budget", "0.03", "--json", stdin="Compute (3 + 4) * 2 mod 5.")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["answer"].isdigit()
    assert said["quote"]["budget_usd"] == "0.03"
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "run").glob(".s.PGSQL.*"))


def test_an_absent_provider_is_said_and_costs_nothing(running, tmp_path):
    """A server that is down gives a clear error and a job that charged nothing; a file was read before."""
    note = tmp_path / "note.txt"
    note.write_text("Six by seven.")
    done = solve(
        running, "What is 6 times 7?", "--budget", "0.05", "--json", "--file", str(note),
        OPENAI_BASE_URL=f"http://127.0.0.1:{services.free_port()}/v1",
        PONDER_MODELS="openai/absent", PONDER_PRICES="openai/absent=1/2/8000/400",
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "Attached note.txt (text, 13 characters)." in done.stderr
    said = json.loads(done.stdout)
    assert said["charged_usd"] == "0.00"
    assert said["files"] == [
        {"name": "note.txt", "summary": "text, 13 characters", "read_whole": True, "passages": 1}
    ]


BAD_INPUT = [
    (["", "--budget", "1"], "empty"),
    (["x" * 120_000, "--budget", "1"], "100,000"),
    (["?", "--budget", "0"], "out of range"),
    (["?", "--budget", "-1"], "not an amount"),
    (["?", "--budget", "NaN"], "not an amount"),
    (["?", "--budget", "1e400"], "not an amount"),
    (["?", "--budget", ""], "--budget is empty"),
    (["?", "--budget", "1", "--value", ""], "--value is empty"),
    (["?", "--budget", "1", "--models", ""], "--models names no model"),
    (["?", "--budget", "0.001"], "fractions of a cent"),
    (["?", "--budget", "1", "--check", "vibes"], "arithmetic"),
    (["?", "--budget", "1", "--confidence", "2"], "0.5"),
    (["?", "--budget", "1", "--file", "missing.pdf"], "missing.pdf cannot be read"),
]


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """What each bad input was answered, in one process, and where its data would lie."""
    fresh = tmp_path_factory.mktemp("refused") / "fresh"
    done = shared().run(
        ["tests.support.commands"],
        env=services.plain_environment(DATA_DIR=str(fresh)),
        typed=json.dumps([["solve", *arguments] for arguments, _ in BAD_INPUT]),
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), fresh


@pytest.mark.parametrize("number", range(len(BAD_INPUT)), ids=[says for _, says in BAD_INPUT])
def test_bad_input_is_refused_before_anything_starts(refused, number):
    """Each refusal says what is wrong, with exit status 2, and makes no database."""
    (_, says), (answers, fresh) = BAD_INPUT[number], refused
    assert answers[number]["returncode"] == 2, answers[number]
    assert says in answers[number]["stderr"]
    assert answers[number]["stdout"] == ""
    assert not (fresh / "postgres-18").exists()


def test_models_are_checked_for_a_fraction_of_a_cent(running):
    """A model that answers works and says what it charged; one that nobody serves does not, and costs nothing."""
    done = solve(running, "check", "demo/expert", "--json", command="models")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["works"], found["counted"], found["tier"]) == (True, True, "standard")
    assert found["charged"] != "$0.00"
    absent = solve(
        running, "check", command="models",
        OPENAI_BASE_URL=f"http://127.0.0.1:{services.free_port()}/v1",
        PONDER_MODELS="openai/absent", PONDER_PRICES="openai/absent=1/2/8000/400",
    )  # fmt: skip
    assert absent.returncode == 1
    assert "openai/absent: does not work" in absent.stdout
    assert "cannot be reached" in absent.stdout


def test_both_ways_are_solved_and_shown_side_by_side(running):
    """`manage.py compare` runs the cheapest and the ablest model at the same budget; each has its own receipt."""
    done = solve(running, "Use 2, 3, 4 to make 24.", "--budget", "0.25", "--json", command="compare")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["many_cheap"]["models"] == ["demo/intern"]
    assert said["few_strong"]["models"] == ["demo/expert"]
    for side in (said["many_cheap"], said["few_strong"]):
        assert Arithmetic((2, 3, 4), 24).check(side["answer"]).passed
        assert Decimal(0) < Decimal(side["charged_usd"]) <= Decimal(side["budget_usd"]) == Decimal("0.25")
