"""A real Chromium that tells of every console message and every page error."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

# Playwright's sync API keeps an event loop in this thread; the ORM is used between its calls, never inside one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# A page that works comes at once; a busy machine must not make it look broken.
PATIENCE_MS = 180_000
expect.set_options(timeout=PATIENCE_MS)

CHROMIUM = (
    os.environ.get("CHROMIUM")
    or shutil.which("chromium")
    or shutil.which("chromium-browser")
    or shutil.which("google-chrome")
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def _is_ours(item) -> bool:
    return Path(__file__).parent in item.path.parents


def pytest_collection_modifyitems(items):
    """Mark the browser tests and run them last: Playwright's loop would be in the way of tests that are coroutines."""
    items.sort(key=_is_ours)
    for item in items:
        if _is_ours(item):
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM:
                item.add_marker(
                    pytest.mark.skip(reason="Chromium is missing: apt-get install chromium, or set CHROMIUM")
                )


@pytest.fixture(scope="session")
def browser_type_launch_args():
    """Use the system's Chromium."""
    return {"executable_path": CHROMIUM, "args": ARGUMENTS}


@contextlib.contextmanager
def visitor(browser: Browser, base_url: str | None = None) -> Iterator[BrowserContext]:
    """A browser that knows nobody, and has patience. Half a transition has neither theme's colours: no motion."""
    context = browser.new_context(base_url=base_url, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture(scope="session")
def shared_tab(browser: Browser) -> Iterator[Page]:
    """One tab for the tests that need nothing of their own: a new one takes a second of CPU."""
    with visitor(browser) as context:
        yield context.new_page()


@pytest.fixture
def page(shared_tab: Page) -> Iterator[Page]:
    """A page of a browser that knows nobody."""
    yield shared_tab
    context = shared_tab.context
    for other in context.pages:
        if other != shared_tab:
            other.close()
    if shared_tab.url.startswith("http"):
        shared_tab.evaluate("sessionStorage.clear()")
        origin = shared_tab.evaluate("location.origin")
        # Left first: what a page writes at its end must be cleared, too.
        shared_tab.goto("about:blank")
        cleaner = context.new_cdp_session(shared_tab)
        cleaner.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        cleaner.detach()
    context.clear_cookies()
    shared_tab.unroute_all()
    shared_tab.emulate_media(color_scheme="light")


def cookie_of(user) -> dict[str, str]:
    """Return a session cookie of a signed-in user."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    # It has just signed in, so that no page asks once more who it is.
    session["account_authentication_methods"] = [{"method": "code", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return {"name": "sessionid", "value": session.session_key}


def listen(page: Page) -> list[str]:
    """Return a list that grows with every warning, error and policy report of a page."""
    heard: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # A page that is left gives up what it was asking for, which is no fault. htmx says so in two lines, of which the
        # second may come too late to be heard; of a fault the second is another one.
        if message.type in {"error", "warning"} and not message.text.startswith(
            ("htmx:afterRequest", "htmx:sendAbort")
        ):
            heard.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.fixture(scope="session")
def signed_in(browser: Browser, running_ponder) -> Iterator[BrowserContext]:
    """The browser of the installation's own user, signed in by the link that the terminal printed."""
    with visitor(browser, running_ponder.base_url) as context:
        page = context.new_page()
        page.goto(running_ponder.sign_in_link)
        assert page.url.endswith("/jobs/")
        page.close()
        yield context
