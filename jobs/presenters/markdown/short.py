r"""A short answer as HTML: text that stays as it is, with the maths in it marked for KaTeX.

Maths is what stands between dollars, `\( … \)` or `\[ … \]`; without these the whole answer, if it is LaTeX and neither
a path nor a regular expression.
"""

import re

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from jobs.presenters.markdown.cleaning import clean_text
from jobs.presenters.markdown.signs import in_signs, is_said_by_signs

_MAX_MATHS_CHARACTERS = 2_000
_TEXT, _MATHS = "answer-text", "math inline"
_PROGRAM = re.compile(r"^(?:(?:async )?def|class|from|import) \w+.*\n", re.MULTILINE)
# A price is no maths: nothing begins or ends with a space, and no digit follows the second dollar.
_DELIMITED = re.compile(
    r"\$\$(?P<double>[^$]+)\$\$|\$(?P<single>[^\s$]|[^\s$][^$\n]*[^\s$\\])\$(?!\d)"
    r"|\\\((?P<round>(?:[^\\]|\\(?!\)))+)\\\)|\\\[(?P<square>(?:[^\\]|\\(?!\]))+)\\\]"
)
# What only a formula holds: without dollars around it, an answer with one of these is taken for one.
_COMMAND = re.compile(
    r"\\(?:[dt]?frac|sqrt|[dt]?binom|boxed|text|math(?:bb|bf|cal|rm|frak)|operatorname|overline|hat|vec|bar|left|begin"
    r"|pi|[a-z]*(?:alpha|beta|gamma|delta|epsilon|theta|lambda|sigma|omega|varphi|phi|psi|rho|tau|mu|nu|xi|eta|zeta|chi)"
    r"|Gamma|Delta|Theta|Lambda|Sigma|Omega|Phi|Psi|sum|prod|i{0,2}int|infty|cdot|times|pm|mp|leq?|geq?|neq?|approx|equiv"
    r"|in|notin|subset(?:eq)?|cup|cap|emptyset|to|infty|sin|cos|tan|ln|log|exp|lim|max|min|circ|degree|pmod|bmod|l?dots"
    r"|cdots|mid|forall|exists|land|lor|neg|lnot|iff|implies|Rightarrow)(?![A-Za-z])"
)
_RAISED = re.compile(r"[\^_]\{|[\w)\]}]\^\w")
_PATH_OR_PATTERN = re.compile(r"^(?:[A-Za-z]:\\|\\\\|/)|\\[dDwWsSbBAZ](?![A-Za-z])|\[\^|\(\?[:=!<]")


def short_answer_html(text: str) -> SafeString:
    """Return a short answer as it stands, its maths marked for KaTeX; a program or a table is set as one."""
    cleaned = clean_text(text or "").strip()
    is_program = _PROGRAM.search(cleaned) is not None
    if not is_program and (maths := maths_in_line_html(cleaned)) is not None:
        return maths
    shape = "answer-text answer-block" if is_program or "\n" in cleaned else "answer-text"
    return format_html('<span class="{}">{}</span>', shape, cleaned)


def maths_in_line_html(cleaned: str) -> SafeString | None:
    """Return an answer with its maths marked for KaTeX. None: it has none, or is too long for it."""
    pieces = _pieces(cleaned)
    return format_html_join("", '<span class="{}">{}</span>', pieces) if pieces else None


def short_answer_text(text: str) -> str:
    """Return a short answer for where nothing sets maths: its formulas in signs, if these say all of each."""
    pieces = _pieces(cleaned := clean_text(text or "").strip())
    if not all(is_said_by_signs(piece) for shape, piece in pieces if shape == _MATHS):
        return cleaned
    return "".join(in_signs(piece) if shape == _MATHS else piece for shape, piece in pieces) or cleaned


def _pieces(text: str) -> list[tuple[str, str]]:
    """Return text and maths by turns, each after its class; nothing where there is no maths."""
    if len(text) > _MAX_MATHS_CHARACTERS:
        return []
    pieces, end = [], 0
    for found in _DELIMITED.finditer(text):
        if before := text[end : found.start()]:
            pieces.append((_TEXT, before))
        pieces.append((_MATHS, next(filter(None, found.groups())).strip()))
        end = found.end()
    if not pieces:
        return [(_MATHS, text)] if _is_bare_maths(text) else []
    if rest := text[end:]:
        pieces.append((_TEXT, rest))
    return pieces


def _is_bare_maths(text: str) -> bool:
    """Tell whether an answer without dollars is a formula."""
    if _PATH_OR_PATTERN.search(text):
        return False
    return _COMMAND.search(text) is not None or _RAISED.search(text) is not None
