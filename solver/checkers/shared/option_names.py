"""The names by which an option goes, and where an answer says one."""

import re
from collections.abc import Mapping

from solver.text.values.decoration import without_decoration
from solver.text.values.latex import strip_wrappers

_LABELLED = re.compile(r"\(?([A-Za-z0-9])[).:]\s+(\S.*)")
_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|clearly|definitely|certainly|obviously|surely|probably),? )?"
    r"(?:i(?: would|['’]d|['’]ll| will)? (?:think|believe|choose|pick|say|answer|go with|go for|select|vote for) "
    r"(?:that )?)?"
    r"(?:(?:(?:(?:the|my) )?(?:(?:final|correct|right|best|most likely|true) )?"
    r"(?:answer|option|choice|letter|statement|one|antwort"
    r"|réponse|respuesta|resposta|risposta|ответ)(?: is|:)?|(?:correct|right|final|ans|selected|chosen)(?: is)?:)"
    r"(?: (?:option|choice))? |(?:it|that|this) (?:is|was) |(?:it|that)[’']s "
    r"|(?:it|they|this|that|these|those) (?:will|would|should|must|can) )?",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"(?:it|they|this|that|he|she|we|you|the \w{1,20}|its \w{1,20}) (?=\S)", re.IGNORECASE)
_EMPHASIS = re.compile(r"<(b|strong|em|i|u|mark)>([^<>]{1,200})</\1>", re.IGNORECASE)
REASON = re.compile(
    r"\s*[,;:.–—-]?\s*\b(?:because|since|as|for|given|due|rather than|instead of|though|although|even if)\b"
    r"|\s*[,;(–—-]\s*(?:and )?not\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\s*(?:is|are|was|were|would be|would|can|could|must|does|do)?\s*"
    r"(?:not|never|cannot|\w{2,6}n['’]t|(?:in|un)\w+able|wrong|incorrect|false|untrue|impossible|excluded|ruled out)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?:not|never|(?:any(?:thing|one)?|every(?:thing|one)?|all) (?:but|except)|other than)\s+(?=\S)",
    re.IGNORECASE,
)


def names_of(options: tuple[str, ...]) -> dict[str, str]:
    """Return the options by the names they go by, in small letters: letter, text, or both."""
    labelled = [_LABELLED.fullmatch(option) for option in options]
    names = {bare(option): option for option in options}
    if all(labelled):
        for option, found in zip(options, labelled, strict=True):
            assert found is not None  # all are
            names.setdefault(found[1].casefold(), option)
            names.setdefault(bare(found[2]), option)
    return names


def plain_answer(answer: str) -> str:
    """Return an answer without wrappings, emphasis and the words that lead to it."""
    plain = without_decoration(strip_wrappers(_EMPHASIS.sub(r"\2", answer)))
    plain = plain.replace("**", "").replace("__", "").replace("`", "").strip()
    return _LEAD.sub("", plain, count=1).strip()


def bare(text: str) -> str:
    """Return a text in small letters without wrappings and the signs around it."""
    return strip_wrappers(text).casefold().strip("()[]{}.:*\"'“”!, ")


def is_denied(rest: str) -> bool:
    """Tell whether what stands behind an option says that it is wrong: who asked for the wrong one is answered by it."""
    return _DENIED.match(rest) is not None


def denied_name(plain: str) -> str | None:
    """Return what an answer says that it is not: `yes` of `not yes`."""
    found = _NOT.match(plain)
    return plain[found.end() :] if found else None


def without_subject(plain: str) -> str:
    """Return `decreases` of `It decreases`."""
    return _SUBJECT.sub("", plain, count=1)


def same_formula(plain: str, names: Mapping[str, str]) -> str | None:
    """Return the option that is the same formula but for its spaces: `x>1` of `x > 1`."""
    if not re.search(r"[<>=≤≥+*/^]", plain):
        return None
    wanted = re.sub(r"\s", "", bare(plain))
    found = {option for name, option in names.items() if re.sub(r"\s", "", name) == wanted}
    return found.pop() if len(found) == 1 else None


def after(plain: str, name: str) -> str | None:
    """Return what stands behind an option's name at the beginning of an answer, or None where it does not begin so."""
    head = plain.lstrip("([\"'“ ")
    if not name or not head.casefold().startswith(name):
        return None
    # A small letter may be a word (`a car`).
    rest = head[len(name) :]
    is_letter = len(name) == 1 and name.isalpha()
    opened = len(plain) > len(head)
    closing = rest[:1] in {")", "]", '"', "”", "'"} and (opened or rest[:1] in {")", "]"})
    if closing:
        return rest[1:]
    if re.match(r"[.,][0-9]|[-/:^*+=%'’]\w|\w|[+#]", rest):
        return None
    if re.match(r"[.,:;!–—]|\s?[-–—]\s|\s?\(", rest):
        return rest
    if REASON.match(rest) or re.match(r"\s+(?:is|are|or|and|was|would)\b", rest):
        return rest
    is_capital = is_letter and head[0].isupper() and name not in {"a", "i"}
    return rest if is_capital else None


def is_marked(plain: str, name: str) -> bool:
    """Tell whether an answer begins with an option's letter as lists have it: `(D) …`, `D) …`, `D. …`."""
    return (
        len(name) == 1
        and re.match(rf"[(\[]?{re.escape(name)}(?:[)\]]|[.:](?= ))", plain, re.IGNORECASE) is not None
    )


def mentions(text: str, name: str) -> bool:
    """Tell whether a text names an option: a letter only where it can't be the article or a variable of a sentence."""
    if not name:
        return False
    if len(name) == 1 and name.isalpha():
        letter = re.escape(name.upper())
        # “A” before a small letter is the article, not the option.
        alone = rf"(?<![\w'’]){letter}(?![\w'’])(?! (?!and\b|or\b|is\b)[a-z])"
        marked = rf"\({letter}\)|\({re.escape(name)}\)|\b(?:option|choice|or|and) {letter}\b"
        return re.search(f"{alone}|{marked}", text) is not None
    if name == "no":
        # “Yes, no term vanishes” says yes.
        return (
            re.search(r"(?<!\w)no(?=\s*(?:[.,;:!?)]|$)|\s+(?:or|and|because|since|as)\b)", text.casefold())
            is not None
        )
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w]|[.,][0-9])", text.casefold()) is not None
