"""What an answer may cite: passages of the job's files, then what tools brought, numbered as its models were told."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from jobs.models import Job, StepRecord, StepState
from jobs.presenters.markdown.convert import numbers_cited
from solver.core.lines import line_of
from solver.core.problem.attached import files_from_json
from solver.core.steps import Status, StepKind
from solver.core.tools import MAX_SOURCES, Source


class NumberedSource(NamedTuple):
    """A passage that may be cited: of an attached file, whose passages the page shows, or of what a tool brought.

    `address` is empty for a file; `place` says in words where it stands.
    """

    number: int
    title: str
    address: str
    place: str
    date: str
    text: str
    is_attached: bool = False

    @property
    def line(self) -> str:
        """Return on one line what is cited, for texts that cannot link."""
        where = f", {self.place}" if self.place else ""
        of = f" ({self.date})" if self.date else ""
        title = " ".join(self.title.split())
        return f"{title}{where}{of}{f' – {self.address}' if self.address else ''}"


def sources_for(job: Job, text: str) -> list[NumberedSource]:
    """Return all that a text of this job may cite, if it cites anything; files first."""
    return list(_all(job)) if "[" in text else []


def cited_in(text: str, sources: Sequence[NumberedSource]) -> list[NumberedSource]:
    """Return those of the sources that a text cites, by number: the ones that its page links."""
    numbers = numbers_cited(text, len(sources)) if sources else set[int]()
    return [source for source in sources if source.number in numbers]


def cited_sources(job: Job) -> list[NumberedSource]:
    """Return what the job's answer cites, by number."""
    text = f"{job.answer_text}\n\n{job.answer}"
    return cited_in(text, sources_for(job, text))


def is_on_private_host(address: str) -> bool:
    """Tell whether a page is on a host that is read although it is private (PONDER_TOOLS_ALLOW_HOSTS)."""
    allowed = settings.PONDER_TOOLS.allowed_hosts
    try:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return True  # nobody can say where it leads
    host = (parts.hostname or "").lower()
    return host in allowed or f"{host}:{port}" in allowed


def _all(job: Job) -> Iterator[NumberedSource]:
    number = 0
    for file in files_from_json(job.files):
        for passage in file.passages:
            number += 1
            yield NumberedSource(number, file.name, "", passage.where, "", passage.text, is_attached=True)
    for sources in _of_tools(job):
        for source in sources:
            number += 1
            is_page = source.address.startswith(("https://", "http://"))
            address = source.address if is_page else ""
            yield NumberedSource(number, source.title, address, source.where, source.date, source.text)


def _of_tools(job: Job) -> Iterator[tuple[Source, ...]]:
    """Yield what each use of a tool brought to the attempt whose answer is shown, as that numbered it."""
    line = line_of(str(job.best.get("step", ""))) if isinstance(job.best, dict) else ""
    if not line:
        return
    uses = StepRecord.objects.filter(job=job, kind=StepKind.TOOL, state=StepState.TOLD, status=Status.OK)
    notes = dict(uses.filter(key__startswith=line).values_list("key", "note"))
    for key in sorted(notes, key=lambda key: [int(each) for each in key.rsplit("/", 2)[1:]]):
        found = (notes[key] or {}).get("outcome", {}).get("sources", [])
        yield tuple(Source(**each) for each in found[:MAX_SOURCES])
