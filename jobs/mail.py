"""The mail that tells how a job ended: subject, a text and an HTML twin of it, and one link."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from jobs.markdown import clean_text
from jobs.models import Job, OutboxMessage
from jobs.states import JobState
from jobs.views.spend import spend_of

_WORDS = {
    JobState.DONE: "Done",
    JobState.EXHAUSTED: "Budget reached",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}
_SUBJECT_CHARACTERS = 150
_ANSWER_LINES = 12
_ANSWER_CHARACTERS = 1200


def compose_ended(message: OutboxMessage) -> EmailMultiAlternatives:
    """Return the mail about an ended job. The same message always has the same Message-ID."""
    context = _context(message.job)
    mail = EmailMultiAlternatives(
        subject=_one_line(render_to_string("emails/job_ended-subject.txt", context))[:_SUBJECT_CHARACTERS],
        body=render_to_string("emails/job_ended-text.txt", context).strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.recipient],
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("emails/job_ended-html.html", context), "text/html")
    return mail


def _context(job: Job) -> dict[str, Any]:
    return {
        "job": job,
        "word": _WORDS.get(JobState(job.state), job.get_state_display()),
        "title": _one_line(job.title),
        "answer": _first_lines(job.answer),
        "text": _first_lines(job.answer_text) if job.answer_text.strip() != job.answer.strip() else "",
        "spend": spend_of(job),
        "link": settings.PONDER_BASE_URL + job.get_absolute_url(),
        "base_url": settings.PONDER_BASE_URL,
    }


def _one_line(text: str) -> str:
    """Return `text` on one line, so that no title can make a header of its own."""
    return " ".join(clean_text(text).split())


def _first_lines(text: str) -> str:
    lines = clean_text(text).strip().splitlines()
    first = "\n".join(lines[:_ANSWER_LINES])[:_ANSWER_CHARACTERS]
    return first if first == "\n".join(lines) else f"{first} …"
