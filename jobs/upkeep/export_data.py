"""Everything that is kept of a user, as one zip that is made while it is read: memory stays flat however much it is."""

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Role, User, Workspace
from billing.books.statement import LEDGER_HEADER, ledger_rows
from billing.cost_review.csv_reply import csv_lines
from billing.models import Call
from files.models import Attachment
from files.store import storage
from jobs.models import Job, Prompt, StepRecord, Webhook
from solver.core.money import usd_decimal

_CALLS_AT_ONCE = 200
_TOKENS = (
    *("input_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("audio_tokens", "image_tokens", "output_tokens", "reasoning_tokens"),
)

README = """\
Your data in Ponder
===================

profile.json          your name, address and settings
templates.json        forms that you saved, and which of them run weekly
webhooks.json         addresses that hear of limits and jobs, yours and those of workspaces that you own; no secrets
ledger/*.csv          every movement in the wallet of each workspace that you own; amounts are exact dollars
jobs/DATE-ID/
  job.json            the job: state, money, times, answer, confidence, what was checked
  problem.md          what you asked
  files/              the files that you attached
  answer.md           the whole answer, if there is one
  calls.jsonl         every call, one JSON object per line, in the order in which the results were recorded:
                      purpose, model, tokens, cost, times, the messages that were sent, and the reply

These are the jobs that you submitted, in the workspaces that you are in.
Jobs whose texts were deleted have only amounts and times.
Times are UTC; those of ledgers are of the time zone of the site, each with its offset.
Amounts are decimal strings, exact to the billionth of a dollar.
"""


class _Pipe(io.RawIOBase):
    """A file that keeps what was written to it until it is taken."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: Any) -> int:
        """Remember a chunk."""
        chunk = bytes(data)
        self._chunks.append(chunk)
        return len(chunk)

    def take(self) -> bytes:
        """Return what came since the last time."""
        taken, self._chunks = b"".join(self._chunks), []
        return taken


def export_data(user: User) -> Iterator[bytes]:
    """Yield the bytes of the zip."""
    pipe = _Pipe()
    # Not seekable, so each entry is followed by its size and checksum.
    with zipfile.ZipFile(pipe, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, chunks in _entries(user):
            with archive.open(name, "w", force_zip64=True) as entry:
                for chunk in chunks:
                    entry.write(chunk if isinstance(chunk, bytes) else chunk.encode("utf-8", "replace"))
                    if ready := pipe.take():
                        yield ready
    yield pipe.take()


def _entries(user: User) -> Iterator[tuple[str, Iterator[str] | Iterator[bytes]]]:
    """Yield name and text of each file, in pieces."""
    yield "README.txt", iter([README])
    yield "profile.json", iter([_json(_profile(user))])
    yield "templates.json", iter([_json(_templates(user))])
    owned = Workspace.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    yield "webhooks.json", iter([_json(_webhooks(user, owned))])
    for workspace in owned.order_by("pk"):
        yield (
            f"ledger/{workspace.pk}-{slugify(workspace.name)[:60] or 'workspace'}.csv",
            csv_lines(LEDGER_HEADER, ledger_rows(workspace)),
        )
    submitted = Job.objects.filter(created_by=user, workspace__memberships__user=user)
    for job in submitted.select_related("escrow").order_by("created_at").iterator(100):
        folder = f"jobs/{job.created_at:%Y-%m-%d}-{job.pk}"
        yield f"{folder}/job.json", iter([_json(_job(job))])
        if job.problem:
            yield f"{folder}/problem.md", iter([job.problem])
        if job.answer_text or job.answer:
            yield f"{folder}/answer.md", iter([job.answer_text or job.answer])
        for file in Attachment.objects.filter(job=job).defer("pages").order_by("created_at", "pk"):
            yield f"{folder}/files/{str(file.pk)[:8]}-{file.name}", _bytes_of(file)
        yield f"{folder}/calls.jsonl", _calls(job)
    for file in (
        Attachment.objects.filter(created_by=user, job=None).defer("pages").order_by("created_at", "pk")
    ):
        yield f"files/{str(file.pk)[:8]}-{file.name}", _bytes_of(file)


def _bytes_of(file: Attachment) -> Iterator[bytes]:
    """Yield the bytes of a file; none of one that was deleted meanwhile."""
    with contextlib.suppress(FileNotFoundError), storage().open(file.stored_name) as stored:
        yield from stored.chunks()


def _profile(user: User) -> dict[str, Any]:
    fields = (
        "email", "name", "date_joined", "last_login", "notify_when_done", "notify_when_exhausted", "notify_when_stuck",
        "notify_when_failed", "notify_when_asked", "notify_of_receipts", "notify_of_top_ups",
        "notify_of_limits", "notify_of_low_balance",
        "keep_days", "time_zone", "share_traces", "mail_bounced_at",
    )  # fmt: skip
    memberships = user.memberships.select_related("workspace").order_by("pk")
    return {name: getattr(user, name) for name in fields} | {
        "workspaces": [
            {"name": each.workspace.name, "role": each.role, "since": each.created_at} for each in memberships
        ],
        "exported_at": timezone.now(),
    }


def _templates(user: User) -> list[dict[str, Any]]:
    fields = ("id", "name", "form", "created_at", "weekly", "time_zone", "next_run_at", "paused_because")
    return list(user.job_templates.order_by("created_at").values(*fields))


def _webhooks(user: User, owned: QuerySet[Workspace]) -> list[Any]:
    """Return the addresses that hear of the user's and the workspaces' limits; secrets are shown once only."""
    concerned = Q(user=user) | Q(workspace__in=owned)
    hooks = Webhook.objects.filter(concerned).order_by("created_at", "pk").distinct()
    return list(hooks.values("id", "address", "workspace__name", "created_at"))


def _job(job: Job) -> dict[str, Any]:
    fields = (
        "id", "title", "tags", "state", "stop_reason", "error", "strategy", "options", "checker", "form", "version",
        "markup_bp", "created_at", "not_before_at", "deadline_at", "started_at", "finished_at", "texts_deleted_at",
        "answer", "confidence", "explanation", "checked", "user_verdict", "user_verdict_at", "dissent", "rubric", "calls",
        "programs_run", "programs_cpu_ms", "parent_id", "follows_id", "context", "hints", "questions", "files",
    )  # fmt: skip
    spent = job.charged_nano if job.has_ended or not job.escrow else job.budget_nano - job.escrow.balance_nano
    return {name: getattr(job, name) for name in fields} | {
        "budget_usd": usd_decimal(job.budget_nano),
        "spent_usd": usd_decimal(spent),
    }


def _calls(job: Job) -> Iterator[str]:
    """Yield a line for each call. Prompts are kept once per job and are few; replies are read in portions."""
    prompts = dict(Prompt.objects.filter(job=job).values_list("sha256", "messages"))
    steps = StepRecord.objects.filter(job=job).order_by("seq", "created_at", "pk")
    portion: list[StepRecord] = []
    for step in steps.iterator(_CALLS_AT_ONCE):
        portion.append(step)
        if len(portion) == _CALLS_AT_ONCE:
            yield _lines(portion, prompts)
            portion = []
    yield _lines(portion, prompts)


def _lines(steps: list[StepRecord], prompts: dict[str, Any]) -> str:
    paid = Call.objects.in_bulk([step.pk for step in steps])
    return "".join(_json(_call(step, paid.get(step.pk), prompts), indent=None) for step in steps)


def _call(step: StepRecord, paid: Call | None, prompts: dict[str, Any]) -> dict[str, Any]:
    fields = (
        "key", "attempt", "kind", "purpose", "parents", "model", "state", "status", "text", "reasoning", "answer",
        "verdict", "note", "finish_reason", "error", "created_at", "told_at",
    )  # fmt: skip
    facts = {name: getattr(step, name) for name in fields}
    facts |= {"charged_usd": usd_decimal(step.charged_nano), "messages": prompts.get(step.prompt_sha256)}
    if paid:
        facts |= {name: getattr(paid, name) for name in _TOKENS} | {"served_model": paid.served_model}
    return facts


def _json(facts: dict[str, Any] | list[dict[str, Any]], *, indent: int | None = 2) -> str:
    return json.dumps(facts, cls=DjangoJSONEncoder, ensure_ascii=False, indent=indent) + "\n"
