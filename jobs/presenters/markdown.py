"""Markdown with maths, footnotes, tables and highlighted code, made into HTML that is safe to show.

Texts come from models and from strangers: HTML is off, there are no images, and nh3 has the last word. Maths stays
text here (`.math`); the page's KaTeX sets it.
"""

import html
from collections.abc import Sequence
from functools import cache
from typing import Any

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MAX_CHARACTERS = 200_000
_MAX_HIGHLIGHTED = 20_000

_TAGS = {
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "section",
    "span",
    "strong",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
}
_ATTRIBUTES = {
    "*": {"class"},
    "a": {"href", "id", "title", "class"},
    "li": {"id", "class"},
    "ol": {"start", "class"},
    "div": {"tabindex", "class"},
    "pre": {"tabindex", "class"},
    "td": {"class"},
    "th": {"class"},
}


def clean_text(text: str) -> str:
    """Return `text` without what no page and no mail can carry: NUL and other controls, unpaired surrogates."""
    paired = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in paired if c in "\n\t" or (ord(c) >= 0x20 and not 0x7F <= ord(c) < 0xA0))


def render_markdown(text: str, *, prefix: str = "") -> SafeString:
    """Return safe HTML; `prefix` keeps the footnotes of several texts on one page apart."""
    cleaned = clean_text(text)
    if len(cleaned) > MAX_CHARACTERS:
        cleaned = f"{cleaned[:MAX_CHARACTERS]}\n\n*… shortened here; the export holds the whole text.*"
    rendered = _parser().render(cleaned, {"docId": prefix} if prefix else {})
    safe = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(safe)  # noqa: S308  (nh3 cleaned it)


def has_math(*rendered: str) -> bool:
    """Whether a page with these pieces of HTML needs KaTeX."""
    return any('class="math ' in piece for piece in rendered)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark", {"html": False, "breaks": True, "highlight": _highlight, "maxNesting": 20}
    )
    parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    dollarmath_plugin(parser, allow_labels=False, allow_digits=False, allow_space=False, double_inline=True)
    footnote_plugin(parser)
    parser.inline.ruler.before("escape", "bracket_math", _bracket_inline)
    parser.block.ruler.before(
        "fence", "bracket_math_block", _bracket_block, {"alt": ["paragraph", "blockquote", "list"]}
    )
    for name in ("math_inline", "math_inline_double", "math_block", "bracket_math", "bracket_math_block"):
        parser.add_render_rule(name, _math)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_block", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _math(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    text = html.escape(token.content.strip())
    if token.type in {"math_block", "bracket_math_block"}:
        return f'<div class="math block" tabindex="0">{text}</div>\n'
    display = token.type == "math_inline_double" or token.markup == r"\["
    return f'<span class="math {"block" if display else "inline"}">{text}</span>'


def _bracket_inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  (markdown-it's signature)
    r"""Take `\( … \)` and `\[ … \]` inside a paragraph as maths: models write both."""
    opener = state.src[state.pos : state.pos + 2]
    if opener not in {r"\(", r"\["}:
        return False
    end = state.src.find(r"\)" if opener == r"\(" else r"\]", state.pos + 2, state.posMax)
    if end < 0:
        return False
    if not silent:
        token = state.push("bracket_math", "", 0)
        token.content, token.markup = state.src[state.pos + 2 : end], opener
    state.pos = end + 2
    return True


def _bracket_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    r"""Take lines from one that begins with `\[` to one that ends with `\]` as displayed maths."""
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    if not first.startswith(r"\[") or state.is_code_block(start):
        return False
    for line in range(start, min(end, start + 60)):
        text = state.src[state.bMarks[line] : state.eMarks[line]].rstrip()
        if text.endswith(r"\]") and r"\]" not in text[:-2]:
            break
        if r"\]" in text or not text:
            return False
    else:
        return False
    if not silent:
        token = state.push("bracket_math_block", "", 0)
        token.content = state.getLines(start, line + 1, 0, False).strip()[2:-2]
        token.block, token.map = True, [start, line + 1]
        state.line = line + 1
    return True


def _fence(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    return f'<pre class="code" tabindex="0"><code>{_highlight(token.content, language, "")}</code></pre>\n'


def _highlight(code: str, language: str, _attributes: str) -> str:
    if not language or len(code) > _MAX_HIGHLIGHTED:
        return html.escape(code)
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return html.escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0"><table class="table">\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"
