// Files of the new-job form: chosen, dropped or pasted, they are sent at once, and the list is shown anew.

const form = document.getElementById("job-form");
const maximum = 20;

function area() {
  return document.getElementById("id_attached");
}

function say(text) {
  const note = document.getElementById("files-note");
  if (note) note.textContent = text;
}

// One request after the other: each tells which files are there.
let sending = Promise.resolve();
function attach(files) {
  const chosen = [...files].slice(0, maximum);
  if (chosen.length) sending = sending.then(() => send(chosen)).catch(() => say("The files could not be sent. Check your connection, then choose them again."));
}

async function send(chosen) {
  say(chosen.length === 1 ? `Reading “${chosen[0].name}” …` : `Reading ${chosen.length} files …`);
  const body = new FormData();
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  for (const box of area().querySelectorAll("input[name=attached]:checked")) body.append("attached", box.value);
  for (const file of chosen) body.append("upload", file, (file.name || "pasted").slice(-200));
  const reply = await fetch(form.dataset.filesUrl, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
  if (!reply.ok || reply.redirected) {
    say([400, 413].includes(reply.status) ? await reply.text() : "The files were not taken. Reload the page, then choose them again.");
    return;
  }
  const had = area().contains(document.activeElement);
  area().outerHTML = await reply.text();
  ready();
  const refused = area().querySelectorAll(".error-text").length;
  say(refused ? "" : "Attached.");
  if (had) document.getElementById("id_upload").focus();
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

// The input is emptied at once: the form itself never carries a file.
function ready() {
  const input = document.getElementById("id_upload");
  if (!input) return;
  for (const hint of area().querySelectorAll("[data-drop]")) hint.hidden = false;
  input.addEventListener("change", (event) => {
    event.stopPropagation();
    const chosen = [...input.files];
    input.value = "";
    attach(chosen);
  });
  input.addEventListener("input", (event) => event.stopPropagation());
}

if (form?.dataset.filesUrl) {
  ready();
  form.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    area().classList.add("files-over");
  });
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => area().classList.remove("files-over"));
  form.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    attach(event.dataTransfer.files);
  });
  form.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    attach(event.clipboardData.files);
  });
}
