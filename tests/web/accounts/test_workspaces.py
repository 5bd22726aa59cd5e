"""People of a workspace: invited by email, once and for one address; roles, leaving, removing, switching."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.closing import handovers_of
from accounts.models import Membership, Role, User, Workspace, WorkspaceChange, WorkspaceInvitation
from accounts.workspaces import invitations
from accounts.workspaces.mail import plain_name
from billing.models import SavedCard
from jobs.core.states import JobState
from jobs.mail.enqueue import enqueue_job_mail
from jobs.models import Job, JobTemplate, OutboxKind, Webhook
from jobs.upkeep.close_account import cancel_jobs_of, close_account
from jobs.upkeep.retention import delete_old_texts
from tests.support import people
from tests.web.accounts.test_sign_in import code_in

PAGE = reverse("workspace")


def invite(alice, outbox, email: str = "dora@example.org", role: str = "member") -> str:
    """Invite an address as Alice, and return the path of the link that it got."""
    reply = alice.post(reverse("workspace-invite"), {"email": email, "role": role}, follow=True)
    assert "is invited" in reply.content.decode()
    return path_in(outbox[-1])


def path_in(mail) -> str:
    return re.search(r"/invitations/[\w-]+/", mail.body)[0]


def roles_in(workspace: Workspace) -> dict[str, str]:
    return dict(workspace.memberships.values_list("user__email", "role"))


def test_a_newcomer_gets_an_account_and_a_place_by_the_link_once(alice, client, outbox, settings):
    """The invited address may sign up though that takes an invitation; the link then works no more."""
    settings.PONDER_SIGNUP = "invitation"
    path = invite(alice, outbox, "Dora@Example.org", "viewer")
    mail = outbox[-1]
    assert mail.to == ["dora@example.org"]
    assert path in str(mail.alternatives[0][0])
    assert "alice@example.org" in mail.subject
    assert "dora@example.org" in client.get(path).content.decode()
    wish = {"email": "dora@example.org", "next": path}
    asked = client.post(reverse("account_request_login_code"), wish, follow=True)
    assert f'name="next" value="{path}"' in asked.content.decode()
    entered = {"code": code_in(outbox[-1]), "next": path}
    signed_in = client.post(reverse("account_confirm_login_code"), entered)
    assert signed_in.url == path
    workspace = people.workspace_of(alice.user)
    assert "dora@example.org" not in roles_in(workspace)  # looking accepts nothing
    client.post(path, {"answer": "accept"})
    assert roles_in(workspace)["dora@example.org"] == "viewer"
    dora = User.objects.get(email="dora@example.org")
    assert dora.memberships.count() == 2
    assert dora.current_workspace == workspace
    again = client.post(path, {"answer": "accept"}, follow=True)
    assert "answered, sent anew or taken back" in again.content.decode()
    assert client.get(path).status_code == 410
    assert [each.what for each in WorkspaceChange.objects.order_by("at")] == ["invited", "joined"]


def test_a_link_is_for_its_address_alone(alice, charlie, client, outbox):
    """Somebody else who has the link, signed in or not, gets no place; an address of theirs must be verified."""
    path = invite(alice, outbox)
    for other in (client, charlie):
        assert other.post(path, {"answer": "accept"}).status_code == 200
    assert "This invitation is for dora@example.org" in charlie.get(path).content.decode()
    assert set(roles_in(people.workspace_of(alice.user))) == {"alice@example.org"}


def test_an_invitation_can_be_taken_back_declined_and_sent_again(alice, charlie, outbox):
    """Each makes the earlier link void; what expired is renewed by another email."""
    first = invite(alice, outbox, "charlie@example.org")
    made = WorkspaceInvitation.objects.get()
    alice.post(reverse("workspace-invitation-resend", args=[made.pk]))
    second = path_in(outbox[-1])
    assert (charlie.get(first).status_code, charlie.get(second).status_code) == (410, 200)
    WorkspaceInvitation.objects.update(expires_at=timezone.now())
    assert "valid for seven days" in charlie.get(second).content.decode()
    assert "expired" in charlie.post(second, {"answer": "accept"}, follow=True).content.decode()
    alice.post(reverse("workspace-invitation-resend", args=[made.pk]))
    third = path_in(outbox[-1])
    charlie.post(third, {"answer": "decline"})
    assert charlie.get(third).status_code == 410
    fourth = invite(alice, outbox, "charlie@example.org")
    alice.post(reverse("workspace-invitation-revoke", args=[WorkspaceInvitation.objects.latest("pk").pk]))
    assert "taken back" in charlie.get(fourth).content.decode()
    assert charlie.user.memberships.count() == 1
    assert WorkspaceInvitation.objects.latest("pk").expires_at - timezone.now() > timedelta(days=6)


def test_invitations_fill_no_mailbox(alice, charlie, outbox, monkeypatch):
    """So many emails a person a day, so many an address a day whoever sends them, and none to who is there."""
    monkeypatch.setattr(invitations, "MOST_A_DAY", 3)
    monkeypatch.setattr(invitations, "MOST_TO_ONE", 2)

    def refused(person, email: str) -> str:
        reply = person.post(reverse("workspace-invite"), {"email": email, "role": "member"})
        assert reply.status_code == 422
        return reply.content.decode()

    assert "is in this workspace already" in refused(alice, "alice@example.org")
    invite(alice, outbox)
    assert "invited already" in refused(alice, "dora@example.org")
    alice.post(reverse("workspace-invitation-resend", args=[WorkspaceInvitation.objects.get().pk]))
    assert "got 2 invitations within a day" in refused(charlie, "dora@example.org")
    invite(alice, outbox, "emil@example.org")
    assert "You sent 3 invitations" in refused(alice, "fred@example.org")
    assert len(outbox) == 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Harbour", "Harbour"),
        ("Win at https://bad.example/x now", "Win at … now"),
        ("a\nb evil.com", "a b …"),
    ],
)
def test_the_name_of_a_workspace_leads_nowhere(name, shown):
    """Strangers read it in an email, and anybody can choose it."""
    assert plain_name(name) == shown


def test_the_last_owner_stays_one(alice, bob):
    """They can neither leave, nor be removed, nor lose the role, until another is an owner; each change is noted."""
    workspace = people.workspace_of(alice.user)
    mine, his = (Membership.objects.get(user=each.user) for each in (alice, bob))
    role, remove = (reverse(f"workspace-member-{act}", args=[mine.pk]) for act in ("role", "remove"))
    for address in (role, remove, reverse("workspace-leave")):
        assert "needs an owner" in alice.post(address, {"role": "viewer"}, follow=True).content.decode()
    assert roles_in(workspace) == {"alice@example.org": "owner", "bob@example.org": "member"}
    alice.post(reverse("workspace-member-role", args=[his.pk]), {"role": "owner"})
    assert bob.get(reverse("wallet")).status_code == 200
    alice.post(reverse("workspace-leave"))
    assert roles_in(workspace) == {"bob@example.org": "owner"}
    said = [
        (each.by.email, each.what, each.about.email, each.detail) for each in workspace.changes.order_by("at")
    ]
    assert said == [
        ("alice@example.org", "role", "bob@example.org", "Member → Owner"),
        ("alice@example.org", "left", "alice@example.org", ""),
    ]
    assert "Member → Owner" in bob.get(PAGE).content.decode()


def test_who_was_removed_sees_and_starts_nothing_more(alice, bob, outbox):
    """Their jobs stay the workspace's; drafts and weekly runs end, and no email tells them an answer."""
    workspace = people.workspace_of(alice.user)
    job = people.make_job(bob.user, "running", spent_cents=1)
    people.make_job(bob.user, "draft", spent_cents=0)
    weekly = JobTemplate.objects.create(
        created_by=bob.user, workspace=workspace, name="W", next_run_at=timezone.now(), time_zone="UTC"
    )
    alice.post(reverse("workspace-member-remove", args=[Membership.objects.get(user=bob.user).pk]))
    weekly.refresh_from_db()
    assert weekly.next_run_at is None
    assert not Job.objects.filter(state=JobState.DRAFT).exists()
    assert bob.get(job.get_absolute_url()).status_code == 404
    assert alice.get(job.get_absolute_url()).status_code == 200
    job.refresh_from_db()
    enqueue_job_mail(job, OutboxKind.ENDED)
    assert len(outbox) == 0
    form = {"problem": "Two and two?", "budget": "0.25", "workspace": str(workspace.public_id)}
    refused = bob.post(reverse("job-new"), form)
    assert (refused.status_code, "no longer in the workspace" in refused.content.decode()) == (403, True)


