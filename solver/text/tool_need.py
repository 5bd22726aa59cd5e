"""Whether tools would help with a problem: files to read, facts to find, a computation that settles it."""

import re

from solver.core.problem.statement import Problem

_FILE = re.compile(r'^<file name="', re.MULTILINE)
_FACTS = re.compile(
    r"\b(who (?:is|was|were|won|wrote|invented|founded|discovered)|when (?:did|was|were|is)|where (?:is|was|were|did)"
    r"|which (?:year|country|city|company|person|author|team)|what year|how (?:old|tall|far|large|high|deep) (?:is|was)"
    r"|latest|newest|most recent|currently|as of|according to|population of|capital of|up to date|look up|cite"
    r"|sources?|wer (?:ist|war|hat)|wann (?:ist|war|wurde)|wo (?:ist|liegt|war)|laut|aktuelle?[rns]?|neueste[rns]?"
    r"|quellen?|einwohner|hauptstadt)\b",
    re.IGNORECASE,
)
_COMPUTATION = re.compile(
    r"\b(comput(?:e|ation)|calculat(?:e|ion)|simulat(?:e|ion)|enumerate|how many|number of ways|sum of (?:all|the)"
    r"|digits?|prime(?:s| numbers?)|factorial|permutations?|modulo|remainder|determinant|eigenvalues?|decimal places"
    r"|significant (?:digits|figures)|standard deviation|regression|berechnen?|berechne|wie viele|summe aller|ziffern?"
    r"|primzahl(?:en)?)\b",
    re.IGNORECASE,
)
_LONG_NUMBERS = re.compile(r"\d[\d,.]*(?:\s*[-+*/^×·÷]\s*\d[\d,.]*){2,}|\d{5,}")
_LOOKED_AT_CHARS = 20_000


def wants_tools(problem: Problem) -> bool:
    """Tell whether files are attached, facts are asked for, or a computation would settle it. A guess, from words."""
    text = problem.text[:_LOOKED_AT_CHARS]
    return any(pattern.search(text) for pattern in (_FILE, _FACTS, _COMPUTATION, _LONG_NUMBERS))
