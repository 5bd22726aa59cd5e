"""Audits are kept, staff hear of what they find, and the command says it with its exit status."""

import json

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from billing.books.audit import INVARIANTS as BOOKS
from billing.models import AuditRun
from jobs.mail.send import send_due
from jobs.models import OutboxMessage
from jobs.upkeep.audit import INVARIANTS as JOBS
from jobs.upkeep.audit_runs import LOCK, run_audit
from reasoning_app.celery import app
from solver.core.money import NANO_PER_CENT
from tests.support.people import submit_for

BALANCE = "every balance is the sum of its entries"


@pytest.fixture
def stella(alice) -> User:
    return User.objects.create_user("stella@example.org", is_staff=True, is_superuser=True)


@pytest.fixture
def job(alice, workspace, endpoint):
    return submit_for(alice, "Any?", budget_nano=20 * NANO_PER_CENT, wake=False)


@pytest.fixture
def break_the_books(alice):
    """Take a nano-dollar from a wallet behind the triggers' back."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE billing_account SET balance_nano = balance_nano - 1 WHERE kind = 'wallet'")


def test_an_audit_that_finds_nothing_is_kept_and_bothers_nobody(stella, job):
    """The row says what was checked; no mail is written."""
    run = run_audit()
    assert (run.violations, run.checked) == ([], len(BOOKS) + len(JOBS))
    assert AuditRun.objects.get() == run
    assert not OutboxMessage.objects.exists()


@pytest.mark.breaks_the_books
def test_staff_get_one_mail_about_what_was_found(stella, job, break_the_books, settings, mailoutbox):
    """Each run that finds something is one mail to each member of staff, and stands on the pages for staff."""
    run = run_audit()
    assert [each["invariant"] for each in run.violations] == [BALANCE]
    send_due()
    [mail] = mailoutbox
    assert (mail.to, mail.subject) == (["stella@example.org"], "Audit: 1 violation")
    assert BALANCE in mail.body
    client = Client()
    client.force_login(stella)
    assert BALANCE in client.get("/staff/audit/").content.decode()
    assert "The books do not balance" in client.get("/staff/costs/").content.decode()


@pytest.mark.breaks_the_books
def test_the_command_says_with_its_exit_status_what_it_found(job, break_the_books, capsys):
    """Status 1 and a line for each violation; with --json one object."""
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "--json")
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert [each["invariant"] for each in told["violations"]] == [BALANCE]


def test_one_audit_at_a_time_is_enough(job):
    """While one is under way another does nothing."""
    at = connection.get_connection_params()
    with psycopg.connect(host=at["host"], user=at["user"], dbname=at["dbname"]) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        assert run_audit() is None
        other.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    assert run_audit() is not None


def test_the_clock_runs_the_audit_every_night():
    """Every task of the schedule exists."""
    app.loader.import_default_modules()
    scheduled = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {"jobs.tasks.run_audit", "jobs.tasks.delete_old_texts"} <= scheduled <= set(app.tasks)