def loses_ownership(how: str, workspace: Workspace, owner, user: User) -> None:
    """Take the owner's role from a user: by another role, by removing them, or by closing their account."""
    membership = Membership.objects.get(workspace=workspace, user=user)
    if how == "closes":
        close_account(user=user, gives_up_money=True)
    elif how == "removed":
        owner.post(reverse("workspace-member-remove", args=[membership.pk]))
    else:
        owner.post(reverse("workspace-member-role", args=[membership.pk]), {"role": how})


@pytest.mark.parametrize("how", ["viewer", "removed", "closes"])
def test_who_owns_a_workspace_no_more_leaves_no_invitation_card_or_webhook(alice, bob, outbox, how):
    """Their open invitations are void and their cards are charged no more; those of other owners stay."""
    workspace = people.workspace_of(alice.user)
    Membership.objects.filter(user=bob.user).update(role=Role.OWNER)
    invite(alice, outbox, "emil@example.org")
    invite(bob, outbox, "dora@example.org", "owner")
    for person in (alice, bob):
        SavedCard.objects.create(
            workspace=workspace,
            user=person.user,
            customer="cus_1",
            payment_method=f"pm_{person.user.pk}",
            brand="visa",
            last4="4242",
            exp_month=12,
            exp_year=2030,
            consented_at=timezone.now(),
        )
        Webhook.objects.create(
            workspace=workspace, made_by=person.user, address=f"https://{person.user.pk}.org"
        )
    loses_ownership(how, workspace, alice, bob.user)
    left = invitations.open_invitations(workspace).values_list("email", flat=True)
    assert list(left) == ["emil@example.org"]
    assert SavedCard.objects.get(removed_at=None).user == alice.user
    assert Webhook.objects.get().made_by == alice.user


