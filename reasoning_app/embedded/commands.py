"""The commands of Ponder's processes: what `manage.py up` starts and what docker-compose.yml starts."""

import sys
from collections.abc import Sequence

DEMO_MODELS = ("intern", "thinker", "expert", "writer")
# Larger models run only while they are used.
ON_DEMAND = ("writer",)
JOB_QUEUES, SANDBOX_QUEUE = "jobs,mail", "sandbox"


def web(*, bind: str, workers: int = 1, python: str = sys.executable) -> list[str]:
    """Return the web server's command; the rest of its options stands in `reasoning_app/gunicorn_conf.py`."""
    return [
        python, "-m", "gunicorn", "reasoning_app.wsgi", "--config", "python:reasoning_app.gunicorn_conf",
        "--bind", bind, "--workers", str(workers),
    ]  # fmt: skip


def worker(*, queues: str = f"{JOB_QUEUES},{SANDBOX_QUEUE}", python: str = sys.executable) -> list[str]:
    """Return the worker's command: one process with the threads that the settings say.

    A process of `SANDBOX_QUEUE` alone keeps untrusted programs away from those that drive jobs.
    """
    return [
        python, "-m", "celery", "-A", "reasoning_app", "worker", "-P", "threads",
        "--without-gossip", "--without-mingle", "-Q", queues, "--loglevel", "INFO",
    ]  # fmt: skip


def beat(*, python: str = sys.executable) -> list[str]:
    """Return the clock's command: a process of its own, never `worker -B`."""
    return [python, "-m", "celery", "-A", "reasoning_app", "beat", "--loglevel", "WARNING"]


def demo(model: str, where: Sequence[str], *, python: str = sys.executable) -> list[str]:
    """Return a demo model server's command; `where` is `--socket PATH` or `--host HOST --port PORT`."""
    how = ["--on-demand"] if model in ON_DEMAND else []
    return [python, "-m", "demo_model.server", "--model", model, *how, *where]


def local(
    files: str, where: Sequence[str], *, context: str = "8192", python: str = sys.executable
) -> list[str]:
    """Return the command of the server of the files of `PONDER_GGUF`, with tokens of context at most."""
    how = ["--on-demand", "--context", context]
    return [python, "-m", "demo_model.server", "--model", files, *how, *where]


def manage(*arguments: str, python: str = sys.executable) -> list[str]:
    """Return a management command's command."""
    return [python, "manage.py", *arguments]


def migrate(*, python: str = sys.executable) -> list[str]:
    """Return the command that brings the database's tables up to date."""
    return manage("migrate", "--no-input", "--skip-checks", python=python)
