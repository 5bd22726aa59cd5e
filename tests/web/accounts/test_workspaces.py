"""People of a workspace: invited by email, once and for one address; roles, leaving, removing, switching."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role, User, Workspace, WorkspaceChange, WorkspaceInvitation
from accounts.workspaces import invitations
from accounts.workspaces.mail import plain_name
from jobs.core.states import JobState
from jobs.mail.enqueue import enqueue_job_mail
from jobs.models import Job, JobTemplate, OutboxKind
from tests import people
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
    assert "good for seven days" in charlie.get(second).content.decode()
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


def test_a_signed_out_visitor_of_a_wrong_link_is_told(db):
    """A link that never was looks like one that was replaced."""
    reply = Client().get(reverse("invitation", args=["nonsense"]))
    assert (reply.status_code, "no longer valid" in reply.content.decode()) == (410, True)
