"""Results on paper: what a browser prints, or saves as PDF, is a document and no page of controls."""

import pypdfium2
from playwright.sync_api import Page

from jobs.models import ShareLink
from tests.browser.conftest import cookie_of
from tests.support import people

CONTROLS = (
    "Skip to content", "New job", "Was it right", "Run again", "Ask a follow-up", "Print or save", "Markdown",
    "Every call", "Share", "Copy", " ago", "As a table", "Delete problem",
)  # fmt: skip

PAPER_PX = {"width": 670, "height": 980}
# What would scroll on a screen, and is cut on paper.
_CUT = """[...document.querySelectorAll("main *")].filter(element =>
  element.checkVisibility() && getComputedStyle(element).overflow !== "visible" && element.clientWidth > 1
  && !element.matches("svg, svg *, .vote-answer")
  && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)
).map(element => element.className || element.tagName)"""


def print_page(page: Page, address: str) -> tuple[str, tuple[int, ...]]:
    """Return what stands on paper, and the colour of its edge."""
    page.goto(address, wait_until="networkidle")
    paper = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    edge = paper[0].render(scale=0.2).to_pil().convert("RGB").getpixel((2, 2))
    return "\n".join(sheet.get_textpage().get_text_bounded() for sheet in paper), edge


def test_a_result_is_printed_without_its_controls(page: Page, live_server, transactional_db):
    """Site, date, title, answer, confidence, search and receipt, dark on white whatever the theme; costs where shown."""
    ada = people.make_user("ada@example.org")
    # Longer than what scrolls on a screen.
    problem = "\n\n".join(f"Clause {number} of the contract." for number in range(60))
    code = f"```python\nlong = '{'x' * 300}'\n```\n"
    fields = {
        "attempts": 3,
        "answer_text": f"{code}\nAnswer: {people.ANSWERS[0]}",
        "confidence": 0.93,
        "problem": problem,
        "title": "Numbers",
    }
    job = people.make_job(ada, **people.SOLVED | fields)
    link = ShareLink.objects.create(job=job, created_by=ada, shows_costs=False)
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    page.set_viewport_size(PAPER_PX)
    page.goto(live_server.url + job.get_absolute_url())
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(_CUT) == []
    page.emulate_media(media="null")
    page.set_viewport_size({"width": 1280, "height": 720})
    text, edge = print_page(page, live_server.url + job.get_absolute_url())
    for told in (
        "Ponder",
        f"{job.finished_at:%-d %B %Y}",
        "Numbers",
        job.answer,
        "93 % confident",
        "Receipt",
        "$0.03",
    ):
        assert told in text, told
    assert "Clause 59" in text
    assert [control for control in CONTROLS if control in text] == []
    assert min(edge) > 250
    shared, _ = print_page(page, live_server.url + link.get_absolute_url())
    assert job.answer in shared
    assert "$" not in shared
    assert [control for control in CONTROLS if control in shared] == []
    receipt, _ = print_page(page, f"{live_server.url}{job.get_absolute_url()}receipt/")
    assert "By model and price" in receipt
    assert [control for control in (*CONTROLS, "CSV", "JSON", "Back to the job") if control in receipt] == []
