"""Nobody sees what is not theirs: every address of the site, tried as nobody, a stranger, and staff without its right."""

import html
import itertools
import re
import uuid
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role, WorkspaceInvitation
from accounts.rights import Right
from billing.models import Correction, SavedCard, TopUp
from files.models import Attachment
from jobs.models import Job, JobTemplate, OutboxMessage
from tests.billing.books import make_reconciliation_item
from tests.support import people
from tests.web.addresses import (
    ADMIN_FRAME,
    ANY_STAFF,
    LEAST_ROLE,
    OF_A_PERSON,
    OWN,
    OWNERS,
    PUBLIC,
    STAFF,
    SUPERUSERS,
    addresses,
)
from tests.web.conftest import Person

LISTED = PUBLIC | OWN | OWNERS | STAFF.keys() | ANY_STAFF | SUPERUSERS
JOB_PAGES = sorted(
    name for name in OWNERS if name.startswith("job-") and "compare" not in name and "template" not in name
)
# About a step, a draft, the receipt of a job that has ended, or the data that some jobs deliver.
_NOT_OF_EVERY_JOB = {
    "job-receipt",
    "job-receipt-csv",
    "job-receipt-json",
    "job-beside",
    "job-step-text",
    "job-share",
    "job-unshare",
    "job-verdict",
    "job-draft-delete",
    "job-data-json",
    "job-data-csv",
}
JOB_POSTS = [
    "job-finish",
    "job-cancel",
    "job-pause",
    "job-resume",
    "job-raise",
    "job-hint",
    "job-answer",
    "job-delete-texts",
    "job-share",
    "job-unshare",
    "job-verdict",
    "job-name",
]


@pytest.fixture
def belongings(alice, running_job) -> dict[str, list]:
    """The arguments of each address that is about one thing, and all these things are Alice's."""
    workspace = people.workspace_of(alice.user)
    comparison = people.make_comparison(alice.user)
    top_up = TopUp.objects.create(workspace=workspace, user=alice.user, amount_nano=5_000_000_000)
    message = OutboxMessage.objects.create(
        kind="staff", recipient="staff@example.org", next_at=timezone.now(), message_id="<1@ponder>"
    )
    item = make_reconciliation_item()
    correction = Correction.objects.create(
        workspace=workspace, kind="adjustment", amount_nano=1, reason="x", asked_by=alice.user
    )
    file = Attachment.objects.create(
        workspace=workspace, created_by=alice.user, name="a.txt", kind="text", size_bytes=1, characters=1
    )
    draft = people.make_job(alice.user, "draft", spent_cents=0)
    template = JobTemplate.objects.create(created_by=alice.user, workspace=workspace, name="Mine")
    card = SavedCard.objects.create(
        workspace=workspace,
        user=alice.user,
        payment_method="pm_1",
        customer="cus_1",
        consented_at=timezone.now(),
    )
    invitation = WorkspaceInvitation.objects.create(
        workspace=workspace,
        email="dora@example.org",
        token_sha256="0" * 64,
        sent_at=timezone.now(),
        expires_at=timezone.now(),
    )
    membership = Membership.objects.get(workspace=workspace, user=alice.user)
    passkey = Authenticator.objects.create(user=alice.user, type="webauthn", data={"name": "Laptop"})
    session = UserSession.objects.create(user=alice.user, ip="192.0.2.1", session_key="a" * 32)
    return {
        **{name: [running_job.pk] for name in JOB_PAGES},
        "job-step-text": [running_job.pk, running_job.steps.first().pk],
        "job-draft-delete": [draft.pk],
        "job-beside": [running_job.pk, running_job.pk],
        "job-compare-detail": [comparison.pk],
        "job-compare-live": [comparison.pk],
        "reconciliation-item": [item.pk],
        "correction-decide": [correction.pk],
        "reconciliation-decide": [item.pk],
        "topup-return": [top_up.pk],
        **{f"job-template{action}": [template.pk] for action in ("", "-weekly", "-stop", "-delete")},
        "file": [file.pk],
        "made-picture": [file.pk],
        **{f"workspace-invitation-{act}": [invitation.pk] for act in ("resend", "revoke")},
        **{f"workspace-member-{act}": [membership.pk] for act in ("role", "remove", "limits")},
        "mfa_edit_webauthn": [passkey.pk],
        "mfa_remove_webauthn": [passkey.pk],
        "session-end": [session.pk],
        "card-remove": [card.pk],
        "cost-review-calls": [running_job.pk],
        "cost-review-calls-csv": [running_job.pk],
        "staff-outbox-retry": [message.pk],
        "staff-mail-sample": ["done"],
        "styleguide-error": ["404"],
        "staff-person": [alice.user.pk],
        "staff-view-as": [alice.user.pk],
        "staff-mail-detail": [f"20261129T000000Z-{'0' * 16}.eml"],
    }


