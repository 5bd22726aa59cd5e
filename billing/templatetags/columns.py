"""A table whose amounts stand with their points one below the other.

CSS aligns at a character in no browser of today, so that shorter figures are filled up with spaces as wide as a digit.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.template.base import Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

_DIGIT_SPACE = "\u2007"
_TAG = re.compile(r"<(?:(?P<row>tr)|t[dh])\b(?P<attributes>[^>]*)>", re.IGNORECASE)
_SPAN = re.compile(r'\bcolspan="(\d{1,3})"', re.IGNORECASE)
_IS_RIGHT = re.compile(r'\bclass="[^"]*\bright\b', re.IGNORECASE)
_AMOUNT = re.compile(r"\s*[-−+]?\$[\d,]+(?:\.(?P<decimals>\d+))")


class _Amount(NamedTuple):
    column: int
    end: int
    decimals: int


def _amounts(html: str) -> Iterator[_Amount]:
    """Yield the amounts with which right-aligned cells begin."""
    column = 0
    for tag in _TAG.finditer(html):
        if tag["row"]:
            column = 0
            continue
        amount = _AMOUNT.match(html, tag.end())
        if amount and _IS_RIGHT.search(tag["attributes"]):
            yield _Amount(column, amount.end(), len(amount["decimals"]))
        spans = _SPAN.search(tag["attributes"])
        column += int(spans[1]) if spans else 1


def points_aligned(html: str) -> str:
    """Return a table with the amounts of each right-aligned column filled up to as many decimals as its longest has."""
    amounts = list(_amounts(html))
    most: dict[int, int] = {}
    for amount in amounts:
        most[amount.column] = max(most.get(amount.column, 0), amount.decimals)
    parts, at = [], 0
    for amount in amounts:
        parts += [html[at : amount.end], _DIGIT_SPACE * (most[amount.column] - amount.decimals)]
        at = amount.end
    return "".join([*parts, html[at:]])


class _Aligned(Node):
    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        # Rendered with escaping by its own parts; nothing but spaces is added.
        return mark_safe(points_aligned(self.nodelist.render(context)))  # noqa: S308


def aligned(parser: Parser, _token: Token) -> _Aligned:
    """`{% aligned %}<table>…</table>{% endaligned %}`: see `points_aligned`."""
    nodelist = parser.parse(("endaligned",))
    parser.delete_first_token()
    return _Aligned(nodelist)
