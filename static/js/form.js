// The new-job form: the draft is kept in this browser, the quote follows the budget, Ctrl+Enter starts.

const KEY = "ponder-draft";
const form = document.getElementById("job-form");
// Every field that a person fills in, so that nothing typed is left out of the draft. An address is none of its business.
const fields = [...form.elements].filter(({ name, type }) => name && !["hidden", "submit", "file", "email"].includes(type));
const start = form.querySelector("[data-start]");
const buttons = form.querySelectorAll("button[type=submit]");
const preview = document.getElementById("preview");
const note = document.getElementById("draft-note");
let sent = false;

function later(action, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, wait);
  };
}

// As solver/core/money.py reads it: 3,50 and 1.000,00 are amounts, too.
function withPoint(text) {
  if (!/^[1-9]\d{0,2}((,\d{3})+(\.\d*)?|(\.\d{3})+,\d{0,2})$/.test(text)) return /^\d*,\d{1,2}$/.test(text) ? text.replace(",", ".") : text;
  const point = text.indexOf(".");
  return text.replaceAll(point >= 0 && point < text.indexOf(",") ? "." : ",", "").replace(",", ".");
}

function amount() {
  const chosen = form.elements.budget.value;
  const text = withPoint((chosen === "custom" ? form.elements.budget_custom.value : chosen).trim().replace(/^\$\s*/, ""));
  const valid = /^(\d{1,7}(\.\d{0,2}0*)?|\.\d{1,2}0*)$/.test(text) && Number(text) > 0;
  return valid ? `$${Number(text).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}` : "";
}

// Without an amount there is nothing to start; the line above the button says what is missing.
function label() {
  const upTo = amount();
  start.textContent = upTo ? `Start – up to ${upTo}` : "Start";
  start.disabled = !upTo;
  // The closed fold says what is chosen in it.
  const chosen = form.querySelector("[name=strategy]:checked");
  form.querySelector("[data-chosen]").textContent = chosen ? `: ${chosen.labels[0].querySelector("strong").textContent}` : "";
}

// Signed in, the draft lies on the server: it follows its user to another device. One request after the other, for each
// tells which revision it changes; what another tab changed meanwhile is left to it.
let keeping = Promise.resolve();
function keepOnServer() {
  if (form.dataset.draftUrl) keeping = keeping.then(sendDraft).catch(() => { /* the next key tries again */ });
}

async function sendDraft() {
  if (sent) return;
  const { draft, draft_revision: revision } = form.elements;
  const reply = await fetch(form.dataset.draftUrl, { method: "POST", body: new FormData(form), keepalive: true, headers: { "X-Requested-With": "fetch" } });
  revision.value = reply.headers.get("X-Draft-Revision") ?? "";
  const other = reply.headers.get("X-New-Draft");
  if (!other || sent) return;
  draft.value = other;
  history.replaceState({ draft: other }, "");
  note.textContent = reply.status === 412
    ? "This draft was changed in another tab or on another device. What you see here is now a draft of its own."
    : "You changed a form that has started a job. What you see here is now a draft of its own.";
  await sendDraft();
}

function save() {
  const typed = new FormData(form);
  const draft = Object.fromEntries(fields.map(({ name }) => [name, typed.getAll(name).join(" ")]));
  if (form.dataset.draftUrl) return;
  try {
    if (draft.problem.trim()) localStorage.setItem(KEY, JSON.stringify(draft));
    else localStorage.removeItem(KEY);
  } catch { /* a full or forbidden storage loses only the draft */ }
}

function restore() {
  if (form.dataset.draft !== "restore") return;
  try {
    const draft = JSON.parse(localStorage.getItem(KEY) ?? "null");
    if (!draft) return;
    for (const field of fields) {
      const text = draft[field.name];
      if (typeof text !== "string") continue;
      if (field.type === "checkbox") field.checked = text.split(" ").includes(field.value);
      else if (field.type === "radio") field.checked = field.value === text;
      else field.value = text;
    }
    if (!form.dataset.draftUrl) return;
    localStorage.removeItem(KEY);
    keepOnServer();
  } catch { /* an unreadable draft is no draft */ }
}

const quote = later(() => window.htmx.trigger("#quote", "ponder:quote"), 250);
const keep = later(save, 300);
const keepLater = later(keepOnServer, 800);
const show = later(() => { if (preview.closest("details").open) window.htmx.trigger(preview, "ponder:preview"); }, 350);

form.addEventListener("input", (event) => {
  if (event.target.name === "budget_custom") form.elements.budget.value = "custom";
  if (event.target.type === "file") return;
  label();
  keep();
  keepLater();
  quote();
  if (event.target.name === "problem") show();
});
form.querySelector("[data-budget]").addEventListener("change", (event) => {
  if (event.target.value === "custom") form.elements.budget_custom.focus();
});
// The quote suggests a budget if none was entered.
form.addEventListener("click", (event) => {
  const { budget } = event.target.dataset;
  if (!budget) return;
  form.elements.budget.value = "custom";
  form.elements.budget_custom.value = budget;
  form.elements.budget_custom.dispatchEvent(new Event("input", { bubbles: true }));
  start.focus();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
form.addEventListener("submit", () => {
  save();
  sent = true;
  // A moment later: a disabled button would not be sent along.
  setTimeout(() => { for (const button of buttons) button.disabled = true; }, 0);
  history.replaceState({ draft: form.elements.draft.value, isSent: true }, "");
  sessionStorage.setItem(`${KEY}-sent`, "yes");
});
window.addEventListener("pageshow", () => {
  sent = false;
  for (const button of buttons) button.disabled = false;
  label();
  // Back leads to the same form, also where the page is a new one: the server then sees that it was sent before.
  if (history.state?.draft) form.elements.draft.value = history.state.draft;
  if (history.state?.isSent) note.textContent = "You sent this form before. If it started a job, Start leads there. Change something, and Start makes another job.";
});
preview.closest("details").addEventListener("toggle", show);

restore();
// Times that were entered elsewhere stay the same instants: they keep the time zone in which they were entered.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const { time_zone: zoneField, not_before: notBefore, deadline } = form.elements;
if (zone) {
  if (!zoneField.value || !(notBefore.value || deadline.value)) zoneField.value = zone;
  const words = zoneField.value === zone ? "your own time zone" : "the time zone in which they were entered";
  form.querySelector("[data-zone]").textContent = `${words} (${zoneField.value})`;
}
label();
quote();
