"""The new-job form in a browser: draft, quote, preview, keyboard."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Membership, Role, Workspace
from billing.books.wallet import grant
from billing.prices.book import load_prices
from jobs.models import Job
from solver.core.money import NANO_PER_USD
from tests.browser.conftest import cookie_of, listen
from tests.support import people
from tests.support.people import SOLVED, make_comparison, make_job, make_user, question

_DROP_AN_EMPTY_FILE = """() => {
  const carried = new DataTransfer();
  carried.items.add(new File([" "], "empty.txt"));
  const drop = new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true });
  document.getElementById("job-form").dispatchEvent(drop);
}"""


def wait_for_draft(page: Page, text: str) -> None:
    """Wait until the browser has kept a draft with these words."""
    while text not in page.evaluate("localStorage.getItem('ponder-draft') ?? ''"):
        page.wait_for_timeout(50)


def test_the_button_and_the_quote_follow_the_budget(page: Page, live_server, transactional_db):
    """Chips, then another amount; what is not an amount is said at once, and cannot be started."""
    heard = listen(page)
    page.goto(f"{live_server.url}/jobs/new/")
    page.get_by_label("$20").check(force=True)
    expect(page.get_by_role("button", name="Start – up to $20.00")).to_be_visible()
    expect(page.locator("#quote")).to_contain_text("$20.00")
    page.get_by_label("Other amount").fill("2.5")
    expect(page.get_by_role("button", name="Start – up to $2.50")).to_be_visible()
    expect(page.locator("#quote")).to_contain_text("$2.50")
    page.get_by_label("Other amount").fill("1,000.50")
    expect(page.get_by_role("button", name="Start – up to $1,000.50")).to_be_enabled()
    for wrong in ("lots", "", "0", "0.001"):
        page.get_by_label("Other amount").fill(wrong)
        expect(page.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    page.get_by_label("Other amount").fill("lots")
    expect(page.locator("#quote")).to_contain_text("is not an amount")
    assert heard == []


def test_the_draft_is_kept_in_the_browser(page: Page, live_server, transactional_db):
    """Leave and come back: everything that was filled in is still there."""
    page.goto(f"{live_server.url}/jobs/new/")
    page.get_by_label("Problem").fill("What is $x^2$?")
    page.get_by_label("$5").check(force=True)
    page.get_by_label("Against a number").check(force=True)
    page.get_by_label("Expected number").fill("4")
    page.get_by_text("Strategy: Auto").click()
    page.get_by_role("radio", name="Vote").check()
    wait_for_draft(page, '"strategy":"vote"')
    page.goto(f"{live_server.url}/")
    expect(page.get_by_label("Problem")).to_have_value("What is $x^2$?")
    expect(page.get_by_role("button", name="Start – up to $5.00")).to_be_visible()
    expect(page.get_by_label("Expected number")).to_have_value("4")
    expect(page.get_by_text("Strategy: Vote")).to_be_visible()


def test_the_draft_keeps_strategy_and_models(page: Page, live_server, transactional_db):
    """Every field of the form is kept, not those of a list."""
    page.goto(f"{live_server.url}/jobs/new/")
    page.get_by_label("Problem").fill("Why?")
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_text("Strategy: Auto").click()
    page.get_by_role("radio", name="Auto", exact=True).press("ArrowDown")
    page.get_by_role("radio", name="Vote").press("ArrowDown")
    page.get_by_label("demo/intern").check(force=True)
    wait_for_draft(page, '"models":"demo/intern"')
    page.goto(f"{live_server.url}/")
    page.get_by_text("Strategy: Deep").click()
    expect(page.get_by_role("radio", name="Deep")).to_be_checked()
    expect(page.get_by_label("demo/intern")).to_be_checked()
    expect(page.get_by_label("demo/expert")).not_to_be_checked()


def test_the_preview_sets_maths(page: Page, live_server, transactional_db):
    """The server makes the preview for whoever is signed in, KaTeX the formulas."""
    heard = listen(page)
    page.context.add_cookies([cookie_of(people.make_user("alice@example.org")) | {"url": live_server.url}])
    page.goto(f"{live_server.url}/jobs/new/")
    page.get_by_label("Problem").fill("Why is $e^{i\\pi} = -1$?")
    page.get_by_text("Preview", exact=True).click()
    page.locator("#preview .katex").wait_for()
    assert heard == []


def test_ctrl_enter_starts_and_signing_in_keeps_the_draft(page: Page, live_server, transactional_db):
    """Signed out, Start leads to the sign-in page."""
    page.goto(f"{live_server.url}/jobs/new/")
    page.get_by_label("Problem").fill("Hello")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/accounts/login/**")
    expect(page.get_by_label("Email address").first).to_be_focused()


def test_an_error_is_summed_up_and_leads_to_its_field(page: Page, live_server, transactional_db):
    """The summary has the focus; its link goes to the field."""
    page.goto(f"{live_server.url}/jobs/new/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_role("link", name="Enter the problem").click()
    expect(page.get_by_label("Problem")).to_be_focused()


def test_the_first_tab_skips_to_the_content(page: Page, live_server, transactional_db):
    """Keyboard users need not walk through the header."""
    page.goto(live_server.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()


def test_running_again_with_changes_keeps_the_models(page: Page, live_server, transactional_db):
    """The rerun of one side of a comparison is asked of that side's model alone, and anybody can read and change that.

    Files are attached by choosing and dropping, and left out by unticking.
    """
    ada = make_user("ada@example.org")
    side = make_comparison(ada, **SOLVED).many_cheap
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    page.goto(f"{live_server.url}{side.get_absolute_url()}")
    page.get_by_role("link", name="Run again with changes").click()
    expect(page.get_by_role("group", name="Models")).to_be_visible()
    expect(page.get_by_label("demo/intern")).to_be_checked()
    expect(page.get_by_label("demo/expert")).not_to_be_checked()
    page.set_input_files(
        "#id_upload", {"name": "gaps.csv", "mimeType": "text/csv", "buffer": b"n,gap\n1,0.2\n"}
    )
    expect(page.get_by_label("gaps.csv")).to_be_checked()
    page.evaluate(_DROP_AN_EMPTY_FILE)
    expect(page.get_by_text("“empty.txt”: The file is empty.")).to_be_visible()
    expect(page.get_by_label("gaps.csv")).to_be_checked()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert Axe().run(page).response["violations"] == []
    page.get_by_label("gaps.csv").uncheck()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))
    assert Job.objects.latest("created_at").options["models"] == ["demo/intern"]


_NOTES_NOTIFICATIONS = """
window.told = [];
const Real = window.Notification;
window.Notification = class extends Real {
  constructor(title, options) { super(title, options); window.told.push(title); }
};
document.hasFocus = () => false;
"""
"""Nobody looks, and what the browser is asked to show is noted."""


@pytest.mark.breaks_the_books
def test_the_end_of_a_job_closes_nothing(page: Page, live_server, transactional_db):
    """The result takes the place of what was watched; a fold stays open, a formula is set, nothing is asked any more."""
    ada = make_user("ada@example.org")
    job = make_job(ada, "running")
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    page.context.grant_permissions(["notifications"])
    page.add_init_script(_NOTES_NOTIFICATIONS)
    page.goto(f"{live_server.url}{job.get_absolute_url()}")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("favicon-running"))
    page.get_by_role("button", name="Notify me in this browser").click()
    expect(page.get_by_text("You will be told when it ends")).to_be_visible()
    page.get_by_text("Every call", exact=True).click()
    page.evaluate("window.isTheSame = true")
    Job.objects.filter(pk=job.pk).update(
        **{**SOLVED, "state": "done", "answer": "$\\frac{1}{2}$", "finished_at": timezone.now()}
    )
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    expect(page.get_by_role("link", name="Pause")).to_have_count(0)
    expect(page.locator("#live .katex").first).to_be_visible()
    assert page.evaluate("window.isTheSame && document.getElementById('calls').open")
    expect(page.locator("#live")).not_to_have_attribute("hx-get", re.compile("."))
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("favicon-done"))
    assert [words.partition(" · ")[0] for words in page.evaluate("window.told")] == ["Done"]
    expect(page.locator("#notify")).to_be_hidden()
    expect(page.get_by_role("button", name="Print or save as PDF")).to_be_visible()


def test_a_space_presses_what_looks_like_a_button(page: Page, live_server, transactional_db):
    """Pause is a link for browsers without scripts, and a button for everybody else."""
    ada = make_user("ada@example.org")
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    page.goto(f"{live_server.url}{make_job(ada, 'running').get_absolute_url()}")
    page.get_by_role("button", name="Pause").press("Space")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_draft_opened_in_another_time_zone_means_the_same_instant(
    page: Page, live_server, transactional_db
):
    """14:30 of the person who wrote it is not 14:30 of the browser that opens it."""
    ada = make_user("ada@example.org")
    times = {"deadline": "2031-05-17T14:30", "time_zone": "Pacific/Chatham"}
    draft = make_job(ada, "draft", form=times)
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    page.goto(f"{live_server.url}/jobs/new/?draft={draft.pk}")
    expect(page.locator("[data-zone]")).to_contain_text("in which they were entered (Pacific/Chatham)")
    expect(page.locator("[name=time_zone]")).to_have_value("Pacific/Chatham")


def test_two_tabs_on_one_draft_become_two(page: Page, live_server, transactional_db):
    """Neither text is lost, and the second tab says what happened."""
    ada = make_user("ada@example.org")
    address = f"{live_server.url}/jobs/new/?draft={make_job(ada, 'draft', problem='Shared').pk}"
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    other = page.context.new_page()
    for tab in (page, other):
        tab.goto(address)
        expect(tab.get_by_label("Problem")).to_have_value("Shared")
    for tab, text in ((page, "First tab"), (other, "Second tab")):
        with tab.expect_response("**/jobs/draft/"):
            tab.get_by_label("Problem").fill(text)
    expect(other.get_by_text("is now a draft of its own")).to_be_visible()
    while sorted(Job.objects.values_list("problem", flat=True)) != ["First tab", "Second tab"]:
        page.wait_for_timeout(50)


def test_back_after_a_start_leads_to_the_job_unless_the_form_is_changed(
    page: Page, live_server, transactional_db
):
    """Problem and amount are there; Start pays once, and what is changed is another job."""
    ada = make_user("ada@example.org")
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    page.goto(f"{live_server.url}/jobs/new/?empty=1")
    page.get_by_label("Problem").fill("What is 2 + 2?")
    page.get_by_label("Other amount").fill("0.07")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))
    started = page.url
    page.go_back()
    expect(page.get_by_label("Problem")).to_have_value("What is 2 + 2?")
    page.get_by_role("button", name="Start – up to $0.07").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))
    expect(page.get_by_text("already started")).to_be_visible()
    assert page.url == started
    page.go_back()
    expect(page.get_by_text("You sent this form before.")).to_be_visible()
    with page.expect_response(lambda reply: reply.status == 204 and "/jobs/draft/" in reply.url):
        page.get_by_label("Problem").fill("What is 2 + 3?")
    expect(page.get_by_text("a draft of its own")).to_be_visible()
    page.get_by_role("button", name="Start – up to $0.07").click()
    page.wait_for_url(lambda url: "/jobs/new/" not in url and url != started)
    assert Job.objects.count() == 2


def test_a_lost_session_takes_no_answer_away(page: Page, live_server, transactional_db):
    """Whoever is signed out while they write an answer is told; without one they are led to sign in."""
    ada = make_user("ada@example.org")
    job = make_job(ada, "asking", spent_cents=0, questions=[question()])
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    page.goto(f"{live_server.url}{job.get_absolute_url()}")
    page.get_by_label("Or answer in your own words").fill("In light years")
    page.context.clear_cookies()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.get_by_label("Or answer in your own words")).to_have_value("In light years")
    page.get_by_label("Or answer in your own words").fill("")
    page.wait_for_url("**/accounts/login/**")


def test_a_passkey_is_added_signs_in_and_is_renamed_and_removed(page: Page, live_server, transactional_db):
    """The device asks its owner, here a virtual one; email alone no longer signs in."""
    base = live_server.url.replace("127.0.0.1", "localhost")
    page.context.add_cookies([{**cookie_of(make_user("ada@example.org")), "url": base}])
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = {**kind, "isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    heard = listen(page)
    page.goto(f"{base}/accounts/2fa/webauthn/add/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{base}/accounts/login/?next=/accounts/2fa/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("strong")).to_have_text("Laptop")
    page.get_by_role("link", name="Rename Laptop").click()
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove Old laptop").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("link", name="Add a passkey")).to_be_visible()
    expect(page.get_by_text("Old laptop")).to_have_count(0)
    assert heard == []


def test_tabs_in_two_workspaces_pay_with_what_each_shows(page: Page, live_server, transactional_db):
    """Switched by keyboard alone in one tab, the other's form still names, and uses, the workspace that it shows."""
    ada, bob = make_user("ada@example.org"), make_user("bob@example.org")
    own, shared = people.workspace_of(ada), people.workspace_of(bob)
    Membership.objects.create(workspace=shared, user=ada, role=Role.MEMBER)
    Workspace.objects.filter(pk=shared.pk).update(name="The lab")
    load_prices()
    for each in (own, shared):
        grant(workspace=each, amount_nano=NANO_PER_USD, by=None, reason="test")
    page.context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
    earlier = page.context.new_page()
    earlier.goto(f"{live_server.url}/jobs/new/")
    expect(earlier.get_by_text("In the workspace")).to_contain_text(own.name)
    page.goto(f"{live_server.url}/jobs/new/")
    page.locator("summary[aria-label=Account]").focus()
    page.keyboard.press("Enter")
    switch = page.get_by_role("button", name="Switch to The lab")
    for _ in range(5):
        page.keyboard.press("Tab")
        if switch.evaluate("it => it === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are now in The lab.")).to_be_visible()
    page.goto(f"{live_server.url}/jobs/new/")
    expect(page.get_by_text("In the workspace")).to_contain_text("The lab")
    for tab, problem in ((earlier, "In my own"), (page, "In the lab")):
        tab.get_by_label("Problem").fill(problem)
        tab.keyboard.press("Control+Enter")
        tab.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))
    found = dict(Job.objects.values_list("problem", "workspace"))
    assert found == {"In my own": own.pk, "In the lab": shared.pk}
