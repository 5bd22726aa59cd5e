"""What an owner lets each member spend of the workspace's money: exact, apart from each other, told, and shown."""

import pytest
from django.test import Client

from accounts.models import Membership, Role, User, Workspace, WorkspaceChange
from accounts.services import ensure_personal_workspace
from billing.books.wallet import grant
from jobs.core.errors import SubmitError
from jobs.lifecycle import raise_budget
from jobs.lifecycle.limits.spending import SpendingLimitReached, set_limit
from jobs.lifecycle.limits.uses import limits_of_members, uses_of
from jobs.models import Job, OutboxKind, OutboxMessage, Period, Webhook
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from tests.billing.ledger.test_races import together
from tests.support.people import submit_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


@pytest.fixture
def bob(workspace) -> User:
    return member("bob", workspace)


def member(name: str, workspace: Workspace) -> User:
    user = User.objects.create_user(f"{name}@example.org")
    grant(workspace=ensure_personal_workspace(user), amount_nano=NANO_PER_USD, by=None, reason="test")
    Membership.objects.create(workspace=workspace, user=user, role=Role.MEMBER)
    return user


def submit(user: User, workspace: Workspace, cents: int) -> Job:
    return submit_for(user, "What is 6 times 7?", workspace=workspace, budget_nano=cents * NANO_PER_CENT)


