// A running job's page asks for its live part: every 2 s, every 45 s where nobody looks, and once at return.

const ACTIVE = 2000;
const HIDDEN = 45000;
let timer = 0;

const live = () => document.getElementById("live");

function poll() {
  clearTimeout(timer);
  if (!live()) return;
  window.htmx.trigger(live(), "ponder:poll");
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

document.addEventListener("htmx:afterSwap", announce);
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  timer = setTimeout(poll, document.hidden ? HIDDEN : 0);
});
announce();
timer = setTimeout(poll, ACTIVE);
