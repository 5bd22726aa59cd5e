"""Gives lists, tables, ordinal words, names and ions one shape each: their wording alone tells no answers apart."""

import re
import unicodedata

_BULLET = re.compile(r"^[ \t]*[-*•‣◦][ \t]+(?=\S)")
_NUMBERED = re.compile(r"^[ \t]*\(?([0-9]{1,3})[.):][ \t]+(?=\S)")
_RULE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_LAST_AND = re.compile(r",? (?:and|&) (?=[^,;]{1,60}$)")
_MAX_MEMBER_WORDS = 4
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
_ORDINAL_WORDS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
)  # fmt: skip
_TENS = ("twent", "thirt", "fort", "fift", "sixt", "sevent", "eight", "ninet")
_ORDINAL = {word: f"{place}{_ENDINGS.get(place, 'th')}" for place, word in enumerate(_ORDINAL_WORDS, start=1)}
_ORDINAL |= {f"{tens}ieth": f"{place}0th" for place, tens in enumerate(_TENS, start=2)}
_ORDINAL |= {
    f"{tens}y-{word}": f"{place}{_ORDINAL[word]}"
    for place, tens in enumerate(_TENS, start=2)
    for word in _ORDINAL_WORDS[:9]
}
_INITIALS = re.compile(r"(?<![\w.])[A-Z]\.(?: ?[A-Z]\.)*(?: ?[A-Z](?![\w.]))?(?P<next> ?(?=\w))?")
_TITLE = re.compile(r"\b(Dr|Mr|Mrs|Ms|Prof|St|Mt|Jr|Sr|Gen|Capt|Lt|Col)\.(?=\s|,|$)")
# `Sir Isaac Newton` is Isaac Newton; `Dr No` is not No.
_HONORIFIC = re.compile(r"(?:Dr|Prof|Professor|Doctor|Mr|Mrs|Ms|Sir|Dame)\.? (?=[^\W\d_][^ ]* [^\W\d_])")
_PLACE = re.compile(r"(Mt|St)\.? (?=[A-Z])")
_LONG_FORM = {"Mt": "Mount", "St": "Saint"}
_STATE = re.compile(r",(?= [A-Z]{2}$)")
_TIGHT_COMMA = re.compile(r"(?<=[^\W\d_]),(?=[^\W\d_])")
_DOTS = re.compile(r",? ?(?:\.\.\.|…|\\(?:l|c)?dots)$")
_NUMBERS_ON = re.compile(r"[-0-9, ]{3,200}")
_LOGIC = re.compile(
    r"[∧∨¬→⇒↔⇔∀∃]|\\(?:land|wedge|lor|vee|neg|lnot|implies|to|Rightarrow|rightarrow|iff|forall|exists)|&&|\|\||[-=]>"
)
_LOGIC_SIGNS = tuple(
    (re.compile(written), sign)
    for written, sign in (
        (r"\\(?:land|wedge)(?![a-z])|&&", "∧"),
        (r"\\(?:lor|vee)(?![a-z])|\|\|", "∨"),
        (r"(?:\\(?:neg|lnot)(?![a-z])|¬) ?", "¬"),
        (r"\\(?:iff|Leftrightarrow|leftrightarrow)(?![a-z])|⇔|<[-=]{1,2}>", "↔"),
        (r"(?<=\s)\\(?:implies|Rightarrow|rightarrow|to)(?=\s)|⇒|(?<=\s)[-=]{1,2}>(?=\s)", "→"),
        (r"(?:\\forall(?![a-z])|∀) ?", "∀"),
        (r"(?:\\exists(?![a-z])|∃) ?", "∃"),
        (r"(?<=[∀∃][A-Za-z])[.:] ?(?=[A-Z(¬∀∃])", " "),
    )
)
_AMOUNT = r"([0-9][0-9.,]{0,30})"
_BOUNDS = tuple(
    (
        re.compile(rf"(?:{before}) {_AMOUNT}" + (rf"|{_AMOUNT} {behind}" if behind else "()"), re.IGNORECASE),
        sign,
    )
    for before, behind, sign in (
        (
            "at least|no less than|not less than|no fewer than|≥|>=|\\\\geq?",
            "(?:or more|or above|and above)",
            "≥",
        ),
        ("at most|no more than|not more than|up to|≤|<=|\\\\leq?", "(?:or less|or fewer|or below)", "≤"),
        ("more than|greater than|over|>", "", ">"),
        ("less than|fewer than|under|<", "", "<"),
    )
)
_POINTING = re.compile(r"(?:It|That|This)(?: is|['’]s|['’]d be| would be) (?=\S)", re.IGNORECASE)
_MAX_POINTED_CHARS = 60
_WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "tues": "Tuesday",
    "thu": "Thursday",
    "thurs": "Thursday",
    "fri": "Friday",
}
_BARRED = str.maketrans("øØłŁđĐ", "oOlLdD")
_CHARGE = re.compile(r"(?<=[A-Za-z0-9)\]])\^ ?(?:\{ ?([0-9]*[+-]) ?\}|([0-9]*[+-]))(?=$|[\s,;)])")
_ERA = re.compile(r"(?<=[0-9])( ?)(?:BCE?|B\.C\.?(?:E\.?)?)(?!\w)")
_GROWTH = re.compile(r"(?:O|o|Θ|Ω|ω|\\Theta|\\Omega|\\omega|\\mathcal ?\{ ?O ?\}) ?\([^\n]{1,100}\)")


