"""Filters of the pages: states, times, texts."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs.core.states import JobState
from jobs.models import Job
from jobs.models.question import waited_for_answers
from jobs.presenters.direction import isolated
from jobs.presenters.markdown import clean_text, maths_in_line_html, short_answer_html, short_answer_text
from jobs.presenters.search.drawing import edges_svg, nodes_svg, outline_svg, share
from solver.checkers import CheckerError, checker_from_json
from solver.core.problem.rubric import points_in_words
from solver.inference.explanation import FAILED, PASSED

register = template.Library()

_BADGES = {
    JobState.RUNNING: "accent",
    JobState.WAITING: "warn",
    JobState.ASKING: "warn",
    JobState.AWAITING_PAYMENT: "warn",
    JobState.DONE: "ok",
    JobState.UNANSWERED: "warn",
    JobState.EXHAUSTED: "warn",
    JobState.FAILED: "bad",
}


@register.filter
def badge_class(job: Job) -> str:
    """Return the class of the badge of a job's state: a result that nothing stands behind has no green one."""
    is_hollow = job.state == JobState.DONE and job.is_unproven
    return "badge-neutral" if is_hollow else f"badge-{_BADGES.get(JobState(job.state), 'neutral')}"


_ICONS = {
    JobState.QUEUED: "-running",
    JobState.RUNNING: "-running",
    JobState.WAITING: "-running",
    JobState.ASKING: "-money",
    JobState.AWAITING_PAYMENT: "-money",
    JobState.EXHAUSTED: "-money",
    JobState.DONE: "-done",
    JobState.UNANSWERED: "-failed",
    JobState.FAILED: "-failed",
}


@register.filter
def state_icon(job: Job) -> str:
    """Return the address of the icon that tells a job's state in a browser's tab."""
    return static(f"favicon{_ICONS.get(JobState(job.state), '')}.svg")


@register.filter
def checker_description(data: Mapping[str, Any]) -> str:
    """Return what a job's checker checks, as the end of a sentence."""
    try:
        checker = checker_from_json(data)
    except CheckerError:
        return "is not checked by this release"
    return checker.describe() if checker else "is not checked"


def seconds_words(seconds: float | None) -> str:
    """Return a length of time in words: `8 s`, `14 min`, `2 h 5 min`."""
    if seconds is None:
        return "—"
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(hours / 24)} days"


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Return a `time` element such as `14 min ago`; the page keeps it current."""
    if moment is None:
        return "—"
    words = f"{seconds_words((timezone.now() - moment).total_seconds())} ago"
    return format_html(
        '<time datetime="{}" title="{} UTC" data-ago>{}</time>',
        moment.isoformat(timespec="seconds"),
        f"{moment:%Y-%m-%d %H:%M:%S}",
        words,
    )


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """Return a `time` element with a date and time of the site's zone; the page shows it in the reader's own."""
    if at is None:
        return "—"
    local = timezone.localtime(at)
    words = f"{local:%Y-%m-%d %H:%M} {local.tzname()}"
    return format_html('<time datetime="{}" data-moment>{}</time>', at.isoformat(timespec="seconds"), words)


@register.filter
def check_marks(text: str) -> SafeString:
    """Return what was checked, its marks coloured; the words beside them say the same to screen readers."""
    parts = re.split(f"([{PASSED}{FAILED}])", text)
    classes = {PASSED: "tick", FAILED: "cross"}
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<span class="{}" aria-hidden="true">{}</span>', classes[part], part),)
            if part in classes
            else (part,)
            for part in parts
        ),
    )


@register.filter
def points(number: float) -> str:
    """Return points of a rubric, without needless decimals."""
    return points_in_words(number)


@register.filter
def table_cell(text: str) -> str:
    """Return a text as it stands in a cell of a Markdown table."""
    return " ".join(clean_text(text).split()).replace("|", "\\|")


@register.filter
def took(job: Any) -> str:
    """Return how long a job ran, in words."""
    if not (job.started_at and job.finished_at):
        return "—"
    return seconds_words((job.finished_at - job.started_at - waited_for_answers(job)).total_seconds())


@register.filter
def programs_used(job: Any) -> str:
    """Return how many programs were run for an ended job, and what they used of a processor."""
    return f"{job.programs_run}, {job.programs_cpu_ms / 1000:.1f} s of CPU"


@register.simple_tag
def programs_of(job_id: UUID) -> str:
    """Return what `programs_used` says of a job known by its id; empty where none was run, or not ended yet."""
    job = Job.objects.only("programs_run", "programs_cpu_ms").filter(pk=job_id, programs_run__gt=0).first()
    return programs_used(job) if job else ""


@register.filter
def percent(share: float | None) -> str:
    """Return a confidence for people; never 100 %."""
    if share is None:
        return "—"
    if share >= 0.995:
        return "> 99 %"
    return f"{round(share * 100)} %" if share >= 0.01 else "< 1 %"


@register.simple_tag
def job_titles(rows: Iterable[Any]) -> dict[UUID, str]:
    """Return the titles of the jobs that rows of a ledger name, in one query."""
    ids = {row.job_id for row in rows if row.job_id}
    return dict(Job.objects.filter(pk__in=ids).values_list("pk", "title")) if ids else {}


@register.simple_tag(takes_context=True)
def titles_for_staff(
    context: Mapping[str, Any], rows: Iterable[Any], where: str = "job_id"
) -> dict[UUID, str]:
    """Return the titles of the jobs that rows name, in one query; none for staff who may not read what jobs say."""
    if not context["user"].is_superuser:
        return {}
    ids = {attrgetter(where)(row) for row in rows}
    return dict(Job.objects.filter(pk__in=ids).values_list("pk", "title")) if ids else {}


@register.filter
def job_name(titles: Mapping[UUID, str], job_id: UUID | str) -> str:
    """Return what staff read of a job: its title where they may, else the beginning of its id."""
    key = job_id if isinstance(job_id, UUID) else UUID(job_id)
    return shortened(titles.get(key), 60) or f"Job {key.hex[:8]}"


@register.filter
def title_of_job(titles: Mapping[UUID, str], job_id: UUID | None) -> str:
    """Return the title of one job of `job_titles`; empty if it is gone."""
    return titles.get(job_id, "") if job_id else ""


@register.filter
def shortened(text: str | None, most: int) -> str:
    """Return the beginning of a text. Django's `truncatechars` composes it first: the square of what a model wrote."""
    whole = str(text or "")
    return whole if len(whole) <= most else f"{whole[: most - 1].rstrip()}…"


