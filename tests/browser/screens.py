"""Screenshots of the pages: `make screens` writes docs/screens/, WebP of at most 100 kB each."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Page

from accounts.services import ensure_personal_workspace
from jobs.lifecycle.saved.templates import save_template
from jobs.lifecycle.saved.weekly import first_run, start_weekly
from jobs.models import Job, SpendingLimit, StepRecord
from solver.core.money import NANO_PER_USD
from tests.browser.conftest import cookie_of, visitor
from tests.browser.everything import everything as _everything
from tests.support.people import make_job, make_user, request_for

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
MOST_BYTES = 100_000
_WIDE, _PHONE = {"width": 1280, "height": 860}, {"width": 375, "height": 780}
_QUALITIES = (84, 70, 55, 40)

pytestmark = pytest.mark.browser
everything = _everything
_TRAIN = "On which day did the first high-speed line between Paris and Lyon open?"


class Shot(NamedTuple):
    """A page, and whether it is also shown on a phone in the dark."""

    name: str
    address: str
    on_phone: bool = False
    signed_out: bool = False


def shots() -> list[Shot]:
    """Return the pages to show."""
    job = {each.state: each.get_absolute_url() for each in Job.objects.order_by("-created_at")}
    return [
        Shot("landing", "/", on_phone=True, signed_out=True),
        Shot("sign-in", "/accounts/login/", signed_out=True),
        Shot("new-job", "/jobs/new/?empty=1", on_phone=True),
        Shot("jobs", "/jobs/", on_phone=True),
        Shot("running", job["running"], on_phone=True),
        Shot("result", job["done"], on_phone=True),
        Shot("result-maths", Job.objects.get(title__startswith="Bounding").get_absolute_url()),
        Shot("result-agent", Job.objects.get(title=_TRAIN).get_absolute_url(), on_phone=True),
        Shot("budget-reached", job["exhausted"]),
        Shot("failed", job["failed"]),
        Shot("templates", "/jobs/templates/"),
        Shot("wallet", "/wallet/", on_phone=True),
        Shot("workspace", "/workspace/"),
        Shot("limits", "/limits/"),
        Shot("settings", "/settings/", on_phone=True),
        Shot("passkeys", "/accounts/2fa/"),
        Shot("staff-status", "/staff/status/", on_phone=True),
        Shot("staff-costs", "/staff/costs/"),
        Shot("staff-finance", "/staff/costs/finance/"),
        Shot("staff-prices", "/staff/costs/prices/"),
        Shot("staff-people", "/staff/people/"),
        Shot("staff-outbox", "/staff/outbox/?state=bounced"),
        Shot("staff-audit", "/staff/audit/"),
        Shot("email", "/staff/mail/kinds/done/", on_phone=True),
        Shot("not-found", "/nowhere/"),
    ]


def test_write_screens(browser: Browser, live_server, everything):
    """Each page wide and light; those that people use on the way, also on a phone in the dark."""
    del everything
    owner = Job.objects.order_by("created_at").first().created_by
    _save_templates(owner)
    _answer_with_sources(owner)
    SpendingLimit.objects.update(amount_nano=30 * NANO_PER_USD)
    cookie, wanted = {**cookie_of(owner), "url": live_server.url}, shots()
    SCREENS.mkdir(exist_ok=True)
    for stale in SCREENS.glob("*.webp"):
        stale.unlink()
    for signed_out in (False, True):
        with visitor(browser, live_server.url) as context:
            if not signed_out:
                context.add_cookies([cookie])
            page = context.new_page()
            for shot in wanted:
                if shot.signed_out == signed_out:
                    _take(page, shot)


def _save_templates(owner) -> None:
    fields = {"problem": "Summarise last week’s papers on sparse attention.", "budget": "1"}
    template = save_template(user=owner, workspace=ensure_personal_workspace(owner), fields=fields)
    first = first_run(weekday=0, hour=8, minute=0, time_zone="Europe/Berlin")
    start_weekly(template, request_for(owner, fields["problem"]), first=first, time_zone="Europe/Berlin")
    save_template(user=owner, workspace=template.workspace, fields={"problem": "Check this proof."})
    make_user("grace@example.org")


def _answer_with_sources(owner) -> None:
    """Make a job that an agent ended: what it read on the way is cited."""
    text = (
        "The line was opened in two parts: Paris–Lyon on 27 September 1981 [1], its northern end in 1983 [2].\n\n"
        "Answer: 27 September 1981"
    )
    job = make_job(
        owner,
        title=_TRAIN,
        problem=_TRAIN,
        checker={},
        answer="27 September 1981",
        answer_text=text,
        confidence=0.93,
        explanation="One attempt gave this answer.",
        stop_reason="confident",
        best={"step": "agent/0/1"},
        solved=False,
        spent_cents=0,
    )
    sources = [
        {
            "title": "LGV Sud-Est",
            "address": "https://example.org/lgv-sud-est",
            "where": "",
            "date": "2025-03-02",
        },
        {
            "title": "Forty years of the TGV",
            "address": "https://example.org/tgv",
            "where": "",
            "date": "2021-09-27",
        },
    ]
    tool = {
        "tool": "search",
        "arguments": {"query": "TGV Paris Lyon opening"},
        "outcome": {"sources": sources},
    }
    asked = {
        "job": job,
        "status": "ok",
        "state": "told",
        "purpose": "Attempt with tools",
    }
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("agent/0/0", "turn", {}),
        ("agent/0/0/0", "tool", {"note": tool}),
        ("agent/0/1", "sample", {"answer": job.answer, "answer_key": "27 september 1981", "text": text}),
    ]
    for number, (key, kind, more) in enumerate(steps, 1):
        at = timezone.now() - timedelta(minutes=14 - number)
        StepRecord.objects.create(**asked | more, key=key, seq=number, kind=kind, created_at=at, told_at=at)


def _take(page: Page, shot: Shot) -> None:
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(_WIDE)
    page.goto(shot.address, wait_until="networkidle")
    _write(f"{shot.name}.webp", page.screenshot())
    if shot.on_phone:
        page.set_viewport_size(_PHONE)
        page.emulate_media(color_scheme="dark")
        _write(f"{shot.name}-phone.webp", page.screenshot())


def _write(name: str, png: bytes) -> None:
    """Write a picture as WebP, as good as fits."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in _QUALITIES:
        written = io.BytesIO()
        image.save(written, "WEBP", quality=quality, method=6)
        if written.tell() <= MOST_BYTES:
            break
    (SCREENS / name).write_bytes(written.getvalue())
