// Sets every .math with KaTeX. KaTeX writes styles through the CSSOM when it renders into an element, which the
// content security policy allows.

// What cannot be read in a formula is no error of the reader's: it keeps the colour of the text around it.
const OPTIONS = {
  strict: "ignore",
  trust: false,
  maxSize: 20,
  maxExpand: 500,
  output: "htmlAndMathml",
  errorColor: "currentColor",
};
const LONGEST = 5000;
// Deeper formulas crash the tab, and what is opened by these commands ends only with the formula.
const DEEPEST = 60;
const OPENS = /^(?:\{|\\(?:left|begin|(?:display|text|script|scriptscript)style|tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge|color|rm|sf|tt|bf|it|cal))$/;
const CLOSES = /^(?:\}|\\(?:right|end))$/;
const SLICE_MS = 50;

function isTooDeep(source) {
  let depth = 0;
  for (const [mark] of source.matchAll(/\\(?:[a-zA-Z]+|[^])|[{}]/g)) {
    if (OPENS.test(mark)) depth += 1;
    else if (CLOSES.test(mark)) depth = Math.max(0, depth - 1);
    if (depth > DEEPEST) return true;
  }
  return false;
}

function setOne(element) {
  const source = element.textContent;
  if (source.length > LONGEST || isTooDeep(source)) return;
  const options = { ...OPTIONS, displayMode: element.classList.contains("block") };
  try {
    try {
      window.katex.render(source, element, { ...options, throwOnError: true });
    } catch {
      // An unknown command is marked inside its formula. One that cannot be read at all stays text: KaTeX would colour
      // it by a style attribute, which the policy refuses.
      window.katex.__parse(source, { ...options, throwOnError: false });
      window.katex.render(source, element, { ...options, throwOnError: false });
    }
  } catch {
    element.textContent = source;
    element.classList.add("unreadable");
  }
  element.classList.add("set");
}

// In slices, so that a page of many formulas can be used meanwhile.
function setMath(root) {
  const waiting = [...root.querySelectorAll(".math:not(.set)")].reverse();
  function setSome() {
    const until = performance.now() + SLICE_MS;
    while (waiting.length && performance.now() < until) setOne(waiting.pop());
    if (waiting.length) setTimeout(setSome);
  }
  setSome();
}

setMath(document);
document.addEventListener("htmx:afterSwap", () => setMath(document));