def path_to(name: str, belongings: dict[str, list]) -> str:
    return reverse(name, args=belongings.get(name, []))


def clerk_with(*rights: Right) -> Person:
    """A member of staff who may do only this."""
    user = people.make_user("clerk@example.org")
    user.is_staff = True
    user.save()
    clerk = Person(user)
    give_only(clerk, *rights)
    return clerk


def give_only(clerk: Person, *rights: Right) -> None:
    """Give a member of staff these rights in place of others."""
    clerk.user.user_permissions.set(Permission.objects.filter(codename__in=rights))


def test_every_address_is_in_one_list():
    """A new page must be put into one of the lists, so that it is tried below."""
    named = {name for name, _ in addresses() if name and not name.startswith("admin:")}
    assert named == LISTED
    assert [place for name, place in addresses() if not name and not place.startswith("admin/")] == []
    lists = (PUBLIC, OWN, OWNERS, STAFF.keys(), ANY_STAFF, SUPERUSERS)
    assert sum(len(each) for each in lists) == len(LISTED)


def test_a_signed_out_visitor_is_asked_to_sign_in(client, belongings):
    """Every page but the public ones leads to the sign-in page and back, whatever the method."""
    for name in sorted(LISTED - PUBLIC):
        address = path_to(name, belongings)
        for reply in (client.get(address), client.post(address)):
            assert reply.status_code == 302, name
            assert reply.url.startswith(reverse("account_login")), name
            assert address in unquote(reply.url), name


def test_a_stranger_gets_404(charlie, belongings, mail_dir):
    """Someone else's thing, and every staff page, looks like nothing at all; nothing changes."""
    before = list(Job.objects.order_by("pk").values())
    for name in sorted(OWNERS | STAFF.keys() | ANY_STAFF | SUPERUSERS):
        assert charlie.post(path_to(name, belongings), {"budget": "20"}).status_code in {404, 405}, name
        assert charlie.get(path_to(name, belongings)).status_code in {404, 405}, name
        assert list(Job.objects.order_by("pk").values()) == before, name


def test_every_address_of_a_workspace_says_which_role_opens_it():
    """A new page must say whether it is a person's own, or which role it takes, so that it is tried below."""
    of_allauth = {name for name in OWN | OWNERS if name.startswith(("account_", "mfa_"))}
    assert (OWN | OWNERS) - LEAST_ROLE.keys() == OF_A_PERSON | of_allauth
    assert LEAST_ROLE.keys() <= OWN | OWNERS | PUBLIC


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_it_may_and_nothing_else(role, bob, belongings):
    """Who may do less gets 403 with the reason, whatever the method; nothing changes."""
    Membership.objects.filter(user=bob.user).update(role=role)
    before = list(Job.objects.order_by("pk").values())
    form = {"budget": "0.01", "problem": "Two and two?", "draft": str(uuid.uuid4()), "amount": "x"}
    own = JobTemplate.objects.create(
        created_by=bob.user, workspace=people.workspace_of(bob.user), name="Bob's", form={}
    )
    things = belongings | {"job-template-weekly": [own.pk]}
    for name in sorted(name for name, least in LEAST_ROLE.items() if not role.includes(least)):
        replies = [bob.post(path_to(name, things), form), bob.get(path_to(name, things))]
        refusals = [reply for reply in replies if reply.status_code != 405]
        assert [reply.status_code for reply in refusals] in ([403], [403, 403]), name
        assert all("workspace" in reply.content.decode() for reply in refusals), name
    assert list(Job.objects.order_by("pk").values()) == before
    for name in sorted(name for name, least in LEAST_ROLE.items() if role.includes(least)):
        if name not in {"topup-return", "file", "made-picture"} and not name.startswith(
            ("job-data-", "job-receipt")
        ):
            assert bob.get(path_to(name, things)).status_code in {200, 286, 302, 405}, name


