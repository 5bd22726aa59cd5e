"""Every page in light and dark, wide and narrow: no accessibility violation, no overflow, no console message."""

from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client
from playwright.sync_api import Browser, Page, Route

from billing.books.wallet import grant
from solver.core.money import NANO_PER_CENT
from tests.browser.conftest import cookie_of, listen, visitor
from tests.browser.everything import MISSING, client_of, everything, pages_of
from tests.support import people
from tests.web.addresses import PUBLIC, addresses

__all__ = ["everything"]

WIDE_PX, TABLET_PX, NARROW_PX = 1280, 800, 375
# The titles that the small picture of their search stands on.
_COVERED = """[...document.querySelectorAll(".with-outline")].filter(row => {
  const picture = row.querySelector(".outline")?.getBoundingClientRect();
  return picture?.width && row.querySelector(".job-cell").getBoundingClientRect().right > picture.left + 1;
}).map(row => row.innerText)"""
# What is there is the same on a narrow page; how large it is and whether it scrolls is not.
NARROW_RULES = ["target-size", "scrollable-region-focusable"]
# Elements of the same class, on the same ones, with the same colours and sizes have the same contrast: the first of each
# look is marked. axe would judge each row of a table by itself, which takes most of its time.
_ONCE_A_LOOK = """
if (window === top) axe.configure({rules: [{id: "color-contrast", selector: "[data-judge]"}]});
"""
_LOOKS = """() => {
  const shown = new Map();
  const number = (text, start) => {
    let sum = start;
    for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 281474976710597;
    return sum;
  };
  const walk = (element, under) => {
    const style = getComputedStyle(element);
    if (style.display === "none") return;
    const words = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join("");
    const isOff = element.matches(":disabled, [aria-disabled=true]") || element.control?.disabled;
    const look = number([
      element.tagName, element.className, style.color, style.backgroundColor, style.backgroundImage, style.opacity,
      style.fontSize, style.fontWeight, style.position, style.overflow, style.clipPath, style.filter, style.textShadow,
      style.visibility, Math.min(words.length, 2), isOff, element.checkVisibility(),
    ].join("|"), under);
    if (!shown.has(look)) shown.set(look, element);
    for (const child of element.children) walk(child, look);
  };
  walk(document.documentElement, 0);
  window.looks = shown;
  return [...shown.keys()];
}"""
_RUN = """([unjudged, options]) => {
  for (const marked of document.querySelectorAll("[data-judge]")) marked.removeAttribute("data-judge");
  for (const look of unjudged) window.looks.get(look).setAttribute("data-judge", "");
  return axe.run(options).then(result => result.violations);
}"""


def look_light(page: Page, judged: set[int]) -> list[str]:
    """Return what is wrong with a wide and light page, in words."""
    page.emulate_media(color_scheme="light")
    return [*violations(page, "light", judged, {}), *overflow(page, WIDE_PX)]


def look_narrow(page: Page, judged: set[int]) -> list[str]:
    """Return what is wrong with a narrow page in the dark, where only sizes and colours differ."""
    page.set_viewport_size({"width": NARROW_PX, "height": 900})
    found = violations(page, "dark", judged, {"runOnly": ["color-contrast", *NARROW_RULES]})
    return [*found, *overflow(page, NARROW_PX)]


def look_dark(page: Page, judged: set[int]) -> list[str]:
    """Return what is wrong with a wide page in the dark."""
    page.set_viewport_size({"width": WIDE_PX, "height": 900})
    return violations(page, "dark", judged, {"runOnly": ["color-contrast"]})


def visit(page: Page, address: str, *, heard: list[str], judged: set[int], starts_dark: bool) -> list[str]:
    """Return what is wrong with a page in light or dark, wide or narrow, in words.

    Each second page is looked at in the opposite order, as each change of a window's look is dear. In the dark a page is
    looked at wide only if that shows something that neither it nor a page before has shown when narrow.
    """
    heard.clear()
    page.goto(address, wait_until="load")
    if starts_dark:
        faults = look_narrow(page, judged)
        page.set_viewport_size({"width": WIDE_PX, "height": 900})
        faults += look_dark(page, judged) if looks(page) - judged else []
        faults += look_light(page, judged)
    else:
        faults = look_light(page, judged)
        page.emulate_media(color_scheme="dark")
        when_wide = looks(page)
        faults += look_narrow(page, judged)
        if when_wide - judged:
            faults += look_dark(page, judged)
            page.set_viewport_size({"width": NARROW_PX, "height": 900})
    missing = address in MISSING
    faults += [text for text in heard if not (missing and text.startswith("Failed to load resource"))]
    return [f"{address}: {fault}" for fault in faults]


