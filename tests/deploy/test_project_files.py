"""The state of migrations and of the settings for a public site."""

import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_models_have_their_migrations():
    """No model changed without a migration."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize(
    "target", ["run", "test", "lint", "format", "coverage", "proof", "bench", "demo-model", "environment"]
)
def test_make_knows_its_targets(target):
    """Every promised command exists; make says what it would do."""
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
