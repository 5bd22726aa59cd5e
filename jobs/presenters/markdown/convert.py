"""Markdown with maths, footnotes, tables and highlighted code, made into HTML that is safe to show.

Texts come from models and from strangers: HTML is off, there are no images, and nh3 has the last word. Maths stays
text here (`.math`); the page's KaTeX sets it.
"""

import html
from collections.abc import Sequence
from functools import cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from jobs.presenters.markdown.citations import CITES, citation_plugin
from jobs.presenters.markdown.highlighting import MAX_TEXT_CHARACTERS, highlighted
from jobs.presenters.markdown.maths import bracket_math_plugin

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


def to_html(text: str, *, prefix: str = "", citations: int = 0) -> str:
    """Return safe HTML; `prefix` keeps the footnotes of several texts on one page apart.

    `citations` is how many passages the text may cite; 0: it cites none, and `[1]` is itself.
    """
    rendered = _parser().render(text, ({"docId": prefix} if prefix else {}) | {"citations": citations})
    return nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def numbers_cited(text: str, citations: int) -> set[int]:
    """Return the numbers of the passages to which `to_html` links from a text, of so many that it may cite."""
    tokens = _parser().parse(text, {"citations": citations})
    children = (child for token in tokens for child in token.children or ())
    return {number for child in children for number in child.meta.get(CITES, ())}


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20})
    parser.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    dollarmath_plugin(parser, allow_labels=False, allow_digits=False, allow_space=False, double_inline=True)
    amsmath_plugin(parser)
    footnote_plugin(parser)
    bracket_math_plugin(parser)
    citation_plugin(parser)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_block", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    for cell in ("th_open", "td_open"):
        parser.add_render_rule(cell, _cell_open)
    return parser


def _fence(_self: Any, tokens: Sequence[Token], index: int, _options: Any, env: Any) -> str:
    token = tokens[index]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    left = env.get("highlight_left", MAX_TEXT_CHARACTERS) - len(token.content)
    if language and left >= 0:
        env["highlight_left"] = left
        code = highlighted(token.content, language)
    else:
        code = html.escape(token.content)
    return f'<pre class="code" tabindex="0"><code>{code}</code></pre>\n'


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0"><table class="table">\n'


def _cell_open(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    """Begin a cell; the page's policy allows no style attribute, so its alignment is a class."""
    token = tokens[index]
    alignment = str(token.attrGet("style") or "").removeprefix("text-align:")
    return f'<{token.tag} class="{alignment}">' if alignment in {"right", "center"} else f"<{token.tag}>"


def _table_close(*_: Any) -> str:
    return "</table></div>\n"