def looks(page: Page) -> set[int]:
    """Return a number for each different look of a visible element: all that the contrast of its text depends on."""
    return set(page.evaluate(_LOOKS))


def violations(page: Page, look: str, judged: set[int], options: dict[str, Any]) -> list[str]:
    """Return the rules of accessibility that a page breaks, each with the first element that does.

    Contrast is judged once for each look, the first time that any page shows it.
    """
    unjudged = looks(page) - judged
    judged |= unjudged
    found = page.evaluate(
        _RUN,
        # Without `preload` it would fetch every stylesheet again, for a rule that is off.
        [sorted(unjudged), {"resultTypes": ["violations"], "preload": {"assets": ["media"]}, **options}],
    )
    return [f"{look}: {violation['id']}: {violation['nodes'][0]['html'][:200]}" for violation in found]


def overflow(page: Page, width_px: int) -> list[str]:
    """Return by how much a page is too wide."""
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{over} px too wide at {width_px}"] if over > 0 else []


def test_every_page_is_sound(browser: Browser, live_server, everything):
    """One sweep of all pages: signed out, signed in, staff; queued to cancelled; maths, long texts, errors."""
    ada, signed_in_pages = everything
    eve = people.make_user("eve@example.org", staff=True)
    grant(workspace=people.workspace_of(eve), amount_nano=NANO_PER_CENT, by=eve, reason="test")
    TOTP.activate(eve, generate_totp_secret())
    RecoveryCodes.activate(eve)
    faults: list[str] = []
    judged: set[int] = set()
    of_factors = {name for name, _ in addresses() if name.startswith("mfa_")}
    for cookie, pages in (
        (None, [*pages_of(Client(), {}, PUBLIC), *MISSING]),
        (cookie_of(ada), signed_in_pages),
        # Without jobs under way, with money to give up, and with a second factor.
        (cookie_of(eve), ["/settings/close/", *pages_of(client_of(eve), {}, of_factors)]),
    ):
        with visitor(browser, live_server.url) as context:
            context.add_init_script(AXE_SCRIPT + _ONCE_A_LOOK)
            if cookie:
                context.add_cookies([cookie | {"url": live_server.url}])
            page = context.new_page()
            heard = listen(page)
            page.set_viewport_size({"width": WIDE_PX, "height": 900})
            for number, address in enumerate(pages):
                faults += visit(page, address, heard=heard, judged=judged, starts_dark=number % 2 == 1)
    assert faults == []


def test_maths_is_set_under_the_policy(browser: Browser, live_server, everything):
    """KaTeX renders into the page without a single blocked style; towers of powers do not freeze it.

    Nor does the list, on the way there, lay a picture over a title on a tablet.
    """
    ada, _ = everything
    with visitor(browser, live_server.url) as context:
        context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
        page = context.new_page()
        heard = listen(page)
        page.set_viewport_size({"width": TABLET_PX, "height": 900})
        page.goto("/jobs/")
        assert page.evaluate(_COVERED) == []
        for title in ("Bounding the spectral gap", "AAAA"):
            page.goto("/jobs/")
            page.get_by_role("link", name=title).first.click()
            page.locator("section[aria-labelledby=answer-h] .katex").first.wait_for()
        assert page.locator(".katex-error").count() == 0
        assert heard == []


def test_calls_and_their_texts_open_on_demand(browser: Browser, live_server, everything):
    """A fold loads the calls, a fold in it the text, opened before the scripts too; polling does not close them."""
    ada, _ = everything
    with visitor(browser, live_server.url) as context:
        context.add_cookies([cookie_of(ada) | {"url": live_server.url}])
        page = context.new_page()
        heard = listen(page)
        page.goto("/jobs/?state=active&sort=spent")
        held_back: list[Route] = []

        def hold_back(route: Route) -> None:
            held_back.append(route)

        page.route("**/htmx*.js*", hold_back)
        page.get_by_role("link", name=people.PROBLEM).first.click(no_wait_after=True)
        page.get_by_text("Every call", exact=True).click()
        while not held_back:
            page.wait_for_timeout(20)
        held_back.pop().continue_()
        page.locator("#calls").get_by_text("Independent attempt").first.click()
        page.get_by_text("Sent (user)").wait_for()
        page.wait_for_timeout(2500)
        assert page.get_by_text("Sent (user)").is_visible()
        step = page.locator("[data-search] .node").first
        step.click()
        page.locator("#inspector").get_by_text("Sent (user)").wait_for()
        page.keyboard.press("Escape")
        assert not page.locator("#inspector").is_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator("#inspector").get_by_text("Sent (user)").wait_for()
        assert page.locator("[data-search] [aria-current]").count() == 1
        assert step.get_attribute("aria-current") is None
        assert heard == []