def test_a_viewer_sees_no_button_that_is_refused(bob, running_job, done_job):
    """Pages of jobs offer a viewer nothing that changes them, and no money."""
    Membership.objects.filter(user=bob.user).update(role=Role.VIEWER)
    for job in (running_job, done_job):
        page = bob.get(job.get_absolute_url()).content.decode()
        for refused in (
            "/raise/",
            "/finish/",
            "/hint/",
            "/jobs/new/",
            "/delete-texts/",
            "/name/",
            "/wallet/",
        ):
            assert refused not in page, refused


def test_superusers_get_404_for_what_is_a_users_own(staff, belongings):
    """Pages of users are for their workspace; staff have pages of their own."""
    for name in sorted(OWNERS):
        assert staff.get(path_to(name, belongings)).status_code in {404, 405}, name


def test_own_pages_hold_nothing_foreign(charlie, running_job):
    """Lists, wallet and export of a stranger say nothing of Alice's job."""
    Job.objects.filter(pk=running_job.pk).update(title="Of quokkas")
    for name in sorted(OWN):
        reply = charlie.get(reverse(name), follow=True)
        body = b"".join(reply.streaming_content) if reply.streaming else reply.content
        assert b"quokka" not in body, name


def test_staff_without_the_right_get_404(belongings, mail_dir):
    """All other rights together open no page or action but their own."""
    clerk = clerk_with()
    for name in sorted(STAFF.keys() | SUPERUSERS):
        give_only(clerk, *(right for right in Right if right != STAFF.get(name)))
        assert clerk.get(path_to(name, belongings)).status_code == 404, name
        assert clerk.post(path_to(name, belongings)).status_code == 404, name


def test_staff_with_the_right_alone_may_enter(belongings):
    """One right is enough for its pages, and their menus offer nothing else."""
    clerk = clerk_with()
    for name in sorted(STAFF):
        give_only(clerk, STAFF[name])
        reply = clerk.get(path_to(name, belongings))
        assert reply.status_code in {200, 405}, name
        if reply.status_code == 200 and not reply.streaming:
            offered = set(re.findall(r'href="(/staff/[a-z/-]*)"', reply.content.decode()))
            allowed = {
                reverse(other)
                for other, right in STAFF.items()
                if right == STAFF[name] and not belongings.get(other)
            }
            assert offered <= allowed, name


def test_superusers_may_enter_every_staff_page(staff, belongings, mail_dir):
    """The operator sees stored mail; a message that is not there is a 404 for them, too."""
    for name in sorted(SUPERUSERS):
        expected = {404} if name == "staff-mail-detail" else {200, 405}
        assert staff.get(path_to(name, belongings)).status_code in expected, name


TABLES = sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry)
ROW_PAGES = ("changelist", "add", "history", "delete", "change")


def test_every_admin_page_is_of_a_table_or_of_the_frame():
    """A page that somebody adds to /admin/ must be tried below."""
    named = {name for name, _ in addresses() if name.startswith("admin:")}
    assert named - ADMIN_FRAME == {f"admin:{table}_{page}" for table in TABLES for page in ROW_PAGES}


def test_no_row_is_shown_to_staff_without_a_right_to_it(client, db):
    """Being staff, and every right of the staff pages, opens no table; the signed-out are asked to sign in."""
    clerk, stranger = clerk_with(*Right), Person(people.make_user("charlie@example.org"))
    for table, page in itertools.product(TABLES, ROW_PAGES):
        row = apps.get_model(*table.split("_", 1)).objects.first()
        about_a_row = page in {"history", "delete", "change"}
        address = reverse(f"admin:{table}_{page}", args=[row.pk if row else "1"] if about_a_row else [])
        assert client.get(address).status_code == stranger.get(address).status_code == 302, address
        # Some pages of a row that is not there lead to the index, with a right or without.
        allowed = {302, 403} if about_a_row and not row else {403}
        assert clerk.get(address).status_code in allowed, address


