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

// The tab tells the state: its title comes with the live part, its icon from it.
const WISH = "ponder-notify";
const notify = document.getElementById("notify");
let icon = live()?.dataset.icon;

function isWished() {
  try {
    return "Notification" in window && Notification.permission === "granted" && localStorage.getItem(WISH) === "yes";
  } catch { return false; /* a forbidden storage keeps no wish */ }
}

function showWish(words = "") {
  notify.hidden = !("Notification" in window) || !live()?.hasAttribute("hx-get");
  notify.querySelector("button").setAttribute("aria-pressed", isWished());
  notify.querySelector("span").textContent = words || (isWished() ? "You will be told when it ends, or needs you or money, while this page is open." : "");
}

async function wish() {
  const permission = isWished() ? "" : await Notification.requestPermission();
  try { localStorage.setItem(WISH, permission === "granted" ? "yes" : "no"); } catch { /* asked again next time */ }
  showWish(permission === "denied" ? "This browser does not allow it. Allow notifications in its settings, then press again." : "");
}

function tellState() {
  const now = live()?.dataset.icon;
  if (!now || now === icon) return;
  icon = now;
  document.querySelector("link[rel=icon]").href = now;
  if (notify) showWish();
  if (!/-(done|failed|money)/.test(now) || !isWished() || document.hasFocus()) return;
  const told = new Notification(document.title, { tag: location.pathname, icon: now });
  told.onclick = () => { window.focus(); told.close(); };
}

if (notify) {
  notify.querySelector("button").addEventListener("click", wish);
  showWish();
}

// Whoever cannot be asked is said to be away: what the page shows may be old by then. One lost answer is no news.
const away = document.createElement("p");
away.className = "alert alert-warn no-print";
away.setAttribute("role", "status");
away.hidden = true;
live()?.before(away);
let failures = 0;

function tellReach({ detail }) {
  // The element itself may have been replaced by then.
  if (detail.requestConfig?.elt?.id !== "live") return;
  failures = detail.xhr.status >= 200 && detail.xhr.status < 400 ? 0 : failures + 1;
  const isGone = [403, 404].includes(detail.xhr.status);
  if (detail.xhr.getResponseHeader("HX-Refresh")) return;
  away.hidden = failures < 2 && !isGone;
  away.textContent = away.hidden ? "" : isGone
    ? "You can no longer see this job. Reload the page to see why."
    : "Ponder does not answer, so this page may be out of date. It keeps trying; the job itself goes on.";
}

// Whoever is signed out meanwhile is led to the sign-in page, but not away from an answer that they are writing.
function stay(event) {
  const typed = document.querySelector("#job-question textarea")?.value.trim();
  if (!typed || !event.detail.xhr.getResponseHeader("HX-Refresh")) return;
  event.preventDefault();
  away.hidden = false;
  away.textContent = "You are signed out. Copy your answer, sign in again, and send it then.";
}

document.addEventListener("htmx:beforeOnLoad", stay);
document.addEventListener("htmx:afterRequest", tellReach);
document.addEventListener("htmx:afterSwap", announce);
// By then the title is the new one.
document.addEventListener("htmx:afterSettle", tellState);
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  timer = setTimeout(poll, document.hidden ? HIDDEN : 0);
});
announce();
timer = setTimeout(poll, ACTIVE);
