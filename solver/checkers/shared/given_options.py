"""Reads the options that a problem offers: lettered lines, `(a) yes (b) no`, “Options: …”, “true or false”.

In doubt there are none: parts of an exercise, steps of a plan and things to be put in order are no options.
"""

import re
from itertools import pairwise
from typing import NamedTuple

_READ_CHARS = 20_000
_MOST_STEM_CHARS = 2_000
_LEAST, _MOST, _MOST_CHARS = 2, 20, 400
_LABEL = re.compile(
    r"(?:(?<=[\s:：?？.,;。])|^)(?:(?P<open>[(\[（])(?P<inner>[A-Ja-j]|[1-9])[)\]）]"
    r"|(?P<outer>[A-Ja-j]|[1-9])(?:(?P<tight>[)、．])|(?P<wide>[.:])(?=\s)))[ \t\u3000]{0,9}(?=\S)",
    re.MULTILINE,
)
_HEADED = re.compile(
    r"(?:^|[.?!]\s{1,3})(?:answer )?(?:options|choices|(?:antwort)?möglichkeiten|optionen|opciones|opzioni|opções|opties"
    r"|opcje|choix|选项|選択肢) ?[:：]\s{0,9}(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
_BULLET = re.compile(r"^[ \t]{0,9}[-*•][ \t]{1,9}(?=\S)", re.MULTILINE)
_EITHER = re.compile(
    r"(?<!\w)(?:(true)(?: or |/)(false)|(richtig)(?: oder |/)(falsch)|(wahr)(?: oder |/)(falsch)|(vrai)(?: ou |/)(faux)"
    r"|(verdadero)(?: o |/)(falso)|(vero)(?: o |/)(falso)|(verdadeiro)(?: ou |/)(falso)|(waar) of (niet waar|onwaar)"
    r"|(prawda)(?: czy |/)(fałsz)|(yes)(?: or |/)(no)(?=[?.!)]|$)|(ja)(?: oder |/)(nein)(?=[?.!)]|$))(?!\w)",
    re.IGNORECASE,
)
PICKS = re.compile(
    r"\b(?:which|choose|pick|select|welche\w*|wähle\w*|quels?|quelles?|lequel|choisi\w*|cuál\w*|elige|quale?"
    r"|quali|scegli|qual|quais|escolha|welke?|kies|któr\w+|wybierz)\b|哪|どれ|どの|選|选",
    re.IGNORECASE,
)
_LEADS = re.compile(r"[?？_:：…]|\b(?:following|correct)\b", re.IGNORECASE)
_SEVERAL = re.compile(
    r"\b(?:order|sort|rank|arrange|sequence|match|each of|for each|(?:all|any) (?:of the following )?that"
    r"|which of the following are|select (?:all|two|three)|choose (?:all|two|three)|reihenfolge|ordne)\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:prove|show|find|compute|calculate|determine|explain|solve|describe|write|evaluate|derive|sketch|state|what|how|why"
    r"|berechne|bestimme|zeige|beweise|démontrer?|calculer?|calcula|demuestra|dimostra)\b.{0,400}\s\S",
    re.IGNORECASE,
)


class Offered(NamedTuple):
    """What stands before the options, and the options as they are written, with their letters: `(a) yes`."""

    stem: str
    options: tuple[str, ...]


class _Label(NamedTuple):
    style: tuple[str, str]
    place: int
    name: str
    start: int
    end: int


def read_options(text: str) -> Offered | None:
    """Return the options that a problem offers, None where it offers none, or in doubt."""
    head = text[:_READ_CHARS]
    found = _lettered(head) or _headed(head) or _either(head)
    if found is None or _SEVERAL.search(found.stem):
        return None
    names = [re.sub(r"^\w\) ", "", option).casefold() for option in found.options]
    is_list = _LEAST <= len(names) <= _MOST and len(set(names)) == len(names) and all(names)
    if not is_list or sum(bool(_PART.match(name)) or name.endswith(("?", "？")) for name in names) > 1:
        return None
    return found


def _lettered(text: str) -> Offered | None:
    """Read `(a) yes (b) no`, on a line or on several."""
    best = _first_run(_labels(text))
    if best is None:
        return None
    stem = text[: best[0].start].strip()
    # “True or false? (a) Gold is heavy. (b) …” says something of each.
    if _EITHER.search(stem) or not _asks(stem, is_numbered=best[0].name.isdigit()):
        return None
    ends = [after.start for _, after in pairwise(best)] + [len(text)]
    options = []
    for label, end in zip(best, ends, strict=True):
        # The last one ends with its line, the others may go on.
        lines = text[label.end : end].split("\n")
        words = " ".join(" ".join(lines[:1] if label is best[-1] else lines).split())
        words = re.sub(r"(?:[,;。]|(?<!\.)\.| or| oder| ou| o)+$", "", words).strip()
        if not words or len(words) > _MOST_CHARS:
            return None
        options.append(f"{label.name}) {words}")
    return Offered(stem, tuple(options))


def _first_run(labels: list[_Label]) -> list[_Label] | None:
    """Return the letters from the first one on, in one style; None where a second question has its own."""
    best: list[_Label] | None = None
    for style in dict.fromkeys(label.style for label in labels):
        run: list[_Label] = []
        for label in (each for each in labels if each.style == style):
            if label.place == len(run):
                run.append(label)
            elif label.place == 0:
                if len(run) >= _LEAST:
                    return None
                run = [label]
        if len(run) >= _LEAST and (best is None or run[0].start < best[0].start):
            best = run
    return best


def _labels(text: str) -> list[_Label]:
    labels = []
    for found in _LABEL.finditer(text):
        name = found["inner"] or found["outer"]
        lead = text[max(0, found.start() - 20) : found.start()]
        at_line = not lead.rpartition("\n")[2].strip() and ("\n" in lead or found.start() < 20)
        if found["wide"] and not at_line and not name.isupper():
            continue
        kind = "number" if name.isdigit() else "capital" if name.isupper() else "small"
        place = int(name) - 1 if name.isdigit() else ord(name.casefold()) - ord("a")
        closed = "brackets" if found["open"] else found["tight"] or found["wide"]
        labels.append(_Label((closed, kind), place, name, found.start(), found.end()))
    return labels


def _asks(stem: str, *, is_numbered: bool) -> bool:
    """Tell whether what stands before the letters leads to a choice among them, not to the parts of a task."""
    if is_numbered or not stem:
        return stem.endswith(("?", "？")) or bool(PICKS.search(stem[-_MOST_STEM_CHARS:]))
    return bool(
        _LEADS.search(stem[-_MOST_STEM_CHARS:])
        or PICKS.search(stem[-_MOST_STEM_CHARS:])
        or stem[-1] not in ".!。)"
    )


def _headed(text: str) -> Offered | None:
    """Read “Options: …” with bullets, lines, semicolons or commas behind it."""
    if not (found := _HEADED.search(text)):
        return None
    block = text[found.end() :].split("\n\n", 1)[0]
    if _BULLET.match(block):
        parts = _BULLET.split(block)
    else:
        sign = next((sign for sign in ("\n", ";", ",") if sign in block.strip()), "\n")
        parts = block.split(sign)
    options = tuple(words for part in parts if (words := " ".join(part.split()).strip(".;,")))
    return (
        Offered(text[: found.start()], options) if all(len(each) <= _MOST_CHARS for each in options) else None
    )


def _either(text: str) -> Offered | None:
    """Read “True or false: …”, where it is said of one thing."""
    found = _EITHER.findall(text)
    if (
        len(found) != 1
        or len(text) > _MOST_STEM_CHARS
        or len(re.findall(r"(?m)^\s{0,9}(?:\d|[-*•])", text)) > 1
    ):
        return None
    first, second = (word.capitalize() for word in found[0] if word)
    return Offered(text, (first, second))