def limit(user: User, workspace: Workspace, cents: int, period: Period = Period.MONTH) -> None:
    amount_nano = cents * NANO_PER_CENT
    set_limit(user=user, workspace=workspace, period=period, amount_nano=amount_nano, by=None, by_staff=False)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def left_cents(user: User, workspace: Workspace) -> list[int]:
    return [use.left_nano // NANO_PER_CENT for use in uses_of(limits_of_members(workspace, user=user))]


def test_the_limit_of_one_member_never_touches_another_or_another_workspace(workspace, alice, bob):
    """At once, each gets just what they may, whatever the others do; a member's own money is not concerned."""
    carol = member("carol", workspace)
    limit(bob, workspace, 20, Period.DAY)
    limit(carol, workspace, 10)
    own = ensure_personal_workspace(bob)
    asked = [bob] * 6 + [carol] * 4 + [alice]
    done = together(
        *(lambda each=each: submit(each, workspace, 4) for each in asked), lambda: submit(bob, own, 50)
    )
    made = [one for one in done if isinstance(one, Job)]
    assert sum(isinstance(one, SpendingLimitReached) for one in done) == len(done) - len(made) == 3
    mine = {user: [one for one in made if one.created_by_id == user.pk] for user in (alice, bob, carol)}
    assert [len(mine[user]) for user in (alice, bob, carol)] == [1, 6, 2]
    assert left_cents(bob, workspace) == [0]
    assert left_cents(carol, workspace) == [2]
    with pytest.raises(SpendingLimitReached) as refused:
        raise_budget(job=mine[carol][0], to_nano=7 * NANO_PER_CENT)
    assert (
        "Your spending limit in this workspace is $0.10 per month; $0.08 of it is spent or reserved, so the"
        in (refused.value.message)
    )
    assert refused.value.message.endswith("An owner of the workspace can change it.")
    assert raise_budget(job=mine[carol][0], to_nano=6 * NANO_PER_CENT)


def test_who_is_limited_cannot_spend_on_the_jobs_of_others(workspace, alice, bob):
    """A raise counts for who started the job, so theirs is the limit; owners read whose it is."""
    limit(bob, workspace, 10)
    job, of_alice = submit(bob, workspace, 6), submit(alice, workspace, 5)
    with pytest.raises(SubmitError, match="your own jobs only"):
        raise_budget(job=of_alice, to_nano=6 * NANO_PER_CENT, by=bob)
    with pytest.raises(
        SpendingLimitReached, match=r"^The spending limit of bob@example.org in this workspace"
    ):
        raise_budget(job=job, to_nano=11 * NANO_PER_CENT, by=alice)
    set_limit(user=bob, period=Period.DAY, amount_nano=8 * NANO_PER_CENT, by=bob, by_staff=False)
    with pytest.raises(
        SpendingLimitReached, match=r"^The spending limit of the person who started this job does not"
    ):
        raise_budget(job=job, to_nano=9 * NANO_PER_CENT, by=alice)


def test_steps_are_told_to_the_member_the_owners_and_the_webhooks_of_the_workspace(workspace, alice, bob):
    """Once each; other members hear nothing. Who has left is not concerned any more."""
    carol = member("carol", workspace)
    Webhook.objects.create(workspace=workspace, address="https://example.org/", secret="whsec_AAAA")
    Webhook.objects.create(user=alice, address="https://example.org/", secret="whsec_AAAA")
    limit(bob, workspace, 10)
    submit(bob, workspace, 5)
    submit(bob, workspace, 1)
    mails = OutboxMessage.objects.filter(kind=OutboxKind.LIMIT).order_by("recipient")
    assert [mail.recipient for mail in mails] == [alice.email, bob.email]
    assert mails[0].content["subject"].startswith("50 % of the spending limit of bob@example.org in ")
    assert "/workspace/" in mails[0].content["text"]
    [told] = OutboxMessage.objects.filter(kind=OutboxKind.WEBHOOK)
    assert {"limit_of": "member", "member": bob.email, "percent": 50}.items() <= told.content["body"][
        "data"
    ].items()
    Membership.objects.filter(user=bob).exclude(workspace=ensure_personal_workspace(bob)).delete()
    assert not limits_of_members(workspace).exists()
    limit(carol, workspace, 10)
    assert [one.user for one in limits_of_members(workspace)] == [carol]


def test_owners_set_it_on_the_page_of_the_workspace_where_members_read_their_own(workspace, alice, bob):
    """The form says what is left; a member cannot change it, a stranger finds nothing."""
    carol = member("carol", workspace)
    limit(carol, workspace, 77)
    owner, theirs = browser(alice), browser(bob)
    address = f"/workspace/members/{Membership.objects.get(user=bob, workspace=workspace).pk}/limits/"
    assert address in owner.get("/workspace/").text
    assert owner.post(address, {"day": "x", "month": ""}).status_code == 422
    assert owner.post(address, {"day": "", "month": "0.10"}, follow=True).status_code == 200
    assert WorkspaceChange.objects.get(about=bob).detail == "$0.10 per month"
    submit(bob, workspace, 4)
    assert "$0.04 spent" not in owner.get("/limits/").text
    assert "0.06" in owner.get(address).text
    assert 'value="0.10"' in owner.get(address).text
    assert "$0.04 of $0.10 this month" in owner.get("/workspace/").text
    bob.current_workspace = workspace
    bob.save(update_fields=["current_workspace"])
    shown = theirs.get("/workspace/").text
    assert "that leaves you $0.06 of this workspace’s money" in shown
    assert "$0.77" not in shown
    assert "of this workspace’s money this month" in theirs.get("/jobs/new/").text
    assert "You in " in theirs.get("/limits/").text
    theirs.post("/limits/", {"what": "user", "day": "", "month": ""})
    assert left_cents(bob, workspace) == [6]
    assert theirs.post(address, {"day": "", "month": ""}).status_code == 403
    assert browser(User.objects.create_user("eve@example.org")).get(address).status_code == 404
    form = {"problem": "What is 6 times 7?", "budget": "custom", "budget_custom": "0.07"}
    refused = theirs.post("/jobs/new/", form | {"workspace": str(workspace.public_id)})
    assert refused.status_code == 422
    assert "so the budget can be $0.06 at most" in refused.text
    owner.post(address, {"day": "", "month": ""})
    assert left_cents(bob, workspace) == []
    assert "limit leaves you" not in theirs.get("/jobs/new/").text
