"""Whatever a person or a model wrote runs in its own direction, wherever it stands."""

import re
from html.parser import HTMLParser

from accounts.models import User, Workspace
from billing.models import Correction, SpendingStop
from files.models import Attachment
from jobs.models import Comparison, Job, JobTemplate, StepRecord
from tests.browser.everything import client_of, everything
from tests.support import people

__all__ = ["everything"]

HEBREW = re.compile(r"[\u0590-\u05ff]")
ISOLATED = re.compile(r"\u2068[^\u2068\u2069]*\u2069")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Walk(HTMLParser):
    """Notes each Hebrew text whose direction nothing says: no `dir` around it, and no isolating characters."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.stray: set[str] = set()

    def handle_starttag(self, tag, attrs):
        """Remember which elements are open, and look at what fields hold."""
        given = dict(attrs)
        # Only heard, not seen.
        is_heard = "sr-only" in (given.get("class") or "").split()
        is_told = is_heard or tag == "bdi" or (tag != "html" and "dir" in given)
        if tag == "input" and given.get("type") not in {"hidden", "radio", "checkbox"}:
            self.note(given.get("value") or "", f"<input {given.get('name')}>", is_told=is_told)
        if tag not in _VOID:
            self.open.append((tag, is_told))

    def handle_endtag(self, tag):
        """Close an element."""
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        """Look at a text."""
        self.note(data, "/".join(name for name, _ in self.open[-4:]), is_told=False)

    def note(self, text: str, where: str, *, is_told: bool) -> None:
        """Note a text that runs in no direction of its own."""
        if HEBREW.search(ISOLATED.sub("", text)) and not is_told and not any(told for _, told in self.open):
            self.stray.add(f"{where}: {' '.join(text.split())[:80]}")


def turn_around(ada: User) -> None:
    """Give everything Hebrew names and texts, as people and models would have."""
    shalom = "שלום"
    Job.objects.update(title=f"{shalom} עולם", tags=[shalom])
    for job in Job.objects.all():
        if job.answer and job.result_kind.is_short:
            job.answer, job.dissent = shalom, [{"answer": f"{shalom} אחר", "votes": 2}]
        if job.best:
            job.best |= {"answer": shalom}
        if job.problem:
            job.problem = f"{shalom}?"
        job.save()
    StepRecord.objects.filter(kind="sample").update(answer=shalom)
    User.objects.update(name=shalom)
    Workspace.objects.update(name=shalom)
    JobTemplate.objects.update(name=shalom)
    Attachment.objects.update(name=f"{shalom}.txt")
    Correction.objects.update(reason=shalom, decision_reason=shalom)
    SpendingStop.objects.update(reason=shalom, lift_reason=shalom)
    rubric = [{"text": shalom, "points": 3, "is_met": True, "reason": shalom}]
    people.make_job(
        ada, title=shalom, pinned={"result": "text"}, checker={}, answer=shalom, answer_text=shalom, confidence=None,
        rubric=rubric, dissent=[{"answer": shalom, "votes": 1}],
    )  # fmt: skip


def test_every_text_runs_in_its_own_direction(everything):
    """On each page of the site, for one who is staff and sees all of it."""
    ada, addresses = everything
    turn_around(ada)
    browser = client_of(ada)
    news = [job.get_absolute_url() for job in Job.objects.order_by("-created_at")[:1]]
    comparisons = [each.get_absolute_url() for each in Comparison.objects.all()[:1]]
    stray: dict[str, str] = {}
    for address in dict.fromkeys([*addresses, *news, *comparisons]):
        walk = Walk()
        walk.feed(browser.get(address).text)
        for each in walk.stray:
            stray.setdefault(each, address)
    assert stray == {}