def plain_lines(text: str) -> str:
    """Return lines with one sign for bullets, one for numbers, and tables without filling; others as they are."""
    lines = [line.rstrip() for line in text.splitlines()]
    said = [line for line in lines if line.strip()]
    if all(line.lstrip().startswith("|") and line.endswith("|") for line in said):
        return "\n".join(_row(line) for line in said)
    for item, sign in ((_BULLET, "- "), (_NUMBERED, r"\1. ")):
        if all(item.match(line) for line in said):
            return "\n".join(item.sub(sign, line, count=1) for line in said)
    return "\n".join(lines)


def plain_sequence(text: str) -> str:
    """Return `red, green, blue` of `red, green, and blue`: members of a few words each."""
    if (dotted := _DOTS.search(text)) and _NUMBERS_ON.fullmatch(text[: dotted.start()]):
        return f"{', '.join(text[: dotted.start()].replace(',', ' ').split())}, ..."
    listed = _LAST_AND.sub(", ", _TIGHT_COMMA.sub(", ", text), count=1)
    members = listed.split(", ")
    is_list = (
        listed != text
        and not text.startswith(("both ", "between "))
        and all(len(each.split()) <= _MAX_MEMBER_WORDS for each in members)
    )
    return listed if is_list else text


def plain_ordinal(text: str) -> str:
    """Return `1st` of `first` and of `the first`."""
    return _ORDINAL.get(text.casefold().removeprefix("the "), text)


def plain_name(text: str) -> str:
    """Return names without the dots of initials and titles and without accents: `JK Rowling`, `Dr Smith`, `Sao Paulo`.

    One word alone keeps its accents: they may make another word of it.
    """
    text = _TITLE.sub(r"\1", _INITIALS.sub(_joined, text)) if "." in text else text
    text = _STATE.sub("", _PLACE.sub(lambda found: f"{_LONG_FORM[found[1]]} ", _HONORIFIC.sub("", text)))
    text = _WEEKDAYS.get(text.casefold().rstrip("."), text)
    return text if text.isascii() or " " not in text else _unaccented(text)


def plain_ion(text: str) -> str:
    """Return ions, arrows and eras with one sign each: `Na+` of `Na^+`, `Fe^3+` of `Fe^{3+}`, `→`, `BC` of `BCE`."""
    if "^" in text:
        text = _CHARGE.sub(
            lambda found: ("^" if (sign := found[1] or found[2])[:1].isdigit() else "") + sign, text
        )
    text = re.sub(r"(?<=\s)(?:->|\\to\b|\\rightarrow\b)(?=\s)", "→", text)
    return _ERA.sub(" BC", text)


def plain_growth(text: str) -> str | None:
    r"""Return how fast something grows, `O(n log n)` of `$O(n\log n)$`, with no spaces; None: it is something else."""
    if not _GROWTH.fullmatch(text):
        return None
    plain = re.sub(r"\\mathcal ?\{ ?O ?\}", "O", text).replace("\\Theta", "Θ").replace("\\Omega", "Ω")
    plain = re.sub(r"\^ ?\{ ?(\w) ?\}", r"^\1", plain.replace("\\omega", "ω").replace("\\cdot", "*"))
    return re.sub(r"[\s\\]", "", plain).replace("*", "")


def plain_logic(text: str) -> str:
    r"""Return formulas of logic with one sign each, `p ∧ q` of `p \\land q` and `p && q`."""
    if not _LOGIC.search(text):
        return text
    for written, sign in _LOGIC_SIGNS:
        text = written.sub(sign, text)
    return " ".join(text.split())


def plain_bound(text: str) -> str:
    """Return `≥ 5` of `at least 5`, `< 5` of `fewer than 5`."""
    for words, sign in _BOUNDS:
        if found := words.fullmatch(text):
            return f"{sign} {found[1] or found[2]}"
    return text


def plain_subject(text: str) -> str:
    """Return a short answer without the words that only point at it: `Paris` of `It's Paris`."""
    return _POINTING.sub("", text, count=1) if len(text) < _MAX_POINTED_CHARS else text


def _joined(initials: re.Match[str]) -> str:
    letters = re.sub(r"[. ]", "", initials[0])
    return letters if initials["next"] is None else f"{letters} "


def _unaccented(word: str) -> str:
    """Return a text without the marks on Latin letters; those of other scripts make other letters."""
    return "".join(
        parted[0] if sign.isalpha() and (parted := unicodedata.normalize("NFD", sign))[0].isascii() else sign
        for sign in word.translate(_BARRED)
    )


def _row(line: str) -> str:
    plain = line.strip()
    if _RULE.fullmatch(plain):
        return f"|{'---|' * (plain.count('|') - 1)}"
    return "|".join(cell.strip() for cell in plain.split("|"))
