"""The emails: subject, a text and an HTML twin, the search as a small picture, one link, one click to unsubscribe."""

from email.header import Header
from email.policy import EmailPolicy
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.preferences.unsubscribe import unsubscribe_address
from billing.books.job_costs import job_costs
from billing.books.receipt import receipt_of
from jobs.core.states import CONTINUABLE_REASONS, ENDED, JobState, stop_reason_words
from jobs.mail.picture import picture_of
from jobs.models import Job, OutboxKind, OutboxMessage
from jobs.presenters.deliverables import as_markdown, has_headline
from jobs.presenters.markdown import clean_text, render_markdown
from jobs.presenters.questions import question_to_answer
from jobs.presenters.sources import cited_sources
from jobs.presenters.spend import Spend, spend_of
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.rubric import JudgedCriterion
from solver.text.fences import in_fence

_SUBJECT_CHARACTERS = 150
_ANSWER_LINES = 12
_ANSWER_CHARACTERS = 1200
_TEXT_LINES = 120
_TEXT_CHARACTERS = 6_000
_CODE_LINES = 120
_CODE_CHARACTERS = 6000
_LONGEST_ENCODED_WORD = 75
_LONGEST_HEADER = 998  # RFC 5322, section 2.1.1


class _HeaderPolicy(EmailPolicy):
    """Folds the subject, in which encoded words have at most 75 characters (RFC 2047, section 2), and nothing else.

    A long address that was folded would become encoded words, which no mail program undoes. The subject is folded by
    `Header`, since the policy's own way doubles a space where an encoded word begins.
    """

    def fold(self, name: str, value: Any) -> str:
        """Return a header as lines."""
        if name.lower() != "subject":
            return str(super().fold(name, value))
        folded = Header(str(value), header_name=name, maxlinelen=_LONGEST_ENCODED_WORD)
        return f"{name}: {folded.encode(linesep=self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header as lines, encoded."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


class JobMail(EmailMultiAlternatives):
    """An email. Its `picture` goes along with the HTML, which shows it by `picture_id`: nothing is fetched."""

    picture: bytes | None = None
    picture_id = ""

    def _add_bodies(self, msg: Any) -> Any:
        built = super()._add_bodies(msg)  # type: ignore[misc]
        html = built.get_body(("html",)) if self.picture else None
        if html is not None:
            name = {"cid": f"<{self.picture_id}>", "filename": "search.png", "disposition": "inline"}
            html.add_related(self.picture, "image", "png", **name)
        return built

    def message(self, **options: Any) -> Any:
        """Return the email, ready to be written."""
        built = super().message(**options)
        built.policy = _HeaderPolicy(linesep=built.policy.linesep, max_line_length=_LONGEST_HEADER)
        return built


def compose(message: OutboxMessage) -> JobMail:
    """Return the email of a message. The same message always has the same Message-ID."""
    if message.job is None:
        return _account_mail(message)
    job = message.job
    template = f"emails/job_{message.kind}"
    context = _context(job, message)
    unsubscribe = unsubscribe_address(job.created_by)
    mail = JobMail(
        subject=_one_line(render_to_string(f"{template}-subject.txt", context))[:_SUBJECT_CHARACTERS],
        body=render_to_string(f"{template}-text.txt", context).strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.recipient],
        headers={
            "Message-ID": message.message_id,
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    mail.picture, mail.picture_id = picture_of(job.outline), f"search.{job.pk}@ponder"
    context["picture_src"] = f"cid:{mail.picture_id}" if mail.picture else ""
    mail.attach_alternative(render_to_string(f"{template}-html.html", context), "text/html")
    return mail


def _account_mail(message: OutboxMessage) -> JobMail:
    mail = JobMail(
        subject=message.content["subject"],
        body=message.content["text"],
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.recipient],
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )
    html = message.content["html"] or render_to_string("emails/notice-html.html", message.content)
    mail.attach_alternative(html, "text/html")
    return mail


def _context(job: Job, message: OutboxMessage) -> dict[str, Any]:
    """Return what the templates show: the outcome as it was when it was written, the answer as it is."""
    told = message.content
    state = JobState(told.get("state", job.state))
    link = settings.PONDER_BASE_URL + job.get_absolute_url()
    return {
        "job": job,
        "word": state.label,
        "reason": stop_reason_words(
            told.get("stop_reason", job.stop_reason),
            budget_nano=told.get("budget_nano", job.budget_nano),
            confidence=job.confidence,
            result=job.result_kind,
        ),
        "title": _one_line(job.title),
        **_result(job),
        "sources": cited_sources(job),
        "spend": _spend(job, told),
        "doubts": job_costs(job.pk),
        "link": link,
        "raise_link": f"{link}raise/"
        if _may_continue(state, told.get("stop_reason", job.stop_reason))
        else "",
        "question": question_to_answer(job) if message.kind == OutboxKind.QUESTION else None,
        "receipt": receipt_of(job.pk) if message.kind == OutboxKind.RECEIPT else None,
        "unsubscribe": unsubscribe_address(job.created_by),
        "base_url": settings.PONDER_BASE_URL,
    }


def _result(job: Job) -> dict[str, Any]:
    """Return what came back: a short answer with its text, or code or data in a fenced block, whole where it fits."""
    delivered = as_markdown(job.result_kind, job.answer, job.answer_text)
    if delivered and not has_headline(job.result_kind):
        code = clean_text(job.answer).strip("\n")
        fits = code.count("\n") < _CODE_LINES and len(code) <= _CODE_CHARACTERS
        shown = clean_text(delivered) if fits else in_fence(_first_lines(job.answer), "text")
        answer = shown if fits else _first_lines(job.answer)
        return {"answer": answer, "code": code, "code_html": render_markdown(shown), "text": ""}
    if delivered and job.result_kind is ResultKind.TEXT:
        text = _first_lines(delivered, lines=_TEXT_LINES, characters=_TEXT_CHARACTERS)
        return {
            "written": text,
            "written_html": render_markdown(text),
            "conclusion": _one_line(job.answer),
            "rubric": [_one_line(JudgedCriterion.from_json(each).line()) for each in job.rubric],
        }
    whole = delivered or job.answer_text
    text = _first_lines(whole) if whole.strip() != job.answer.strip() else ""
    return {
        "answer": _first_lines(job.answer),
        "text": text,
        "text_html": render_markdown(text) if text else "",
    }


def _may_continue(state: JobState, stop_reason: str) -> bool:
    return state in {JobState.EXHAUSTED, JobState.UNANSWERED} and stop_reason in CONTINUABLE_REASONS


def _spend(job: Job, told: dict[str, Any]) -> Spend:
    if "charged_nano" not in told or told.get("state") not in ENDED:
        return spend_of(job)
    charged, budget = told["charged_nano"], told["budget_nano"]
    return Spend(budget, charged, 0, min(1000, charged * 1000 // budget), is_funded=job.escrow_id is not None)


def _one_line(text: str) -> str:
    """Return `text` on one line, so that no title can make a header of its own."""
    return " ".join(clean_text(text).split())


def _first_lines(text: str, *, lines: int = _ANSWER_LINES, characters: int = _ANSWER_CHARACTERS) -> str:
    whole = clean_text(text).strip().splitlines()
    first = "\n".join(whole[:lines])[:characters]
    return first if first == "\n".join(whole) else f"{first} …"