@pytest.mark.parametrize("how", ["viewer", "removed"])
def test_who_may_not_act_in_a_workspace_any_more_deletes_nothing_there(alice, bob, how):
    """Neither how long they keep their texts nor closing their account concerns jobs that are now the workspace's."""
    job = people.make_job(bob.user, "done", finished_at=timezone.now() - timedelta(days=9), **people.SOLVED)
    unpaid = people.make_job(bob.user, JobState.AWAITING_PAYMENT)
    running = people.make_job(bob.user, JobState.RUNNING)
    loses_ownership(how, people.workspace_of(alice.user), alice, bob.user)
    User.objects.filter(pk=bob.user.pk).update(keep_days=1)
    assert delete_old_texts() == 0
    assert cancel_jobs_of(bob.user) == 0
    assert close_account(user=bob.user, gives_up_money=True) == 0
    assert delete_old_texts() == 0
    for each in (job, unpaid, running):
        each.refresh_from_db()
    assert (job.texts_deleted_at, running.state) == (None, JobState.RUNNING)
    assert (unpaid.state, unpaid.stop_reason) == (JobState.CANCELLED, "cancelled")


def test_a_deactivated_owner_is_not_the_one_who_stays(alice, bob):
    """Nobody could sign in as them: the last one who can remains an owner, or hands over."""
    workspace = people.workspace_of(alice.user)
    Membership.objects.filter(user=bob.user).update(role=Role.OWNER)
    User.objects.filter(pk=bob.user.pk).update(is_active=False)
    assert "needs an owner" in alice.post(reverse("workspace-leave"), follow=True).content.decode()
    assert roles_in(workspace)["alice@example.org"] == "owner"
    assert [(each.workspace, each.heir) for each in handovers_of(alice.user)] == [(workspace, None)]


