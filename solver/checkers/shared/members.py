"""What the checkers of sets and of lists share: reading members, comparing each."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from solver.checkers.base import BaseChecker, CheckerError, listed
from solver.core.checker import ChildTools
from solver.core.verdict import Verdict
from solver.text.keys import quick_key, text_key
from solver.text.values.amounts import MAX_PLAIN_CHARS, amount_of
from solver.text.values.latex import strip_wrappers

MAX_MEMBERS = 100
_ITEM = re.compile(r"[ \t]*(?:[-*•+]|\(?[0-9]{1,3}[.)]|\(?[a-zA-Z][.)])[ \t]+")
_AND = re.compile(r",? and | or |;", re.IGNORECASE)
_NAMED = re.compile(r"(\\?[A-Za-z]{1,8}(?:_\{?\w\}?)?) ?= ?(?=[^=])")
_BOTH_SIGNS = re.compile(r"(?:±|\\pm(?![a-z])) ?")
_SPACED = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?: [+-]?[0-9]+(?:\.[0-9]+)?){1,99}")
_BRACKETS = (("\\{", "\\}"), ("{", "}"), ("(", ")"), ("[", "]"), ("\\langle", "\\rangle"))

type SameMember = Callable[[str, str], bool | None]


@dataclass(frozen=True, slots=True)
class Members(BaseChecker):
    """Compares members as votes are compared: numbers by value, texts as texts, formulas in a child of the judge."""

    ordered: ClassVar[bool]

    expected: tuple[str, ...]

    def __post_init__(self) -> None:
        """Read members that came as one text, as in the form. Raises CheckerError."""
        if isinstance(self.expected, str):
            object.__setattr__(self, "expected", self.of_text(self.expected).expected)

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Read the expected members. Raises CheckerError."""
        members = members_of(text)
        if not members:
            raise CheckerError(
                f"{cls.title} checker: enter 1 to {MAX_MEMBERS} members with commas or on lines of their own, "
                "such as 2, 3, 5."
            )
        return cls(tuple(members))

    @property
    def needs_child(self) -> bool:
        """Members that are formulas are compared in a child."""
        return True

    def check(self, answer: str, /) -> Verdict:
        """Compare members that are plain; undecided where one is a formula."""
        return self._compare(answer, _same_plainly)

    def check_in_child(self, answer: str, tools: ChildTools, /) -> Verdict:
        """Compare members by their meaning."""

        def same(one: str, other: str) -> bool | None:
            plainly = _same_plainly(one, other)
            return tools.same(one, other) if plainly is None else plainly

        return self._compare(answer, same)

    def describe(self) -> str:
        """Return what is checked, in words."""
        order = "in this order" if self.ordered else "in any order"
        return f"consists of {listed(self.expected)}, {order}"

    def fields_text(self) -> str:
        """Return the members as they stand in the form."""
        return "\n".join(self.expected)

    def _compare(self, answer: str, same: SameMember) -> Verdict:
        members = members_of(answer)
        if not members:
            return self.undecided("The answer could not be read as a list.")
        wanted = list(self.expected)
        if len(wanted) > 1 and len(members) == 1 and _SPACED.fullmatch(members[0]):
            members = members[0].split()
        if not self.ordered:
            members, wanted = (_without_repeats(_both_signs(each)) for each in (members, wanted))
        pairs = (
            self._in_order(members, wanted, same)
            if self.ordered
            else self._in_any_order(members, wanted, same)
        )
        if pairs is None:
            return self.undecided("A member of the answer could not be compared.")
        return self.verdict(
            f"The answer {'has' if pairs else 'has not'} exactly the expected members"
            f"{' in their order' if self.ordered else ''}.",
            passed=pairs,
        )

    @staticmethod
    def _in_order(members: Sequence[str], wanted: Sequence[str], same: SameMember) -> bool | None:
        if len(members) != len(wanted):
            return False
        found = [same(one, other) for one, other in zip(members, wanted, strict=True)]
        return False if False in found else None if None in found else True

    @staticmethod
    def _in_any_order(members: Sequence[str], wanted: Sequence[str], same: SameMember) -> bool | None:
        left, unsure = list(wanted), False
        for member in members:
            found = [same(member, other) for other in left]
            if True in found:
                del left[found.index(True)]
            elif None in found:
                unsure = True
            else:
                return False
        return None if unsure else not left


def members_of(text: str) -> list[str]:
    """Return the members of `{1, 2}`, of `1, 2 and 3`, or of the lines of a list; none where it has too many."""
    lines = [line for line in text[:MAX_PLAIN_CHARS].splitlines() if line.strip()]
    if len(text) > MAX_PLAIN_CHARS:
        return []
    if len(lines) > 1:
        return _few([_ITEM.sub("", line, count=1).strip() for line in lines])
    plain = amount_of(text).body
    for opening, closing in _BRACKETS:
        inside = plain[len(opening) : len(plain) - len(closing)]
        # `(1, 2), (3, 4)` is in no brackets.
        if plain.startswith(opening) and plain.endswith(closing) and _is_balanced(inside):
            plain = inside
            break
    return _few(_unnamed(_parts(_AND.sub(", ", plain))))


def _is_balanced(inside: str) -> bool:
    depth = 0
    for sign in inside:
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _unnamed(members: list[str]) -> list[str]:
    """Return the values of `x = 1, x = 2` and of `x = 1, 2`: one variable, named with each or with the first."""
    found = [_NAMED.match(member.strip()) for member in members]
    names = {each[1] for each in found if each}
    if len(names) != 1 or not found[0] or (any(found[1:]) and not all(found)):
        return members
    return [_NAMED.sub("", member.strip(), count=1) for member in members]


def _few(members: Sequence[str]) -> list[str]:
    named = [strip_wrappers(member).strip().strip("\"'") for member in members]
    kept = [member for member in named if member]
    return kept if len(kept) <= MAX_MEMBERS else []


def _parts(text: str) -> list[str]:
    """Return what stands between commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _both_signs(members: Sequence[str]) -> list[str]:
    """Return members with `±1` as 1 and -1."""
    made: list[str] = []
    for member in members:
        sign = _BOTH_SIGNS.match(member)
        made += [member[sign.end() :], f"-{member[sign.end() :]}"] if sign else [member]
    return made


def _without_repeats(members: Sequence[str]) -> list[str]:
    return list({quick_key(member) or text_key(member): member for member in members}.values())


def _same_plainly(one: str, other: str) -> bool | None:
    """Tell whether two members are the same as numbers or texts; None where a formula is among them."""
    keys = [quick_key(member) or text_key(member) for member in (one, other)]
    if keys[0] == keys[1]:
        return True
    is_formula = [
        key.startswith("text:") and re.search(r"[\\^=+*/()√π]|[0-9][a-z]", member)
        for key, member in zip(keys, (one, other), strict=True)
    ]
    return None if any(is_formula) else False
