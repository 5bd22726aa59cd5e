// A running job's page asks for its live part: every 2 s, every 45 s where nobody looks, and once at return.

const ACTIVE = 2000;
const HIDDEN = 45000;
let timer = 0;

const live = () => document.getElementById("live");

function poll() {
  clearTimeout(timer);
  // What replaces the live part at the end asks no more.
  if (!live()?.hasAttribute("hx-get")) return;
  // Whoever is asked something answers first.
  if (!document.querySelector("dialog[open]")) window.htmx.trigger(live(), "ponder:poll");
  timer = setTimeout(poll, document.hidden ? HIDDEN : ACTIVE);
}

function announce() {
  const words = live()?.dataset.phase ?? "";
  const region = document.getElementById("announce");
  const phase = words.split("—")[0].trim();
  if (region.dataset.said !== phase) {
    region.dataset.said = phase;
    region.textContent = phase;
  }
}

// The first formula that comes while the page is open brings what sets it.
function fetchMaths() {
  const assets = document.getElementById("math-assets");
  if (!assets || !live()?.hasAttribute("data-math")) return;
  for (const element of assets.content.children) {
    const copy = document.importNode(element, true);
    if (copy.localName === "script") copy.async = false;
    document.head.append(copy);
  }
  assets.remove();
}

document.addEventListener("htmx:afterSwap", () => { announce(); fetchMaths(); });
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  timer = setTimeout(poll, document.hidden ? HIDDEN : 0);
});
announce();
timer = setTimeout(poll, ACTIVE);