register.filter(isolated)


@register.filter
def short_answer(text: str) -> SafeString:
    """Return a short answer as it stands; LaTeX is marked for KaTeX, a program or a table set as one."""
    return short_answer_html(text)


@register.filter
def answer_in_line(text: str | None, most: int) -> SafeString | str:
    """Return an answer within a line: LaTeX marked for KaTeX where all of it fits, else the beginning of the text."""
    whole = str(text or "")
    return (maths_in_line_html(clean_text(whole)) if len(whole) <= most else None) or shortened(whole, most)


@register.filter
def answer_as_text(text: str | None, most: int) -> str:
    """Return the beginning of an answer for where nothing sets maths, its formulas in signs."""
    return shortened(short_answer_text(shortened(text, 4 * most)), most)


@register.filter
def tokens(count: int | None) -> str:
    """Return a number of tokens for people: `812`, `45.2 k`, `1.9 M`."""
    value = count or 0
    if value < 10_000:
        return f"{value:,}"
    return f"{value / 1000:.1f} k" if value < 1_000_000 else f"{value / 1_000_000:.1f} M"


@register.filter
def model_name(name: str) -> str:
    """Return a model's name without its provider."""
    return (name or "").rsplit("/", 1)[-1]


@register.filter
def basis_points(markup_bp: int) -> str:
    """Return a markup for people: `none`, `12.5 %`."""
    if not markup_bp:
        return "none"
    whole, rest = divmod(markup_bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + " %"


@register.filter
def call_time(seconds: float | None) -> str:
    """Return how long a call took: `0.42 s`, `14 s`."""
    if seconds is None:
        return "—"
    return f"{seconds:.2f} s" if seconds < 10 else seconds_words(seconds)


@register.filter
def pretty_json(value: Any) -> str:
    """Return a decision as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


_ONE_MINUTE_S = 60


@register.filter
def time_range(low_s: float, high_s: float) -> str:
    """Return a range of time in words: `3–40 s`, `50 s–4 min`, `1–4 min`."""
    low, high = seconds_words(low_s).rpartition(" "), seconds_words(high_s).rpartition(" ")
    if high[2] == "min" and low[2] == "s" and low_s >= _ONE_MINUTE_S:
        low = (f"{round(low_s / _ONE_MINUTE_S)}", " ", "min")
    if low == high:
        return " ".join((high[0], high[2]))
    # `2 h 5 min` has two units.
    is_one_unit = low[2] == high[2] and " " not in low[0] + high[0]
    return f"{low[0]}–{high[0]} {high[2]}" if is_one_unit else f"{low[0]} {low[2]}–{high[0]} {high[2]}"


@register.filter
def usual_time(job: Job) -> str:
    """Return how long such jobs take, in a sentence; of one that has taken longer already, that it does."""
    usual = time_range(job.quote.time_low_s, job.quote.time_high_s)
    since = job.started_at or job.queued_at or job.created_at
    if (timezone.now() - since).total_seconds() <= job.quote.time_high_s:
        return f"Such jobs usually take {usual}."
    return f"It takes longer than usual ({usual})."


for drawing in (share, edges_svg, nodes_svg, outline_svg):
    register.filter(drawing.__name__, drawing)


@register.simple_tag(takes_context=True)
def kept(context: template.Context, name: str) -> SafeString:
    """Return a piece of a job's page that shows its work alone, and is kept with it. A shared page may hide costs."""
    link = context.get("link")
    hides_costs = bool(context.get("is_shared")) and not (link and link.shows_costs)
    part = name, bool(context.get("is_shared")), hides_costs
    parts: dict[tuple[Any, ...], SafeString] = context["parts"]
    if part not in parts:
        found = template.Engine.get_default().get_template(name)
        shown = {name: context[name] for name in _OF_WORK if name in context}
        parts[part] = found.render(template.Context(shown))
    return parts[part]


_OF_WORK = ("job", "phases", "clusters", "totals", "search", "code_runs", "is_text", "is_shared", "link")
