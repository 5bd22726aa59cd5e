// The picture of a search: one stop of the Tab key, arrows lead from step to step, and a step opens beside it.

const inspector = document.getElementById("inspector");
const heading = document.getElementById("inspector-h");
let opener = "";

const nodes = () => [...document.querySelectorAll("[data-search] .node")];

// What is opened stays marked when the live part, and the picture with it, is replaced.
function markOpened() {
  for (const link of document.querySelectorAll("[data-search] [aria-current]")) link.removeAttribute("aria-current");
  if (!inspector.hidden && opener) document.getElementById(opener)?.setAttribute("aria-current", "true");
}

async function open(link) {
  const wasInside = inspector.contains(link);
  if (!wasInside) opener = link.id;
  heading.textContent = link.getAttribute("aria-label") ?? link.textContent;
  const body = document.getElementById("inspector-body");
  await window.htmx.ajax("GET", link.getAttribute("href"), { target: body, swap: "innerHTML" });
  inspector.hidden = false;
  inspector.scrollTop = 0;
  markOpened();
  heading.focus();
}

function close() {
  inspector.hidden = true;
  markOpened();
  document.getElementById(opener)?.focus();
}

function nearest(from, key) {
  const middle = (element) => { const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; };
  const [x, y] = middle(from);
  const along = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  const found = nodes().filter((node) => node !== from).map((node) => {
    const [dx, dy] = middle(node).map((place, axis) => place - [x, y][axis]);
    const forward = dx * along[0] + dy * along[1];
    return { node, forward, far: forward + 3 * Math.abs(dx * along[1] + dy * along[0]) };
  });
  return found.filter(({ forward }) => forward > 2).sort((a, b) => a.far - b.far)[0]?.node;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-inspector-close]")) close();
  const link = event.target.closest("[data-inspect]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !inspector.hidden && !document.querySelector("dialog[open]")) close();
  if (!event.key.startsWith("Arrow") || !event.target.matches(".node")) return;
  event.preventDefault();
  nearest(event.target, event.key)?.focus();
});
document.addEventListener("focusin", (event) => {
  if (!event.target.matches(".node")) return;
  for (const node of nodes()) node.setAttribute("tabindex", node === event.target ? "0" : "-1");
});
// A picture that was scrolled aside stays there when it is replaced.
let scrolled = 0;
document.addEventListener("htmx:beforeSwap", () => { scrolled = document.getElementById("search-scroll")?.scrollLeft ?? 0; });
document.addEventListener("htmx:afterSwap", () => {
  const box = document.getElementById("search-scroll");
  if (box) box.scrollLeft = scrolled;
  markOpened();
});
