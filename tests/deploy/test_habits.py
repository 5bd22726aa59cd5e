"""The project's own rules: sizes, the workflow, the hooks and the form of a commit's message."""

import importlib.util
import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


MOST_LINES = 500
MOST_ENTRIES = {"solver": 14, "jobs": 16}
_WRITTEN = {".py", ".sql", ".html", ".js", ".css", ".md"}
_NOT_WRITTEN = ("/migrations/", "static/vendor/")


@pytest.fixture(scope="module")
def files():
    """The files of the rooms, and of what belongs to them."""
    places = [*PROJECT["tool"]["importlinter"]["root_packages"], "docs", "static", "templates", "tests"]
    found = (path for place in places for path in (ROOT / place).rglob("*"))
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def test_no_file_is_too_long_to_be_read(files):
    """What people write has 500 lines at most; migrations are made, and other people's libraries are theirs."""
    read = [
        path
        for path in files
        if path.suffix in _WRITTEN and not any(part in str(path) for part in _NOT_WRITTEN)
    ]
    assert len(read) > 1_000
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in read}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize("room", MOST_ENTRIES)
def test_a_large_room_opens_into_few_packages(files, room):
    """A reader of the engine, or of a job's life, sees where to go on before reading a module."""
    parts = [path.relative_to(ROOT).parts for path in files]
    assert 5 < len({names[1] for names in parts if names[0] == room}) <= MOST_ENTRIES[room]


def test_no_modules_import_each_other_in_a_circle():
    """Imports for types alone count, too: what is read first never needs what is read after it."""
    rooms = PROJECT["tool"]["importlinter"]["root_packages"]
    graph = grimp.build_graph(*rooms, cache_dir=None)
    assert len(graph.modules) > 700
    # Raises CycleError, which names the circle.
    TopologicalSorter(
        {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    ).prepare()


@pytest.fixture(scope="module")
def faults():
    """The check of the commit-msg hook."""
    spec = importlib.util.spec_from_file_location("commit_message", ROOT / ".ci/commit_message.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.faults


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("jobs: A comparison is sent once\n\nBecause.\n", None),
        ("Say once what the card holds\n", None),
        ("jobs, billing: Move\n# comment of git", None),
        ("fixup! jobs: whatever", None),
        ("jobs: " + "X" * 67, "The subject has 73 characters"),
        ("jobs: send it once", "What is so now"),
        ("jobs: It is sent once.", "final period"),
        ("jobs: Send it once\nBecause", "second line"),
        ("", "What is so now"),
    ],
)
def test_a_commit_message_has_the_projects_form(faults, message, words):
    """At most 72 characters, one sentence after its area, and a body apart from it."""
    said = faults(message)
    assert bool(said) == bool(words)
    assert words is None or words in said[0]


def test_the_workflow_has_no_rights_and_runs_the_same_gate():
    """Nothing is granted by default, actions are named by commit, and `.ci/run` is what runs."""
    assert WORKFLOW["permissions"] == {}
    steps = WORKFLOW["jobs"]["test"]["steps"]
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
    assert steps[0]["with"]["persist-credentials"] is False
    assert steps[-1]["run"] == "bash .ci/run"
    assert WORKFLOW["jobs"]["required"]["needs"] == [name for name in WORKFLOW["jobs"] if name != "required"]


def test_the_workflow_tests_every_python_that_is_promised():
    """The matrix holds the versions of the classifiers, from `requires-python` on."""
    promised = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["project"]["classifiers"]))
    assert WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python-version"] == promised
    assert PROJECT["project"]["requires-python"] == f">={promised[0]}"


def test_hooks_run_the_projects_own_tools():
    """No hook is fetched: each runs what uv.lock names, or a file of the project."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        program = next(word for word in hook["entry"].split() if word not in {"bash", ".venv/bin/python"})
        assert program == "-m" or (ROOT / program).exists(), program
