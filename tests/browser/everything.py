"""Everything there is to see: one thing of each kind, and the address of every page, as the site itself lists them."""

import json
import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Role, User, WorkspaceInvitation
from accounts.preferences.unsubscribe import unsubscribe_address
from accounts.workspaces.invitations import invite
from billing.books.corrections import ask_for_correction, decide
from billing.models import AnomalyKind, AuditRun, Call, CallAnomaly, CorrectionKind, StopScope, TopUp
from billing.stops import lift, stop
from jobs.core.states import JobState
from jobs.lifecycle.limits.spending import set_limit
from jobs.lifecycle.saved.templates import save_template
from jobs.mail import eml_backend as mail_files
from jobs.models import Job, OutboxMessage, Period, ShareLink, Webhook
from jobs.upkeep.delete_texts import delete_texts
from solver.core.money import NANO_PER_CENT
from tests.billing.books import make_reconciliation_item
from tests.billing.payments_to_look_at import make_payments
from tests.browser.conftest import cookie_of
from tests.support import people
from tests.web.addresses import PUBLIC
from tests.web.addresses import addresses as all_addresses

STATES = [
    "/jobs/?q=zebra",
    "/staff/outbox/?state=bounced",
    "/staff/costs/?by=tag&month=2026-11",
    "/staff/costs/?by=job",
    "/staff/costs/refunds/?email=ada@example.org",
]
"""Pages in a state that their address alone does not show."""
MISSING = ["/nowhere/", "/sign-in/used/"]
_DOWNLOADS = {"file", "made-picture", "job-data-json", "job-data-csv"}
_USED = {"account_reset_password_from_key": ["0", "set-password"]}
# An address that takes something which these are not answers 404, unless it refuses GET before it looks.
_ANYTHING = {"uuid": uuid.UUID(int=1), "int": 1, "str": "x", "slug": "x"}


def _things(ada: User, jobs: Mapping[str, Job]) -> dict[str, list[Any]]:
    """Make the rest of what Ada has; return the arguments of each address that is about one thing."""
    workspace = people.workspace_of(ada)
    bob = people.make_user("bob@example.org", workspace=workspace)
    place = Membership.objects.get(user=bob, workspace=workspace)
    for whose in ({"user": bob, "workspace": workspace}, {"workspace": workspace}, {"user": ada}):
        set_limit(amount_nano=30 * NANO_PER_CENT, period=Period.MONTH, by=ada, by_staff=False, **whose)
    tried = {"tried_at": timezone.now(), "made_by": ada, "secret": "s"}
    Webhook.objects.create(user=ada, address="https://example.org/hook", tried_status=200, **tried)
    Webhook.objects.create(
        workspace=workspace,
        address=f"https://{'long.' * 9}example.org/",
        tried_error="no answer in 10 s",
        **tried,
    )
    invitation = invite(workspace, "dora@example.org", Role.MEMBER, by=ada)
    WorkspaceInvitation.objects.filter(pk=invitation.pk).update(token_sha256=sha256(b"a-token").hexdigest())
    template = save_template(
        user=ada, workspace=workspace, fields={"problem": "Check this proof.", "budget": "1"}
    )
    running, done, comparison = jobs["running"], jobs["done"], people.make_comparison(ada)
    of_job = {
        name: [running.pk] for name, where in all_addresses() if where.startswith("jobs/<uuid:job_id>/")
    }
    return {
        **of_job,
        "job-resume": [jobs["paused"].pk],
        "job-answer": [jobs["asking"].pk],
        "job-step-text": [running.pk, running.steps.first().pk],
        "job-draft-delete": [jobs["draft"].pk],
        "job-beside": [done.pk, jobs["maths"].pk],
        **{
            name: [done.pk] for name in of_job if name.startswith("job-receipt") or name == "job-delete-texts"
        },
        "job-compare-detail": [comparison.pk],
        "job-compare-live": [comparison.pk],
        "job-template": [template.pk],
        "invitation": ["a-token"],
        "workspace-member-limits": [place.pk],
        "workspace-member-remove": [place.pk],
        "cost-review-calls": [done.pk],
        "cost-review-calls-csv": [done.pk],
        "topup-return": [TopUp.objects.filter(workspace=workspace)[0].pk],
        "reconciliation-item": [make_reconciliation_item().pk],
        "staff-person": [bob.pk],
        "staff-mail-sample": ["done"],
        "staff-mail-detail": [mail_files.stored_names()[0]],
        "styleguide-error": ["404"],
    }


def _results(ada: User) -> list[Job]:
    """Make what the states of jobs do not show: data in a wide table, no answer at all, a question about a price."""
    measures = [{f"Column {n}": f"words of the cell {n} of row {row}" for n in range(9)} for row in range(3)]
    body = json.dumps(measures)
    of_price = {
        "text": "",
        "suggestions": [],
        "cost_nano": NANO_PER_CENT,
        "purpose": "Attempt",
        "model": "demo/expert",
    }
    return [
        people.make_job(
            ada, attempts=3, solved=False, pinned={"result": "data"}, checker={}, answer=body, answer_text=body,
            confidence=None, explanation="All fields are the same in all 3 replies.",
        ),
        people.make_job(ada, JobState.UNANSWERED, stop_reason="finished_by_user"),
        people.make_job(ada, JobState.ASKING, questions=[people.question(**of_price)]),
    ]  # fmt: skip


