"""The Dockerfile and docker-compose.yml, read and compared with what they refer to."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from reasoning_app.embedded import commands

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
DEMOS = ["demo-intern", "demo-thinker", "demo-expert", "demo-writer"]
OURS = ["web", "worker", "sandbox", "beat", "migrate", *DEMOS, "demo-local"]
OTHERS = ["proxy", "postgres", "redis"]


def plain(command):
    """Return a command with `${NAME:-default}` replaced by the default."""
    return [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", part) for part in command]


def test_compose_has_every_process():
    """The stack is what `manage.py up` starts, each process in a container of its own, and a proxy in front."""
    assert set(SERVICES) == {*OURS, *OTHERS}


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("web", commands.web(bind="0.0.0.0:8000", workers=2, python="python")),
        ("worker", commands.worker(queues=commands.JOB_QUEUES, python="python")),
        ("sandbox", commands.worker(queues=commands.SANDBOX_QUEUE, python="python")),
        ("beat", commands.beat(python="python")),
        ("migrate", commands.migrate(python="python")),
        ("demo-intern", commands.demo("intern", ["--socket", "/run/demo/intern.sock"], python="python")),
        ("demo-thinker", commands.demo("thinker", ["--socket", "/run/demo/thinker.sock"], python="python")),
        ("demo-expert", commands.demo("expert", ["--socket", "/run/demo/expert.sock"], python="python")),
        ("demo-writer", commands.demo("writer", ["--socket", "/run/demo/writer.sock"], python="python")),
        ("demo-local", commands.local("", ["--socket", "/run/demo/local.sock"], python="python")),
    ],
)
def test_containers_run_the_commands_that_up_runs(service, command):
    """A process started on one machine and in a container differs only in its address and number of workers."""
    assert plain(SERVICES[service]["command"]) == command


def test_image_runs_the_web_server_by_default():
    """`docker run ponder` starts what the web service of the stack starts."""
    found = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert json.loads(found[-1]) == plain(SERVICES["web"]["command"])


@pytest.mark.parametrize("module", ["gunicorn", "celery", "demo_model.server"])
def test_modules_of_the_commands_exist(module):
    """What `python -m` is told to run can be found."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("service", [*OURS, *OTHERS])
def test_containers_are_confined(service):
    """No container runs as root, writes to its image or may gain rights."""
    found = SERVICES[service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found.get("user", "image's user") not in {"root", "0"}
    assert "healthcheck" in found


def test_image_runs_as_an_ordinary_user():
    """The image's last USER is not root, and comes before its command."""
    lines = [line for line in DOCKERFILE.splitlines() if line.startswith(("USER", "CMD"))]
    assert lines[0] == "USER ponder"
    assert "useradd --uid 10001" in DOCKERFILE


def test_processes_wait_for_the_tables():
    """Web, worker and clock start when the stores answer and the migrations ended well."""
    for service in ("web", "worker", "sandbox", "beat"):
        conditions = {name: rule["condition"] for name, rule in SERVICES[service]["depends_on"].items()}
        assert conditions == {
            "postgres": "service_healthy",
            "redis": "service_healthy",
            "migrate": "service_completed_successfully",
        }


def test_worker_may_drain_before_it_is_killed():
    """The worker has longer to stop than its running calls may take to end."""
    from django.conf import settings

    assert int(SERVICES["worker"]["stop_grace_period"].rstrip("s")) > settings.PONDER_DRAIN_S + 5


def test_published_port_is_local_by_default():
    """Only the proxy is reachable from outside, and only from this host unless PONDER_LISTEN says more."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"proxy": ["${PONDER_LISTEN:-127.0.0.1}:${PORT:-8000}:8080"]}


@pytest.mark.parametrize("service", [*OURS, *OTHERS])
def test_volumes_are_declared(service):
    """Every named volume that a container mounts is declared; files that are mounted exist."""
    for mount in SERVICES[service].get("volumes", []):
        source = mount.split(":")[0]
        assert (
            source in COMPOSE["volumes"] or source in {"./secrets", "./models"} or (ROOT / source).is_file()
        )


@pytest.mark.parametrize("name", ["proxy", "postgres", "redis"])
def test_foreign_images_are_pinned(name):
    """An image of others is named by its whole version, so that two builds of one commit run the same."""
    assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?", SERVICES[name]["image"])


def test_built_images_are_pinned():
    """So are the base image and uv, which .ci/environment fetches in the same version."""
    for image in re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE):
        assert re.fullmatch(r"python:3\.13\.\d+-slim-[a-z]+", image)
    version = re.search(r"pip install uv==(\S+)", DOCKERFILE)[1]
    assert f"uv_version={version}\n" in (ROOT / ".ci/environment").read_text()


def test_every_service_builds_a_stage_that_exists():
    """What the stack builds is a stage of the Dockerfile, and the last one is the server."""
    stages = re.findall(r"^FROM \S+ AS (\S+)", DOCKERFILE, re.MULTILINE)
    targets = {name: SERVICES[name]["build"]["target"] for name in OURS}
    assert set(targets.values()) == {"server", "demo"} <= set(stages)
    assert stages[-1] == "server"
    assert all((target == "demo") == name.startswith("demo-") for name, target in targets.items())


def test_image_has_postgresqls_programs_of_the_stacks_server():
    """`manage.py backup` finds a pg_dump that is no older than the server."""
    major = SERVICES["postgres"]["image"].split(":")[1].split(".")[0]
    assert f"postgresql-client-{major} " in DOCKERFILE


def test_copied_paths_exist():
    """Everything that the Dockerfile copies from the checkout exists there and is not ignored."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(f"!{each}" in ignored for each in (source, source.split("/")[0])), source


def test_checks_of_health_find_their_program():
    """The health checks run a file that exists, with an argument that it knows."""
    for service in OURS:
        test = SERVICES[service]["healthcheck"].get("test", [])
        if test[:1] == ["CMD"]:
            assert (ROOT / test[3]).exists()
            assert test[4] in {"web", "beat", "demo"}


def test_probe_says_when_nothing_listens(tmp_path):
    """The health check fails, with a reason, where no server answers."""
    probe = [sys.executable, "-I", "reasoning_app/embedded/probe.py"]
    done = subprocess.run(
        [*probe, "demo", str(tmp_path / "none.sock")], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"demo:" in done.stderr
    env = os.environ | {"DATA_DIR": str(tmp_path)}
    assert subprocess.run([*probe, "beat"], cwd=ROOT, env=env, check=False).returncode == 1
    (tmp_path / "celerybeat-schedule").touch()
    assert subprocess.run([*probe, "beat"], cwd=ROOT, env=env, check=False).returncode == 0
