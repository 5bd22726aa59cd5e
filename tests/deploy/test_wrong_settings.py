"""A wrong setting stops every process at its start, with the setting's name and what to write."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def start(tmp_path, **variables):
    """Import the settings as a process with these variables does; return its last line."""
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)} | variables
    code = (
        "from reasoning_app import settings; print('started:', settings.PONDER_SIGNUP, settings.SECRET_KEY)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    return (done.stdout or done.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PONDER_PRICES", "openai/mine=1/2/100/400", "cannot write more (400) than its context holds (100)"),
        ("PONDER_PRICES", "nonsense", "“nonsense” is not a price"),
        ("OPENAI_BASE_URL", "http://me:hunter2@127.0.0.1:9/v1", "put the key into OPENAI_API_KEY"),
        ("OPENAI_API_BASE", "http://me@127.0.0.1:9/v1", "put the key into OPENAI_API_KEY"),
        ("SECRET_KEY_FILE", "/does/not/exist", "cannot be read (No such file or directory). Name a readable file."),
        ("OPENAI_API_KEY_FILE", "/does/not/exist", "cannot be read (No such file or directory)."),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named_at_the_start(tmp_path, name, value, says):
    """The message names the variable and what is expected, and repeats no password."""
    last = start(tmp_path, **{name: value})
    assert last.startswith(f"django.core.exceptions.ImproperlyConfigured: {name}:")
    assert says in last
    assert "hunter2" not in last


def test_a_file_may_end_with_a_line_end(tmp_path):
    """`echo closed > file` is as good as a file without the line end that editors add."""
    for name, text in {"signup": "closed\n", "key": "k" * 60 + "\n"}.items():
        (tmp_path / name).write_text(text)
    last = start(tmp_path, PONDER_SIGNUP_FILE=str(tmp_path / "signup"), SECRET_KEY_FILE=str(tmp_path / "key"))
    assert last == f"started: closed {'k' * 60}"


def test_a_library_for_tests_weakens_no_password(tmp_path):
    """Passwords are hashed as Django does it, also in a process into which pytest was imported."""
    code = "import pytest; from django.conf import settings; print(settings.PASSWORD_HASHERS[0])"
    env = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "reasoning_app.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith(".PBKDF2PasswordHasher")