def _trouble(ada: User, job: Job) -> None:
    """Let happen what staff look after: an email that bounced, an audit that failed, models stopped, odd calls."""
    message = EmailMultiAlternatives("A mail", "text", "a@example.org", ["b@example.org"])
    message.attach_alternative("<h1>Hello</h1>", "text/html")
    message.send()
    OutboxMessage.objects.create(
        job=job,
        kind="ended",
        recipient=ada.email,
        state="bounced",
        attempts=1,
        next_at=timezone.now(),
        last_error="550 no such mailbox",
    )
    User.objects.update(mail_bounced_at=timezone.now(), mail_bounce="550 no such mailbox")
    broken = [
        {"invariant": "every balance is the sum of its entries", "detail": "account 1001 (wallet) says 5"}
    ]
    AuditRun.objects.create(started_at=timezone.now(), took_ms=1234, checked=22, violations=broken)
    for model in ("openai/gpt-5.4-mini", "demo/intern"):
        stop(StopScope.MODEL, model, reason="Its bill looks odd.", by=ada)
    lift(StopScope.MODEL, "demo/intern", reason="The bill was right.", by=ada)
    for call in Call.objects.filter(job_id=job.pk)[:3]:
        CallAnomaly.objects.create(
            call=call,
            kind=AnomalyKind.OUTLIER,
            model=call.model,
            cost_nano=call.cost_nano,
            usual_nano=call.cost_nano // 12,
            finished_at=timezone.now(),
        )


def _make_corrections(ada: User) -> None:
    """Make one that a colleague refused, and one that waits for Ada."""
    colleague = people.make_user("stella@example.org", staff=True)
    theirs = people.workspace_of(people.make_user("charlie@example.org"))
    for reason in (
        "A call was charged twice.",
        "A refund that the provider gave for the outage of 12 November.",
    ):
        asked = ask_for_correction(
            workspace=theirs,
            kind=CorrectionKind.ADJUSTMENT,
            amount_nano=NANO_PER_CENT,
            reason=reason,
            by=colleague,
        )
        if reason.startswith("A call"):
            decide(asked.pk, approve=False, reason="It was charged once: see the job.", by=ada)


def client_of(user: User) -> Client:
    """Return a client as which a user has just signed in."""
    client = Client()
    client.cookies["sessionid"] = cookie_of(user)["value"]
    return client


@pytest.fixture
def everything(transactional_db, settings, tmp_path):
    """One user who is staff, and the addresses of all that they can see."""
    settings.MAIL_DIR = tmp_path
    settings.MAILERS = {"default": {"BACKEND": "jobs.mail.eml_backend.EmlBackend", "OPTIONS": {}}}
    ada = people.make_user("ada@example.org", staff=True)
    jobs = people.one_job_of_each_state(ada)
    _trouble(ada, jobs["done"])
    _make_corrections(ada)
    make_payments(ada)
    forgotten = people.make_job(ada, "done", title="To be forgotten")
    delete_texts(job_id=forgotten.pk)
    share = ShareLink.objects.create(job=jobs["done"], created_by=ada, shows_costs=True)
    running, done = jobs["running"], jobs["done"]
    things = _things(ada, jobs) | {
        "job-shared": [share.token],
        "unsubscribe": [urlsplit(unsubscribe_address(ada)).path.split("/")[-2]],
    }
    states = [job.get_absolute_url() for job in (*jobs.values(), forgotten, *_results(ada))]
    states += [
        f"/jobs/{jobs['exhausted'].pk}/raise/",
        f"/jobs/new/?from={done.pk}",
        f"/jobs/new/?follow={done.pk}",
    ]
    states += [f"/jobs/bulk/?action=cancel&job={running.pk}&job={done.pk}"]
    states += [people.make_comparison(ada, "running").get_absolute_url()]
    return ada, list(dict.fromkeys([*STATES, *states, *pages_of(client_of(ada), things)]))


def pages_of(
    client: Client, things: Mapping[str, list[Any]], names: Collection[str] | None = None
) -> Iterator[str]:
    """Yield the address of every page that the site has for a client; `things` are arguments of addresses by name.

    What is no page is left out: actions that take POST alone, pieces of pages, downloads, and what leads elsewhere.
    """
    lacking = []
    for name, place in sorted(all_addresses()):
        if not name or name.startswith("admin:") or (names is not None and name not in names):
            continue
        kinds = re.findall(r"<(\w+):", place)
        address = reverse(
            name, args=things.get(name) or _USED.get(name) or [_ANYTHING[kind] for kind in kinds]
        )
        reply = client.get(address)
        # Pages of a second factor are for those who have one.
        if reply.status_code == 404 and name not in {*PUBLIC, *_DOWNLOADS} and not name.startswith("mfa_"):
            lacking.append(name)
        if reply.status_code == 200 and not reply.streaming and b"<html" in reply.content:
            yield address
    assert not lacking, f"say of which thing, in _things: {lacking}"
