"""One version number, from pyproject.toml, wherever somebody asks for it."""

import logging
import tomllib
from pathlib import Path

import pytest
from celery.signals import beat_init, worker_init
from django.core.management import call_command

from reasoning_app import __version__, celery
from reasoning_app.backups.backup import _manifest

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_is_that_of_the_project():
    """pyproject.toml holds the only copy."""
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


@pytest.mark.django_db
def test_pages_and_health_show_the_version(client):
    """The footer of a page, /healthz and a backup's manifest name it."""
    assert f"Version {__version__}" in client.get("/").content.decode()
    assert client.get("/healthz").json()["version"] == __version__
    assert _manifest()["ponder"] == __version__


def test_the_command_line_shows_the_version(capsys):
    """`manage.py version` prints it."""
    call_command("version")
    assert capsys.readouterr().out == f"Ponder {__version__}\n"


@pytest.mark.parametrize("starts", [worker_init, beat_init])
def test_processes_log_the_version_when_they_start(starts, caplog):
    """The first line of a worker's and of the clock's log says which release runs."""
    with caplog.at_level(logging.INFO, logger=celery.__name__):
        starts.send(sender=None)
    assert f"Ponder {__version__}: " in caplog.text
