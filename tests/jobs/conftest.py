"""A workspace with money, a scripted endpoint, and a worker host in this process on real Postgres."""

from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings

from accounts.models import User
from accounts.services import ensure_personal_workspace
from billing.prices import load_prices
from billing.wallet import grant
from jobs.models import Job
from jobs.services.audit import violations
from jobs.worker.host import WorkerHost
from solver.money import NANO_PER_USD
from tests.endpoint import Endpoint


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
        made = WorkerHost(patience_s=3.0)
    yield made
    made.close()


@pytest.fixture
def host(shared_host, alice, endpoint) -> WorkerHost:
    return shared_host


@pytest.fixture(autouse=True)
def _books_balance(request):
    """After every test that touches the database the books must balance."""
    yield
    if "transactional_db" in request.fixturenames:
        assert violations() == []
        for job in Job.objects.all():
            assert job.charged_nano <= job.budget_nano


@pytest.fixture
def run_all(host):
    """Run every runnable job to its end in this process."""

    def run() -> None:
        while host.run_next():
            pass

    return run


assert django_settings.configured
