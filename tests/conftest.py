"""Fixtures for all tests. PostgreSQL and Redis start here, before anything reads Django's settings."""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as of_hypothesis

from tests.processes import prepared, services

# Otherwise each process that a test starts compiles every module again, which takes longer than most tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# What the tests import is hundreds of thousands of objects, and each look of the collector at all of them is felt.
gc.set_threshold(20_000, 20, 50)
_session = services.start_for_session()

import django  # noqa: E402  # the settings need the services' addresses

# Here rather than in pytest-django's hook, so that conftest files and test modules may import models.
django.setup()

from django.conf import settings as django_settings  # noqa: E402  # they exist only now

# Slow hashes protect people's passwords; the tests' need none.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

from django.db import connection  # noqa: E402  # likewise
from django.template.base import Template  # noqa: E402  # likewise

from billing.books.audit import violations as violations_of_the_books  # noqa: E402  # likewise
from jobs.models import Job  # noqa: E402  # likewise
from jobs.upkeep.audit import violations  # noqa: E402  # likewise
from tests.support import quick_audit, tables  # noqa: E402  # likewise

# Before pytest-django replaces it.
_RENDER = Template._render

# A busy machine is slow, which is no fault of what is tested; and a gate says the same twice.
of_hypothesis.register_profile(
    "tests", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
of_hypothesis.load_profile("tests")

# Whole instances, browsers and proofs take longer than `timeout` of pyproject.toml.
_LONG = {"browser": 480, "embedded": 1200, "proof": 2400}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give long tests their limit of time; the long form of a proof has none."""
    tests_dir = Path(__file__).parent
    for item in items:
        is_proof = item.get_closest_marker("proof")
        seconds = _LONG.get("proof" if is_proof else item.path.relative_to(tests_dir).parts[0])
        if seconds and not item.get_closest_marker("timeout"):
            unlimited = os.environ.get("PONDER_PROOF") == "long"
            item.add_marker(pytest.mark.timeout(0 if unlimited else seconds))


def pytest_collection_finish() -> None:
    """Let the collector leave alone what is there before the first test, until the end."""
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under PONDER_NO_SKIP a skipped test fails the run: there every requirement is installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if skipped and os.environ.get("PONDER_NO_SKIP") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"{len(skipped)} skipped; PONDER_NO_SKIP allows none (reasons below).", red=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> None:
    """Almost nothing to make: this run's PostgreSQL started with a migrated database (tests/processes/prepared.py)."""
    tables.restore_after_tests()
    with django_db_blocker.unblock():
        quick_audit.prepare()


@pytest.fixture(autouse=True, scope="session")
def _templates_render_as_always(django_test_environment):
    """Django's own recording of every template's context, for `response.context`, takes a tenth of a page; none asks."""
    Template._render = _RENDER


@pytest.fixture(autouse=True)
def _books_balance(request):
    """After every test that touched the database, no invariant of money and jobs is broken (`manage.py audit`)."""
    asked = {"db", "transactional_db", "live_server"} & set(request.fixturenames)
    marked = request.node.get_closest_marker("django_db")
    if not asked and not marked:
        yield
        return
    # The database must be there before, so that it outlives this fixture; whoever works on it must not.
    request.getfixturevalue("transactional_db" if asked - {"db"} else "_django_db_helper")
    yield
    if request.node.get_closest_marker("breaks_the_books") or connection.needs_rollback:
        return
    if quick_audit.breaks_a_promise():
        # Tests of the books alone have calls of no job.
        assert (violations() if Job.objects.exists() else violations_of_the_books()) == []
        pytest.fail("the two audits disagree: tests/support/quick_audit.py and `manage.py audit`")


@pytest.fixture
def noon(settings) -> None:
    """No day or month begins or ends during a test, or shortly before it: the site lies where it is noon."""
    settings.TIME_ZONE = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


@pytest.fixture(scope="session")
def embedded_services() -> services.Services:
    """The running PostgreSQL and Redis of this test run."""
    return _session


@pytest.fixture(scope="session")
def demo_models() -> dict[str, str]:
    """The demo model's servers, started once; returns their addresses by variable name."""
    if not services.DEMO_WEIGHTS:
        pytest.skip("demo_model/weights/*.gguf are missing: run `make demo-model`")
    _session.start_demo()
    _session.wait_models()
    addresses = {name: value for name, value in _session.environ.items() if name.startswith("DEMO_")}
    os.environ.update(addresses)
    return addresses


@pytest.fixture(scope="session")
def running_ponder() -> Iterator[services.Instance]:
    """A whole instance on a free port, ready to use; its data directory is removed at the end."""
    parent = Path(tempfile.mkdtemp(prefix="ponder-test-up-"))
    prepared.copy_into(parent / "data")
    instance = services.start_instance(parent / "data", "--no-sample")
    try:
        instance.wait_healthy()
        instance.wait_for(r"Sign in[^\n]*https?://\S+")
        yield instance
    finally:
        instance.stop()
        shutil.rmtree(parent, ignore_errors=True)
