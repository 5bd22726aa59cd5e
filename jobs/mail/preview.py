"""Every kind of email with made-up content, for staff to look at: nothing of it is stored or sent."""

import base64
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone

from accounts.models import Role, User, Workspace, WorkspaceInvitation
from accounts.workspaces.mail import invitation_mail
from jobs.core.states import JobState
from jobs.mail.compose import JobMail, compose
from jobs.models import Job, OutboxKind, OutboxMessage
from solver.core.money import NANO_PER_CENT, NANO_PER_USD
from solver.core.problem.question import FIRST_KEY
from solver.core.steps import StopReason

_PROBLEM = "Use 3, 7, 12, 25 to make 58."
_REPLY = """Take the largest number first:

| step | result |
|---|---:|
| 25 + 12 | 37 |
| 37 + 7 · 3 | 58 |

```python
assert 25 + 12 + 7 * 3 == 58
```"""
_OUTLINE = {
    "root_y": 20,
    "lines": [
        ["M5 20C23 20 23 5 41 5", 2, False],
        ["M5 20C23 20 23 35 41 35", 1, False],
        ["M5 20H41", 1, False],
        ["M41 5H115", 1, False],
        ["M5 20H41", 2, True],
        ["M41 20H115", 2, True],
    ],
    "dots": [[41, 5, 2, "wrong"], [41, 20, 4, "right"], [41, 35, 2, "mute"], [78, 20, 3, "right"]],
}
_ANSWERED: Mapping[str, Any] = {
    "answer": "25 + 12 + 7 * 3",
    "answer_text": _REPLY,
    "confidence": 0.994,
    "explanation": "A checker confirmed it.",
    "outline": _OUTLINE,
}
_JOBS: Mapping[str, tuple[JobState, str, str, Mapping[str, Any]]] = {
    "done": (
        JobState.DONE,
        StopReason.SOLVED,
        "A job is done",
        {**_ANSWERED, "checked": "✓ The puzzle: right."},
    ),
    "guess": (
        JobState.DONE,
        StopReason.CONFIDENT,
        "A job is done, and its answer is a guess",
        {**_ANSWERED, "confidence": 0.3, "explanation": "2 of 9 attempts agree."},
    ),
    "budget": (
        JobState.EXHAUSTED,
        StopReason.BUDGET_REACHED,
        "A job reached its budget",
        {**_ANSWERED, "confidence": 0.62, "explanation": "6 of 11 attempts agree."},
    ),
    "failed": (
        JobState.FAILED,
        StopReason.FAILED,
        "A job failed",
        {"error": "Every model refused the problem."},
    ),
    "cancelled": (JobState.CANCELLED, StopReason.CANCELLED, "A job was cancelled", {}),
}
_QUESTION: Mapping[str, Any] = {
    "key": FIRST_KEY,
    "text": "May a number be used more than once?",
    "suggestions": ["No, each exactly once", "Yes, as often as needed"],
    "cost_nano": 0,
    "how": "",
    "answer": "",
}
_NOTICES: Mapping[str, tuple[str, str, str]] = {
    "code": (
        "A code to sign in",
        "K7PX-2MQF is your Ponder sign-in code",
        "Enter this code to sign in:\n\nK7PX-2MQF\n\nIt is valid for ten minutes.",
    ),
    "limit": (
        "A spending limit is used up to a step",
        "80 % of the spending limit of your jobs is used",
        "The spending limit of your jobs is $5.00 per day.\n\n$3.80 is spent since 2026-11-30, and $0.20 is reserved.",
    ),
    "weekly": (
        "A weekly run was paused",
        "Paused: the weekly run of Monday puzzle",
        "The weekly run of “Monday puzzle” was not started, and further runs are paused.\n\nYour wallet has $0.10.",
    ),
    "top-up": (
        "Money was added",
        "$20.00 was added to your wallet",
        "$20.00 was added to the wallet of “Harbour”.\n\nWallet:\n{base}/wallet/",
    ),
    "payment": (
        "A payment or a low balance",
        "$0.40 left in Harbour",
        "The workspace “Harbour” has $0.40 left, what its jobs have reserved included.\n\nAdd money:\n{base}/wallet/",
    ),
    "suspension": (
        "To staff: a model was suspended",
        "demo/intern is suspended",
        "A call to demo/intern cost more than was reserved. Jobs wait or use another model.\n\n{base}/staff/costs/",
    ),
    "audit": (
        "To staff: the audit found something",
        "The audit found 1 violation",
        "Every balance is the sum of its entries: account 1001 says 5.\n\n{base}/staff/audit/",
    ),
}


