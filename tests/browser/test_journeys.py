"""What a person does, on a whole running instance: real worker, real demo model, real mail files."""

import email
import json
import re
import time
from email import policy

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from solver.core.money import NANO_PER_USD, parse_usd
from tests.browser.conftest import listen, visitor
from tests.processes import services

pytestmark = pytest.mark.skipif(
    not services.DEMO_WEIGHTS, reason="demo_model/weights/*.gguf are missing: run `make demo-model`"
)

PUZZLE = "Use 3, 7, 12, 25 to make 58."
# Has no solution, so that nothing but the budget or its user ends it: of these numbers nothing above 9 can be made.
ENDLESS = "Use 1, 1, 2, 2 to make 99."
PUZZLES = "Arithmetic puzzle"


def exact(text: str) -> int:
    """Return the nano-USD of an exact amount on a page."""
    return parse_usd(text.replace("$", ""), whole_cents=False, minimum_nano=1, allow_zero=True)


def available(page: Page) -> int:
    """Return the exact sum of the two purses on the wallet page, once no job of an earlier test holds money."""
    page.goto("/wallet/")
    deadline = time.monotonic() + 180
    while exact(figure(page, "Reserved for jobs")) and time.monotonic() < deadline:
        time.sleep(0.5)
        page.reload()
    return exact(figure(page, "Your money")) + exact(figure(page, "Trial credit"))


def figure(page: Page, name: str) -> str:
    return page.locator(f"dt:text-is('{name}') + dd").inner_text()


def submit(page: Page, problem: str, budget: str, *, checker: str = "No") -> None:
    page.goto("/jobs/new/")
    page.get_by_label("Problem").fill(problem)
    page.get_by_label("Other amount").fill(budget)
    page.get_by_label(checker, exact=True).check(force=True)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))


def receipt(page: Page) -> dict[str, int]:
    """Return budget, charge and what returned, from the export of the open page."""
    body = json.loads(page.request.get(f"{page.url}export.json").text())
    names = ("budget_usd", "charged_usd", "returned_usd")
    return {name: exact(body[name]) for name in names} | {"state": body["state"], "answer": body["answer"]}


def wait_for_mail(instance, words: str) -> email.message.EmailMessage:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        for path in (instance.data_dir / "mail").rglob("*.eml"):
            parsed = email.message_from_bytes(path.read_bytes(), policy=policy.default)
            if words in parsed.get_body(("plain",)).get_content():
                return parsed
        time.sleep(0.5)
    raise AssertionError(f"no mail with {words}")


def text_of(message: email.message.EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def test_a_puzzle_is_submitted_watched_answered_paid_and_mailed(signed_in: BrowserContext, running_ponder):
    """From the form to the mail; the books agree to the nano-dollar."""
    page = signed_in.new_page()
    heard = listen(page)
    before = available(page)
    submit(page, PUZZLE, "0.50", checker=PUZZLES)
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    paid = receipt(page)
    assert paid["state"] == "done"
    assert paid["charged_usd"] <= paid["budget_usd"] == NANO_PER_USD // 2
    assert paid["charged_usd"] + paid["returned_usd"] == paid["budget_usd"]
    expect(page.locator(".answer").first).to_contain_text("25")
    expect(page.get_by_text("Solved: a checker confirmed the answer.")).to_be_visible()
    address = page.url
    mail = wait_for_mail(running_ponder, address.split("/jobs/")[1].strip("/"))
    assert mail["Subject"].startswith("Done: Use 3, 7, 12, 25")
    assert before - available(page) == paid["charged_usd"]
    page.goto("/jobs/new/")
    expect(page.get_by_label("Problem")).to_have_value("")
    assert heard == []
    page.close()


def test_finishing_early_keeps_the_answer_and_returns_the_rest(signed_in: BrowserContext, running_ponder):
    """Finish now asks first, then the job ends with what it has."""
    page = signed_in.new_page()
    submit(page, ENDLESS, "2", checker=PUZZLES)
    expect(page.locator("#live .answer")).to_be_visible()
    page.get_by_role("button", name="Finish now").click()
    page.get_by_role("button", name="Finish and keep the answer").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    paid = receipt(page)
    assert paid["state"] == "done"
    assert paid["charged_usd"] < paid["budget_usd"]
    expect(page.get_by_text("Finished early on request.")).to_be_visible()
    page.close()


def test_cancelling_discards_the_work_and_returns_the_rest(signed_in: BrowserContext, running_ponder):
    """Cancel asks first and says what happens to the money."""
    page = signed_in.new_page()
    submit(page, ENDLESS, "2", checker=PUZZLES)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_contain_text("returns to your wallet")
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    paid = receipt(page)
    assert paid["state"] == "cancelled"
    assert paid["charged_usd"] + paid["returned_usd"] == paid["budget_usd"]
    page.close()


def test_a_job_is_paused_and_resumed(signed_in: BrowserContext, running_ponder):
    """Pause asks first; the page turns to Resume by itself; the job goes on and can be finished."""
    page = signed_in.new_page()
    heard = listen(page)
    submit(page, ENDLESS, "2", checker=PUZZLES)
    expect(page.locator("#live .answer")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("dialog")).to_contain_text("A paused job costs nothing")
    page.get_by_role("button", name="Pause the job").click()
    expect(page.locator("#job-state")).to_contain_text("While it is paused it costs nothing")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Resume the job").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Finish now").click()
    page.get_by_role("button", name="Finish and keep the answer").click()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    assert receipt(page)["state"] == "done"
    assert heard == []
    page.close()


