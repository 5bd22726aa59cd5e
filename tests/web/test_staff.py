"""Staff pages: one navigation, the status of the installation, people, and a look at their pages."""

import json
import re
import time
from datetime import timedelta

import pytest
import redis
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.rights import Right
from accounts.viewing import STOP_ADDRESS
from billing.books.wallet import grant
from jobs.core.model_limits import KEY, redis_address
from jobs.models import Job, OutboxMessage
from solver.core.errors import NOT_SENT
from solver.engine.calls.concurrency import Host, ModelLimit
from tests.billing.books import USD, sql, start_job
from tests.support.people import make_job, workspace_of


def navigation(person, address: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return addresses and marks of the groups of staff pages and of the pages of the one that is shown."""
    nav = person.get(address).content.decode().partition('<nav class="staff-nav')[2].partition("</nav>")[0]
    groups, _, pages = nav.partition("</ul>")
    links = re.compile(r'<a href="([^"]+)"(?: aria-current="(\w+)")?>')
    return links.findall(groups), links.findall(pages)


def test_one_navigation_leads_to_every_staff_page(staff):
    """From the groups to each page in two steps, and every page says where one is."""
    groups, _ = navigation(staff, reverse("staff-status"))
    assert len(groups) == 5
    found: list[str] = []
    for group, _ in groups:
        of_groups, pages = navigation(staff, group)
        assert [address for address, mark in of_groups if mark] == [group]
        assert [address for address, mark in pages if mark] == [group]
        found += [address for address, _ in pages]
    assert len(found) == len(set(found)) == 22
    for name in (
        "cost-review",
        "reconciliation",
        "staff-outbox",
        "staff-people",
        "staff-learned",
        "spending",
    ):
        assert reverse(name) in found
    for address in found:
        groups, pages = navigation(staff, address)
        assert [mark for _, mark in groups if mark] == ["true"]
        assert [(where, mark) for where, mark in pages if mark] == [(address, "page")]


@pytest.mark.parametrize("right", Right)
def test_the_navigation_leads_only_where_one_may_go(alice, right):
    """Staff with one right see the groups of that right, and every link opens."""
    User.objects.filter(pk=alice.user.pk).update(is_staff=True)
    alice.user.user_permissions.add(Permission.objects.get(codename=right.value))
    menu = alice.get(reverse("job-list")).content.decode()
    groups, _ = navigation(alice, re.findall(r'href="([^"]+)">Staff pages<', menu)[0])
    assert groups
    for group, _ in groups:
        for address, _ in [(group, ""), *navigation(alice, group)[1]]:
            assert alice.get(address).status_code == 200, address


def test_nobody_else_sees_the_navigation(alice):
    """A page of one's own names no staff page."""
    assert "/staff/" not in alice.get(reverse("job-list")).content.decode()


def test_the_status_page_tells_what_needs_a_person(staff, alice):
    """A job that no worker takes, an email that does not leave, an audit that never ran."""
    job = make_job(alice.user, "queued", spent_cents=0)
    Job.objects.filter(pk=job.pk).update(queued_at=timezone.now() - timedelta(minutes=5), next_at=None)
    OutboxMessage.objects.create(
        kind="staff",
        recipient="a@example.org",
        next_at=timezone.now() - timedelta(hours=1),
        message_id="<1@ponder>",
    )
    page = staff.get(reverse("staff-status")).content.decode()
    for words in (
        "1 waiting for a worker, the oldest for more than a minute",
        "1 overdue",
        "none yet",
        "GiB free",
        "search attached files",
    ):
        assert words in page


def test_the_status_page_tells_how_many_calls_each_model_bears(staff):
    """What the workers know together: how many calls are under way, of how many, and until when there is none."""
    limit = ModelLimit(limit=12.5, closed_until_s=time.time() + 100)
    limit.hosts["host"] = Host({"job": 3}, {}, time.time())
    with redis.from_url(redis_address()) as server:
        server.set(f"{KEY}openai/busy", json.dumps(limit.as_json()), ex=60)
        page = staff.get(reverse("staff-status")).content.decode()
        server.delete(f"{KEY}openai/busy")
    assert "openai/busy" in page
    assert "3 of 12, none for " in page


@pytest.mark.parametrize(("error", "fails"), [(NOT_SENT, False), ("connection refused", True)])
def test_a_call_that_was_never_sent_is_no_failure_of_its_model(staff, alice, error, fails):
    """A job that has its answer calls off what it had planned."""
    workspace = workspace_of(alice.user)
    grant(workspace=workspace, amount_nano=USD, by=None, reason="test")
    hold = start_job(workspace, USD).hold(USD)[0]
    sql("SELECT billing_void(%s, %s)", hold, error)
    assert ("Most fail" in staff.get(reverse("staff-status")).text) is fails


def test_people_are_found_by_address_name_and_workspace(staff, alice, charlie):
    """Each leads to what they have."""
    for wanted in (alice.user.email[:5], alice.user.name):
        page = staff.get(reverse("staff-people"), {"q": wanted}).content.decode()
        assert alice.user.email in page
        assert charlie.user.email not in page
    assert "Nobody found" in staff.get(reverse("staff-people"), {"q": "zebra"}).content.decode()
    page = staff.get(reverse("staff-person", args=[alice.user.pk])).content.decode()
    assert alice.user.email in page
    header = page.partition("</header>")[0]
    assert f'href="{reverse("wallet")}"' in header, "the header is the reader's own, not the shown person's"


def test_the_operator_sees_the_pages_of_a_person_and_changes_nothing(staff, alice, running_job):
    """Jobs and wallet are theirs; no other page opens, nothing is sent, and who looked is kept."""
    staff.post(reverse("staff-view-as", args=[alice.user.pk]))
    page = staff.get(running_job.get_absolute_url()).content.decode()
    assert f'You see the pages of <strong class="break">{alice.user.email}</strong>' in page
    before = Job.objects.values().get(pk=running_job.pk)
    for name in ("job-cancel", "job-finish", "job-share"):
        assert staff.post(reverse(name, args=[running_job.pk])).status_code == 403
    assert Job.objects.values().get(pk=running_job.pk) == before
    for name in ("settings", "staff-people", "mfa_index", "job-new", "data-export"):
        assert staff.get(reverse(name)).url == reverse("job-list")
    assert LogEntry.objects.get().object_id == str(alice.user.pk)
    staff.post(STOP_ADDRESS)
    assert staff.get(running_job.get_absolute_url()).status_code == 404
    assert staff.get(reverse("staff-people")).status_code == 200


@pytest.mark.parametrize("change", ["is_superuser", "is_active"])
def test_viewing_ends_with_the_right_to_it(staff, alice, running_job, change):
    """Whoever is no operator any more sees nothing of others."""
    staff.post(reverse("staff-view-as", args=[alice.user.pk]))
    setattr(staff.user, change, False)
    staff.user.save()
    assert staff.get(running_job.get_absolute_url()).status_code in {302, 404}


def test_an_operator_is_not_viewed(staff):
    """Nobody becomes another operator, not even to look."""
    assert staff.post(reverse("staff-view-as", args=[staff.user.pk])).status_code == 404