class Kind(NamedTuple):
    """A kind of email in the list."""

    name: str
    title: str


def kinds() -> list[Kind]:
    """Return every kind of email there is."""
    jobs = [Kind(name, title) for name, (_, _, title, _) in _JOBS.items()]
    return [
        *jobs,
        Kind("question", "A job needs you"),
        Kind("receipt", "A job's receipt"),
        Kind("waiting", "A job is stuck"),
        Kind("invitation", "An invitation to a workspace"),
        *(Kind(name, title) for name, (title, _, _) in _NOTICES.items()),
    ]


def sample_of(name: str, reader: User) -> JobMail | None:
    """Return an email of a kind, written to this person; None for an unknown kind."""
    if name in _NOTICES:
        _, subject, text = _NOTICES[name]
        content = {"subject": subject, "text": text.format(base=settings.PONDER_BASE_URL) + "\n", "html": ""}
        return compose(OutboxMessage(kind=OutboxKind.STAFF, recipient=reader.email, content=content))
    if name == "invitation":
        return _invitation(reader)
    until = (timezone.now() + timedelta(days=1)).isoformat()
    still: Mapping[str, tuple[JobState, str, str, Mapping[str, Any]]] = {
        "waiting": (JobState.WAITING, "", "", {"error": "The provider does not answer."}),
        "receipt": (JobState.DONE, StopReason.SOLVED, "", _ANSWERED),
        "question": (JobState.ASKING, "", "", {"questions": [{**_QUESTION, "until": until}]}),
    }
    found = _JOBS.get(name) or still.get(name)
    if found is None:
        return None
    state, reason, _, facts = found
    charged = 3 * NANO_PER_CENT if name != "budget" else NANO_PER_USD // 4
    job = Job(
        id=uuid.uuid5(uuid.NAMESPACE_OID, name),
        created_by=reader,
        title=_PROBLEM,
        problem=_PROBLEM,
        state=state,
        stop_reason=reason,
        budget_nano=NANO_PER_USD // 4,
        charged_nano=charged,
        queued_at=timezone.now(),
        **facts,
    )
    job.escrow_id = (
        -1 if name in {*_JOBS, "receipt"} else None
    )  # it is charged as a job with money is; no row is read
    told = {"state": state, "stop_reason": reason, "charged_nano": charged, "budget_nano": job.budget_nano}
    kinds_of = {each.value: each for each in (OutboxKind.WAITING, OutboxKind.QUESTION, OutboxKind.RECEIPT)}
    kind = kinds_of.get(name, OutboxKind.ENDED)
    return compose(
        OutboxMessage(job=job, kind=kind, recipient=reader.email, content=told, message_id="<sample@ponder>")
    )


def _invitation(reader: User) -> JobMail:
    invitation = WorkspaceInvitation(
        workspace=Workspace(name="Harbour"), email=reader.email, role=Role.MEMBER, invited_by=reader
    )
    mail = invitation_mail(invitation, f"{settings.PONDER_BASE_URL}/invitations/…/")
    content = {"subject": mail.subject, "text": str(mail.body), "html": str(mail.alternatives[0][0])}
    return compose(OutboxMessage(kind=OutboxKind.ACCOUNT, recipient=reader.email, content=content))


def html_of(mail: JobMail) -> str:
    """Return the HTML of an email as a page of its own: the attached picture stands in it."""
    html = str(mail.alternatives[0][0])
    if not mail.picture:
        return html
    data = base64.b64encode(mail.picture).decode()
    return html.replace(f"cid:{mail.picture_id}", f"data:image/png;base64,{data}")
