"""Code in colours, for languages whose lexers were tried with hostile text.

Of Pygments' 600 lexers one never ends and many are quadratic or worse. Those below are at most quadratic, so the
lengths are bounded as well; `tests/web/rendering/test_highlighting.py` tries each of them.
"""

import html
from functools import cache
from typing import Any

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name

MAX_BLOCK_CHARACTERS = 2_000
MAX_TEXT_CHARACTERS = 20_000

_LEXERS = {
    "bash": ["sh", "shell", "zsh"],
    "css": [],
    "diff": ["patch"],
    "go": ["golang"],
    "haskell": ["hs"],
    "html": [],
    "javascript": ["js"],
    "json": [],
    "latex": ["tex"],
    "python": ["py", "python3"],
    "ruby": ["rb"],
    "rust": ["rs"],
    "sql": [],
    "toml": [],
    "typescript": ["ts"],
    "xml": [],
    "yaml": ["yml"],
}
LANGUAGES = {name: lexer for lexer, others in _LEXERS.items() for name in (lexer, *others)}
_FORMATTER = HtmlFormatter(nowrap=True)


def highlighted(code: str, language: str) -> str:
    """Return code as HTML, in colours where its language is known and it is short."""
    name = LANGUAGES.get(language.lower())
    if name is None or len(code) > MAX_BLOCK_CHARACTERS:
        return html.escape(code)
    return str(highlight(code, _lexer(name), _FORMATTER))


@cache
def _lexer(name: str) -> Any:
    return get_lexer_by_name(name, stripnl=False)