@pytest.mark.parametrize("table", ["auth_group", "account_emailaddress"])
def test_rows_that_make_somebody_mighty_are_for_superusers(staff, table):
    """A verified address or a group of rights makes one person into another, so no permission opens these."""
    clerk = clerk_with(*Right)
    clerk.user.user_permissions.set(Permission.objects.all())
    assert clerk.get(reverse(f"admin:{table}_changelist")).status_code == 403
    assert clerk.get(reverse(f"admin:{table}_add")).status_code == 403
    assert staff.get(reverse(f"admin:{table}_changelist")).status_code == 200


def test_staff_who_may_edit_people_cannot_raise_themselves(alice, staff):
    """Rights and addresses are a superuser's to give, and rows of staff are a superuser's to change."""
    clerk = clerk_with()
    clerk.user.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    fields = {"email": "clerk@example.org", "name": "X", "is_staff": "on", "is_superuser": "on"}
    for user in (clerk.user, staff.user):
        assert clerk.post(reverse("admin:accounts_user_change", args=[user.pk]), fields).status_code == 403
    clerk.post(reverse("admin:accounts_user_change", args=[alice.user.pk]), fields)
    alice.user.refresh_from_db()
    assert (alice.user.email, alice.user.is_staff, alice.user.is_superuser) == (
        "alice@example.org",
        False,
        False,
    )


def test_a_step_is_not_found_under_another_job(alice, running_job, done_job):
    """The address names the job and the step; both must agree."""
    step = running_job.steps.first()
    assert alice.get(reverse("job-step-text", args=[running_job.pk, step.pk])).status_code == 200
    assert alice.get(reverse("job-step-text", args=[done_job.pk, step.pk])).status_code == 404


def test_a_member_of_the_workspace_sees_its_jobs(bob, running_job):
    """Workspaces own jobs; Bob is in Alice's."""
    for name in sorted(set(JOB_PAGES) - _NOT_OF_EVERY_JOB):
        assert bob.get(reverse(name, args=[running_job.pk])).status_code == 200, name
        assert bob.get(reverse(name, args=[uuid.uuid4()])).status_code == 404, name


@pytest.mark.parametrize("name", ["job-list", "job-new", "wallet", "limits"])
def test_a_page_asks_once_for_places_and_money(alice, name):
    """Door, view and header share what they were told; the next request asks anew."""
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            assert alice.get(reverse(name)).status_code == 200
        said = [each["sql"] for each in asked]
        assert sum(sql.startswith('SELECT "accounts_membership"."id"') for sql in said) == 1
        assert sum('SUM("billing_account"."balance_nano")' in sql for sql in said) == 1


def test_the_list_holds_no_foreign_job(charlie, running_job):
    """Charlie's list is empty, whatever is searched for."""
    assert running_job.title not in charlie.get(reverse("job-list"), {"q": "make"}).content.decode()


def test_run_again_refuses_a_foreign_job(charlie, running_job):
    """`?from=` goes through the same door."""
    assert charlie.get(reverse("job-new"), {"from": str(running_job.pk)}).status_code == 404


def test_posts_need_the_csrf_token(running_job, alice):
    """A form on another site can do nothing."""
    alice.handler.enforce_csrf_checks = True
    for name in [*JOB_POSTS, "job-quote", "job-preview", "job-draft"]:
        args = [running_job.pk] if name in JOB_PAGES else []
        assert alice.post(reverse(name, args=args)).status_code == 403, name


@pytest.mark.parametrize("name", ["job-live", "job-steps"])
def test_a_fragment_reloads_its_page_when_the_session_has_ended(client, running_job, name):
    """The sign-in page never appears inside another page."""
    reply = client.get(reverse(name, args=[running_job.pk]), headers={"HX-Request": "true"})
    assert (reply.status_code, reply["HX-Refresh"]) == (204, "true")


def test_staff_who_see_costs_read_no_titles(alice, staff, done_job):
    """What a job is called is part of what it says: a superuser reads it, others get the beginning of its id."""
    del alice
    hex8, clerk = done_job.pk.hex[:8], clerk_with(Right.SEE_COSTS)
    for address in (f"/staff/costs/jobs/{done_job.pk}/", "/staff/costs/?by=job"):
        assert done_job.title in html.unescape(staff.get(address).text)
        assert done_job.title not in html.unescape(clerk.get(address).text)
        assert f"Job {hex8}" in clerk.get(address).text