def test_a_page_of_a_workspace_that_was_left_leaves_no_other(alice, charlie):
    """A form to leave, sent again after its user was removed, changes nothing."""
    hers = people.workspace_of(alice.user)
    reply = charlie.post(reverse("workspace-leave"), {"workspace": str(hers.public_id)}, follow=True)
    assert "not in this workspace any more. Nothing was changed." in reply.content.decode()
    assert charlie.user.memberships.count() == 1


def test_pages_are_of_the_chosen_workspace_and_say_so(alice, charlie):
    """Jobs and wallet follow the switch; a form that was opened before starts its job where it was opened."""
    hers = people.workspace_of(alice.user)
    people.make_job(alice.user, title="Of quokkas")
    Membership.objects.create(workspace=hers, user=charlie.user, role=Role.MEMBER)
    his = people.workspace_of(charlie.user)
    assert "quokkas" not in charlie.get(reverse("job-list")).content.decode()
    form = charlie.get(reverse("job-new")).content.decode()
    assert f'name="workspace" value="{his.public_id}"' in form
    page = charlie.post(
        reverse("workspace-switch"), {"workspace": str(hers.public_id)}, follow=True
    ).content.decode()
    assert "quokkas" in page
    assert hers.name in page
    assert charlie.get(reverse("wallet")).status_code == 403
    typed = {"problem": "Use 3, 7, 12, 25 to make 58.", "budget": "0.05", "workspace": str(his.public_id)}
    charlie.post(reverse("job-new"), typed)
    assert Job.objects.get(created_by=charlie.user).workspace == his
    assert charlie.post(reverse("workspace-switch"), {"workspace": "x"}, follow=True).status_code == 200
    stranger = Workspace.objects.create(name="Strange")
    charlie.post(reverse("workspace-switch"), {"workspace": str(stranger.public_id)})
    charlie.user.refresh_from_db()
    assert charlie.user.current_workspace == hers


def test_a_form_and_a_link_of_one_workspace_concern_no_other(alice, bob, outbox):
    """Its owner switched in another tab: nothing changes there, and they are told; sent again it is done."""
    hers = people.workspace_of(alice.user)
    other = Workspace.objects.create(name="Harbour")
    for person in (alice, bob):
        Membership.objects.create(workspace=other, user=person.user, role=Role.OWNER)
    named = {"of_workspace": str(hers.public_id)}
    for page in ("workspace", "limits"):
        assert f'name="of_workspace" value="{hers.public_id}"' in alice.get(reverse(page)).content.decode()
    User.objects.filter(pk=alice.user.pk).update(current_workspace=other)
    forms = {
        "workspace-rename": {"name": "Renamed"},
        "workspace-invite": {"email": "dora@example.org", "role": "owner"},
        "workspace-low-balance": {"below": "5"},
        "topup-start": {"amount": "20"},
        "limits": {"what": "workspace", "day": "1"},
        "webhook-add": {"what": "workspace", "address": "https://example.org/hook"},
    }
    for form, typed in forms.items():
        refused = alice.post(reverse(form), typed | named, follow=True)
        assert "You have switched to Harbour since this form was shown" in refused.content.decode(), form
    other.refresh_from_db()
    assert (other.name, other.low_balance_nano, other.webhooks.count()) == ("Harbour", None, 0)
    assert not invitations.open_invitations(other).exists()
    assert "about another workspace" in alice.get(reverse("wallet"), named, follow=True).content.decode()
    named = {"of_workspace": str(other.public_id)}
    alice.post(reverse("workspace-rename"), {"name": "Renamed"} | named)
    other.refresh_from_db()
    assert other.name == "Renamed"


def test_a_signed_out_visitor_of_a_wrong_link_is_told(db):
    """A link that never was looks like one that was replaced."""
    reply = Client().get(reverse("invitation", args=["nonsense"]))
    assert (reply.status_code, "no longer valid" in reply.content.decode()) == (410, True)
