"""Formulas of models in a browser: hostile ones stay text, and the page stays usable."""

from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.conftest import cookie_of, listen
from tests.support import people

NESTED = [
    "x^{" * 300 + "1" + "}" * 300,
    r"\frac{" * 200 + "1" + "}{2}" * 200,
    r"\sqrt{" * 300 + "1" + "}" * 300,
    r"\left(" * 300 + "1" + r"\right)" * 300,
    r"\large " * 600 + "1",
    r"\displaystyle\color{red}" * 150 + "1",
]


def show(page: Page, live_server, user: User, text: str) -> list[str]:
    """Open the page of a job that was answered so, and return what the console says."""
    job = people.make_job(user, "done", **people.SOLVED | {"answer_text": text})
    page.context.add_cookies([cookie_of(user) | {"url": live_server.url}])
    heard = listen(page)
    page.on("crash", lambda _: heard.append("the tab crashed"))
    page.goto(live_server.url + job.get_absolute_url())
    return heard


def test_a_formula_that_would_crash_the_tab_stays_text(page: Page, live_server, transactional_db):
    """The formula beside it is set, and nothing is lost."""
    user = people.make_user("alice@example.org")
    for source in NESTED:
        heard = show(page, live_server, user, f"${source}$ and $y_2$")
        expect(page.locator(".katex").first).to_be_visible()
        assert page.locator(".math:not(.set)").text_content() == source.strip()
        assert heard == []


def test_a_formula_that_cannot_be_read_is_marked_and_breaks_no_rule(
    page: Page, live_server, transactional_db
):
    """It stays text of another colour, without a style that the policy refuses; an unknown command costs only itself."""
    user = people.make_user("alice@example.org")
    heard = show(page, live_server, user, r"$\frac{1$, then $\nosuch + z$.")
    expect(page.locator(".math.unreadable")).to_have_text(r"\frac{1")
    expect(page.locator(".math:not(.unreadable) .katex").first).to_be_visible()
    assert heard == []
