"""Closing an account while its jobs are submitted: nothing deadlocks, and no closed account has a live job."""

import threading
import uuid
from contextlib import nullcontext

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import Membership, Role, User, Workspace
from accounts.services import ensure_personal_workspace
from jobs.core.deadlock import MAX_TRIES, again_after_deadlock
from jobs.core.errors import SubmitError
from jobs.core.states import ACTIVE
from jobs.lifecycle import submit_comparison, submit_job
from jobs.models import Job
from jobs.upkeep.close_account import close_account
from tests.support.people import request_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("how", ["job", "comparison"])
def test_closing_and_submitting_at_once_ends_in_one_of_both(endpoint, how):
    """Eight times: a thread closes the account while three submit; every one ends with a result or a sentence."""
    failures: list[BaseException] = []

    def quietly(act) -> None:
        try:
            act()
        except SubmitError:
            pass
        except BaseException as error:  # noqa: BLE001  (the test tells what came)
            failures.append(error)
        finally:
            connection.close()

    for number in range(8):
        user = User.objects.create_user(f"ada{number}@example.org")
        workspace = ensure_personal_workspace(user)
        submit = submit_job if how == "job" else submit_comparison

        def send(user=user, workspace=workspace, submit=submit) -> None:
            submit(request_for(user, "2 + 2?", workspace=workspace), wake=False)

        def close(user=user) -> None:
            close_account(user=user, gives_up_money=True)

        threads = [threading.Thread(target=quietly, args=[act]) for act in (send, close, send, send)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
    assert failures == []
    closed = User.objects.exclude(closed_at=None)
    assert not Job.objects.filter(created_by__in=closed, state__in=ACTIVE).exists()


def test_a_closed_account_submits_nothing(endpoint):
    """A session that is still being answered finds the account closed, in words."""
    user = User.objects.create_user("ada@example.org")
    request = request_for(user, "2 + 2?")
    close_account(user=user, gives_up_money=True)
    with pytest.raises(SubmitError, match="closed"):
        submit_job(request)


def test_two_owners_who_close_at_once_leave_an_owner(db):
    """One of them closes after the other: it becomes whose who stays, or the second is told that only viewers stay."""
    owners = [User.objects.create_user(f"owner{number}@example.org") for number in range(2)]
    workspace = Workspace.objects.create(name="Shared")
    viewer = User.objects.create_user("viewer@example.org")
    for user, role in [*((owner, Role.OWNER) for owner in owners), (viewer, Role.VIEWER)]:
        ensure_personal_workspace(user)
        Membership.objects.create(workspace=workspace, user=user, role=role)
    meet, refused = threading.Barrier(2), []

    def close(user: User) -> None:
        try:
            meet.wait(120)
            close_account(user=user, gives_up_money=True)
        except SubmitError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=close, args=[owner]) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert refused == ["unowned"]
    assert Membership.objects.filter(workspace=workspace, role=Role.OWNER).count() == 1


def test_what_a_deadlock_ended_is_tried_again(db):
    """Two transactions wait for each other; PostgreSQL ends one of them, and both come to their end."""
    names = [f"ada{uuid.uuid4().hex[:8]}@example.org" for _ in range(2)]
    users = [User.objects.create_user(name) for name in names]
    meet = threading.Barrier(2)
    tried: list[int] = []
    failures: list[BaseException] = []

    @again_after_deadlock
    def touch(first: User, second: User) -> None:
        tried.append(first.pk)
        with transaction.atomic():
            User.objects.filter(pk=first.pk).update(name="touched")
            if len(tried) <= 2:
                meet.wait(120)
            User.objects.filter(pk=second.pk).update(name="touched")

    def run(first: User, second: User) -> None:
        try:
            touch(first, second)
        except OperationalError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in (users, users[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert failures == []
    assert len(tried) >= 3


@pytest.mark.parametrize(("deadlocks", "ends_well"), [(MAX_TRIES - 1, True), (MAX_TRIES, False)])
def test_a_transaction_that_meets_deadlocks_is_not_tried_for_ever(db, deadlocks, ends_well):
    """It succeeds in its last try, or tells the last deadlock."""
    tries = 0

    @again_after_deadlock
    def unlucky() -> None:
        nonlocal tries
        tries += 1
        if tries <= deadlocks:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE deadlock_detected; END $$")

    with nullcontext() if ends_well else pytest.raises(OperationalError):
        unlucky()
    assert tries == MAX_TRIES
