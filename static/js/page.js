// Every page: times, dialogs, the account menu, copy buttons, and maths where there is some.

const units = [[86400 * 2, 86400, "days"], [5400, 3600, "h"], [90, 60, "min"], [0, 1, "s"]];

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function ago(moment) {
  const seconds = Math.max(0, (Date.now() - moment) / 1000);
  const [, size, name] = units.find(([from]) => seconds >= from);
  return `${Math.round(seconds / size)} ${name} ago`;
}

function tick() {
  for (const element of document.querySelectorAll("time[data-ago]")) {
    const words = ago(Date.parse(element.dateTime));
    if (element.textContent !== words) element.textContent = words;
  }
  for (const element of document.querySelectorAll("time[data-moment]")) {
    const words = moments.format(Date.parse(element.dateTime));
    if (element.textContent !== words) element.textContent = words;
  }
}

function addCopy(box, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy no-print";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
  box.append(button);
}

function dress(root) {
  for (const element of root.querySelectorAll("[data-check-all], [data-print]")) element.hidden = false;
  for (const pre of root.querySelectorAll("pre.code, pre.pre")) {
    if (pre.parentElement.classList.contains("code-box")) continue;
    const box = document.createElement("div");
    box.className = "code-box";
    pre.replaceWith(box);
    box.append(pre);
    addCopy(box, () => pre.innerText);
  }
  for (const input of root.querySelectorAll("input[data-copy]")) {
    if (!input.nextElementSibling) addCopy(input.parentElement, () => input.value);
  }
}

// The first formula that a page shows brings what sets it.
function fetchMaths() {
  const assets = document.getElementById("math-assets");
  if (!assets || !document.querySelector(".math")) return;
  for (const element of assets.content.children) {
    const copy = document.importNode(element, true);
    if (copy.localName === "script") copy.async = false;
    document.head.append(copy);
  }
  assets.remove();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  if (event.target.closest("[data-print]")) window.print();
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  if (event.target.matches("dialog")) event.target.close();
  for (const menu of document.querySelectorAll("[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("change", (event) => {
  if (!event.target.closest("[data-check-all]")) return;
  for (const box of document.querySelectorAll("input[name=job][form=bulk]")) box.checked = event.target.checked;
});

// Whoever types another amount has chosen it.
document.addEventListener("input", (event) => {
  const { chooses } = event.target.dataset;
  if (chooses) event.target.form.elements.budget.value = chooses;
});

document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches("a[role=button]")) {
    event.preventDefault();
    event.target.click();
  }
  const menu = event.key === "Escape" && document.querySelector("[data-menu][open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("htmx:afterSwap", (event) => { dress(event.detail.target.isConnected ? event.detail.target : document); tick(); fetchMaths(); });
// A job's page is the sign that the draft which was sent has arrived.
if (document.querySelector("[data-job]") && sessionStorage.getItem("ponder-draft-sent")) {
  sessionStorage.removeItem("ponder-draft-sent");
  localStorage.removeItem("ponder-draft");
}
document.getElementById("error-summary")?.focus();
// Where the staff's navigation scrolls, what is open is in sight.
document.querySelector(".staff-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
dress(document);
tick();
fetchMaths();
setInterval(tick, 10000);