def test_budget_reached_is_raised_and_continues_then_run_again(signed_in: BrowserContext, running_ponder):
    """The exhausted job offers more money and goes on; the rerun is a job of its own with a link back."""
    page = signed_in.new_page()
    heard = listen(page)
    submit(page, ENDLESS, "0.01", checker=PUZZLES)
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    first = receipt(page)
    assert first["state"] == "exhausted"
    page.get_by_label("Other new budget").fill("0.02")
    page.get_by_role("button", name="Raise and continue").click()
    expect(page.get_by_text("The budget is now $0.02.")).to_be_visible()
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    second = receipt(page)
    assert second["budget_usd"] == 2 * NANO_PER_USD // 100
    assert first["charged_usd"] < second["charged_usd"] <= second["budget_usd"]
    address = page.url
    page.get_by_role("link", name="Run again with changes").click()
    expect(page.get_by_label("Problem")).to_have_value(ENDLESS)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/jobs/[0-9a-f-]{36}/$"))
    assert page.url != address
    page.get_by_role("link", name=ENDLESS).click()
    page.wait_for_url(address)
    assert heard == []
    page.close()


def test_a_draft_follows_its_user(signed_in: BrowserContext, running_ponder):
    """What is typed is on the server a moment later; it can be deleted."""
    page = signed_in.new_page()
    page.goto("/jobs/new/?empty=1")
    with page.expect_response("**/jobs/draft/") as kept:
        page.get_by_label("Problem").fill("Half a thought")
    assert kept.value.status == 204
    page.evaluate("localStorage.clear()")
    page.goto("/jobs/new/")
    expect(page.get_by_label("Problem")).to_have_value("Half a thought")
    page.get_by_role("button", name="Delete the draft").click()
    expect(page.get_by_text("The draft was deleted.")).to_be_visible()
    expect(page.get_by_label("Problem")).to_have_value("")
    page.close()


def test_who_is_invited_spends_the_workspaces_money_until_they_only_read(
    browser: Browser, signed_in: BrowserContext, running_ponder
):
    """By the links and codes of real emails; what a viewer may not do is said."""
    owner = signed_in.new_page()
    before = available(owner)
    owner.goto("/workspace/")
    owner.get_by_label("Email address").fill("dora@example.org")
    owner.get_by_role("button", name="Send the invitation").click()
    expect(owner.get_by_text("dora@example.org is invited.")).to_be_visible()
    link = re.search(r"/invitations/[\w-]+/", text_of(wait_for_mail(running_ponder, "/invitations/")))
    with visitor(browser, running_ponder.base_url) as context:
        dora = context.new_page()
        dora.goto(link[0])
        dora.get_by_role("button", name="Send me a code").click()
        mail = wait_for_mail(running_ponder, "Your code to sign in")
        dora.get_by_label("Code").fill(re.search(r"^[A-Z0-9-]{6,12}(?=\s*$)", text_of(mail), re.MULTILINE)[0])
        dora.get_by_role("button", name="Confirm").click()
        dora.get_by_role("button", name="Accept").click()
        expect(dora.get_by_text("Welcome to")).to_be_visible()
        submit(dora, PUZZLE, "0.50", checker=PUZZLES)
        expect(dora.get_by_role("heading", name="Receipt")).to_be_visible()
        assert before - available(owner) == receipt(dora)["charged_usd"] > 0
        owner.goto("/workspace/")
        owner.get_by_label("Role of dora@example.org").select_option("viewer")
        owner.get_by_role("button", name="Change the role of dora@example.org").click()
        expect(owner.get_by_text("dora@example.org: viewer.")).to_be_visible()
        dora.goto("/jobs/new/")
        expect(dora.get_by_text("You can read what is in this workspace")).to_be_visible()
    owner.get_by_role("link", name="Remove dora@example.org").click()
    owner.get_by_role("button", name="Remove").click()
    owner.close()
