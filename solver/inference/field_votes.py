"""Votes per field of data: what each reply says of each field, what most say, and which value to deliver."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from solver.inference.decisions.adaptive_stopping import lead_probability
from solver.inference.explanation import count_of
from solver.text.leaves import Columns, Path, columns_of, leaf_key, leaves_of, path_words, replaced

_LEAST_REPLIES = 3
"""So many replies that agree on a field settle it."""
_PROSE_CHARS = 40
_SHOWN_FIELDS = 3
_SHOWN_CHARS = 40
_SHOWN_VALUES = 4


@dataclass(frozen=True, slots=True)
class FieldVote:
    """What the replies say of one field: values with their votes, most votes first; `absent` of them leave it out."""

    path: Path
    values: tuple[tuple[Any, int], ...]
    replies: int

    @property
    def absent(self) -> int:
        """How many replies leave the field out."""
        return self.replies - sum(votes for _, votes in self.values)

    @property
    def is_unanimous(self) -> bool:
        """Whether all replies say the same."""
        return self.values[0][1] == self.replies

    @property
    def is_prose(self) -> bool:
        """Whether each reply puts it in words of its own: a longer text that hardly any two have alike."""
        long = all(isinstance(value, str) and len(value) > _PROSE_CHARS for value, _ in self.values)
        return long and not self.is_unanimous and self.values[0][1] <= max(1, self.replies // 2)

    def is_settled(self, target: float) -> bool:
        """Tell whether more replies are unlikely to change it."""
        if self.is_prose or (self.is_unanimous and self.replies >= _LEAST_REPLIES):
            return True
        votes = sorted([count for _, count in self.values] + [self.absent], reverse=True)
        return lead_probability(votes[0], votes[1]) >= target

    def votes_for(self, value: Any) -> int:
        """Return how many replies give this value."""
        key = leaf_key(value)
        return next((votes for each, votes in self.values if leaf_key(each) == key), 0)


@dataclass(frozen=True, slots=True)
class FieldVotes:
    """The votes on all fields; `nearest` is the place of the reply that most agree with, `value` what to deliver."""

    fields: tuple[FieldVote, ...]
    replies: int
    nearest: int
    value: Any
    columns: Columns

    @property
    def disputed(self) -> list[FieldVote]:
        """The fields on which replies differ, those put in own words left out; the most disputed first."""
        found = [each for each in self.fields if not each.is_unanimous and not each.is_prose]
        return sorted(found, key=lambda each: each.values[0][1])

    @property
    def is_split(self) -> bool:
        """Whether there are several replies, and of no field that is delivered two and half of them say the same."""
        delivered = leaves_of(self.value, self.columns)
        counted = [each for each in self.fields if each.path in delivered and not each.is_prose]
        most = max((each.votes_for(delivered[each.path]) for each in counted), default=0)
        return self.replies > 1 and bool(counted) and (most == 1 or 2 * most < self.replies)

    def is_settled(self, target: float) -> bool:
        """Tell whether more replies are unlikely to change any field."""
        return self.replies >= _LEAST_REPLIES and all(each.is_settled(target) for each in self.fields)

    def by_path(self) -> Mapping[Path, FieldVote]:
        """Return the votes by the path of their field."""
        return {each.path: each for each in self.fields}

    def sentence(self) -> str:
        """Return in how many fields the replies agree, and where they differ."""
        fields, replies = len(self.fields), self.replies
        if replies == 1:
            return (
                f"One reply gave {count_of(fields, 'field', 'fields')}; there is no other to compare it with."
            )
        prose = [each for each in self.fields if each.is_prose]
        disputed = self.disputed
        if self.is_split and len(disputed) > _SHOWN_FIELDS:
            return f"Shown is the one of {replies} replies that has most in common with the others."
        same = fields - len(disputed) - len(prose)
        if not disputed and not prose:
            only = "The one field is" if fields == 1 else f"All {fields:,} fields are"
            return f"{only} the same in all {replies} replies."
        count, verb = count_of(fields, "field", "fields"), "is" if 1 in {same, fields} else "are"
        said = [f"{same:,} of {count} {verb} the same in all {replies} replies"]
        said += [_difference(each) for each in disputed[:_SHOWN_FIELDS]]
        if more := len(disputed) - _SHOWN_FIELDS:
            said += [f"{more:,} more {'differs' if more == 1 else 'differ'}"] if more > 0 else []
        if prose:
            named = (
                f"‘{_cut(path_words(prose[0].path))}’ is" if len(prose) == 1 else f"{len(prose)} fields are"
            )
            said.append(f"{named} put in other words by each reply")
        return f"{'; '.join(said)}."


def field_votes(replies: Sequence[Any], *, may_compose: bool) -> FieldVotes | None:
    """Return the votes of some replies' data, one vote each; None without any.

    What is delivered is the reply that agrees with most others in most fields; where it may be composed, the fields in
    which it stands against a majority are taken from that. Rows and fields are never added or taken away.
    """
    if not replies:
        return None
    columns = columns_of(replies)
    leaves = [leaves_of(value, columns) for value in replies]
    keys = [{path: leaf_key(leaf) for path, leaf in each.items()} for each in leaves]
    fields = tuple(
        _vote(path, leaves, keys) for path in dict.fromkeys(path for each in keys for path in each)
    )
    most = {each.path: _most(each) for each in fields}
    near = [sum(key == most[path] for path, key in each.items()) - _extra(each, most) for each in keys]
    nearest = max(range(len(replies)), key=near.__getitem__)
    value = replies[nearest]
    if may_compose:
        value = replaced(value, _better(fields, keys[nearest]), columns)
    return FieldVotes(fields, len(replies), nearest, value, columns)


def may_compose(schema: Any) -> bool:
    """Tell whether fields of several values that fit a JSON Schema make a value that fits it: no rule joins fields."""
    if isinstance(schema, dict):
        return not (_JOINING & schema.keys()) and all(map(may_compose, schema.values()))
    return not isinstance(schema, list) or all(map(may_compose, schema))


_JOINING = frozenset(
    {
        "if",
        "then",
        "else",
        "oneOf",
        "anyOf",
        "allOf",
        "not",
        "dependentSchemas",
        "dependentRequired",
        "dependencies",
    }
    | {
        "uniqueItems",
        "contains",
        "unevaluatedItems",
        "unevaluatedProperties",
        "prefixItems",
        "additionalItems",
    }
    | {"$dynamicRef", "$recursiveRef"}
)


def _vote(path: Path, leaves: Sequence[Mapping[Path, Any]], keys: Sequence[Mapping[Path, str]]) -> FieldVote:
    votes, shown = Counter[str](), dict[str, Any]()
    for leaf, key in zip(leaves, keys, strict=True):
        if path in key:
            votes[key[path]] += 1
            shown.setdefault(key[path], leaf[path])
    return FieldVote(path, tuple((shown[key], count) for key, count in votes.most_common()), len(leaves))


def _most(vote: FieldVote) -> str | None:
    """Return the key that most replies give a field; None: most leave it out."""
    value, votes = vote.values[0]
    return leaf_key(value) if votes >= vote.absent else None


def _extra(keys: Mapping[Path, str], most: Mapping[Path, str | None]) -> int:
    """Return how many fields a reply has that most others leave out."""
    return sum(most[path] is None for path in keys)


def _better(fields: Sequence[FieldVote], own: Mapping[Path, str]) -> dict[Path, Any]:
    """Return the fields of a reply that more replies give another value."""
    found: dict[Path, Any] = {}
    for each in fields:
        value, votes = each.values[0]
        if each.path in own and not each.is_prose and leaf_key(value) != own[each.path]:
            given = next(count for other, count in each.values if leaf_key(other) == own[each.path])
            found |= {each.path: value} if votes > given else {}
    return found


def _difference(vote: FieldVote) -> str:
    """Return what is said of a field: `‘founded’ differs: 1998 (4), 1999 (2)`."""
    values = [f"{shown_value(value)} ({votes})" for value, votes in vote.values[:_SHOWN_VALUES]]
    if more := len(vote.values) - _SHOWN_VALUES:
        values += [f"{more} more"] if more > 0 else []
    if vote.absent:
        values.append(f"left out ({vote.absent})")
    return f"‘{_cut(path_words(vote.path))}’ differs: {', '.join(values)}"


def shown_value(value: Any) -> str:
    """Return a field's value as a short text."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case list():
            return _cut(f"[{', '.join(map(shown_value, value[:20]))}]")
        case dict():
            return "{}"
    return _cut(str(value)) or "empty"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"
