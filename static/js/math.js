// Sets every .math with KaTeX. KaTeX writes styles through the CSSOM when it renders into an element, which the
// content security policy allows.

const OPTIONS = { throwOnError: false, strict: "ignore", trust: false, maxSize: 20, maxExpand: 500, output: "htmlAndMathml" };
const LONGEST = 5000;

function setMath(root) {
  for (const element of root.querySelectorAll(".math:not(.set)")) {
    const source = element.textContent;
    if (source.length > LONGEST) continue;
    try {
      window.katex.render(source, element, { ...OPTIONS, displayMode: element.classList.contains("block") });
      element.classList.add("set");
    } catch {
      element.textContent = source;
    }
  }
}

setMath(document);
document.addEventListener("htmx:afterSwap", () => setMath(document));
