"""Which texts come to the same conclusion: equal wordings do, and what a model said comes to the same."""

from collections.abc import Sequence
from typing import NamedTuple

from solver.text.conclusions import same_wording

MOST_LISTED = 24
"""So many conclusions are put before a model at once."""


class ConclusionGroup(NamedTuple):
    """Texts that come to the same. `votes` counts those that were written without seeing another."""

    conclusion: str
    keys: tuple[str, ...]
    votes: int


class ConclusionGroups:
    """The conclusions told so far; a text without one belongs to no group."""

    def __init__(self) -> None:
        self._conclusions: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}
        """Keys of texts by the wording that stands for their group, in the order in which they came."""
        self._group_of: dict[str, str] = {}
        """By wording: the wording that stands for its group."""
        self._votes: set[str] = set()
        self._listed: set[str] = set()

    def add(self, key: str, conclusion: str | None, *, is_vote: bool) -> None:
        """Note the conclusion of a text; `is_vote`: it was written without seeing another text."""
        wording = same_wording(conclusion or "")
        if not wording or key in self._conclusions:
            return
        self._conclusions[key] = conclusion or ""
        self._members.setdefault(self._group_of.setdefault(wording, wording), []).append(key)
        if is_vote:
            self._votes.add(key)

    def to_list(self) -> list[tuple[str, str]]:
        """Return a text and its conclusion of each group, to be put before a model; none that is new: nothing."""
        firsts = [(keys[0], self._conclusions[keys[0]]) for keys in self._members.values()][:MOST_LISTED]
        is_new = any(same_wording(conclusion) not in self._listed for _, conclusion in firsts)
        return firsts if is_new and len(firsts) > 1 else []

    def merge(self, keys: Sequence[str], groups: Sequence[Sequence[int]] | None) -> None:
        """Take in which of the listed texts come to the same, by their places in the list; None: nobody could say."""
        known = [key for key in keys if key in self._conclusions]
        self._listed.update(same_wording(self._conclusions[key]) for key in known)
        for group in groups or ():
            self._join([keys[place] for place in group if keys[place] in self._conclusions])

    def _join(self, keys: Sequence[str]) -> None:
        heads = list(dict.fromkeys(self._group_of[same_wording(self._conclusions[key])] for key in keys))
        for head in heads[1:]:
            self._members[heads[0]] += self._members.pop(head)
            for wording, other in self._group_of.items():
                if other == head:
                    self._group_of[wording] = heads[0]

    def groups(self) -> list[ConclusionGroup]:
        """Return the groups, most votes first, then the earlier."""
        found = [
            ConclusionGroup(self._conclusions[keys[0]], tuple(keys), sum(key in self._votes for key in keys))
            for keys in self._members.values()
        ]
        return sorted(found, key=lambda group: -group.votes)

    def group_of(self, key: str) -> ConclusionGroup | None:
        """Return the group of a text, or None where it stated no conclusion."""
        return next((group for group in self.groups() if key in group.keys), None)
