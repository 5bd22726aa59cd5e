"""A workspace with money, a scripted endpoint, and a worker host in this process on real Postgres."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.db import connections

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing.books.wallet import grant
from billing.prices.book import load_prices
from jobs.core.options import JobOptions
from jobs.models import Job
from jobs.worker.host import WorkerHost
from solver.core.money import NANO_PER_USD
from solver.engine.control import Stop
from tests.support.endpoint import Answer, Call, Endpoint

TWO_TRIES = JobOptions(confidence_target=0.7, max_tries=2)
"""For a job of which only its end matters: every further try is another call that goes the whole way of one."""


@pytest.fixture
def endpoint(monkeypatch) -> Iterator[Endpoint]:
    server = Endpoint()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-000000000000")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    yield server
    server.close()


@pytest.fixture
def prices(transactional_db, settings):
    """One cheap model with round rates: a dollar per million tokens in, two out."""
    settings.PONDER_MODELS = ["openai/test"]
    settings.PONDER_PRICES = "openai/test=1/2/8000/400"
    load_prices()


@pytest.fixture
def alice(prices) -> User:
    user = User.objects.create_user("alice@example.org")
    workspace = ensure_personal_workspace(user)
    grant(workspace=workspace, amount_nano=100 * NANO_PER_USD, by=user, reason="test")
    return user


@pytest.fixture
def workspace(alice):
    return ensure_personal_workspace(alice)


@pytest.fixture(scope="session")
def shared_host(django_db_setup, django_db_blocker) -> Iterator[WorkerHost]:
    """One host for all tests, as a worker process has one for all jobs."""
    with django_db_blocker.unblock():
        made = WorkerHost(patience_s=3.0, runs_programs=True)
    yield made
    made.close()


@pytest.fixture
def host(shared_host, alice, endpoint) -> WorkerHost:
    return shared_host


@pytest.fixture
def run_all(host):
    """Run every runnable job to its end in this process."""

    def run() -> None:
        while host.claim_and_run():
            pass

    return run


class Crew:
    """Threads of one worker process that run whatever is runnable, until the test ends."""

    def __init__(self, host: WorkerHost) -> None:
        self._host = host
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, threads: int = 1) -> None:
        """Start working."""
        for _ in range(threads):
            thread = threading.Thread(target=self._work, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _work(self) -> None:
        try:
            while not self._stopped.is_set():
                if not self._host.claim_and_run():
                    time.sleep(0.05)
        finally:
            connections.close_all()

    def wait_for(self, condition: Callable[[], object], timeout_s: float = 300) -> None:
        """Wait until `condition()` is true."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, (
                f"not within {timeout_s} s: {list(Job.objects.values('state', 'wanted', 'stop_reason', 'error'))}"
            )
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop working; jobs that still run are given back, also those that were just being claimed."""
        self._stopped.set()
        deadline = time.monotonic() + 300
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            self._host.stop_all(Stop.DRAIN)
            for thread in self._threads:
                thread.join(0.2)


@pytest.fixture
def crew(host) -> Iterator[Crew]:
    made = Crew(host)
    yield made
    made.stop()


def undecided_until(event: threading.Event, *, held_from: int = 20) -> Callable[[Call], Answer]:
    """Return a behaviour as `undecided`, of which later calls are under way until something has happened.

    So a job cannot reach its budget before the test has done to it what it is about, however slow the machine is.
    """
    return lambda call: replace(undecided(call), may_end=lambda: call.number < held_from or event.is_set())


def undecided(call, *, delay_s: float = 0.05) -> Answer:
    """Never the same answer twice, at about 0.08 cents a call."""
    return Answer(
        f"Answer: {call.number}",
        delay_s=delay_s,
        usage={"prompt_tokens": 100, "completion_tokens": 350, "total_tokens": 450},
    )
