"""Reads what the end of a reply concludes, where nothing in it is called the answer.

What counts as evidence, the strongest first:
1. `A:` behind `Q:`,
2. a value alone on the last line: in bold, worked out, a sum, or a formula that the line before announces,
3. an option that the last sentence calls right or chooses,
4. a value at the end of a last sentence that draws a conclusion or sets the value in bold.

Doubts, conditions, denials, questions, ranges, plans and checks conclude nothing, nor does what names two values.
Bounded by the size of what is read, the last lines of the reply.
"""

import re

from solver.text.chosen_option import LETTER_ALONE, chosen_option
from solver.text.keys import quick_key
from solver.text.languages import NOT_VALUES

_MAX_TAIL_CHARS = 1_600
_MAX_LINE_CHARS = 800
_MAX_SENTENCE_CHARS = 320
_MAX_FAREWELLS = 4
_MAX_LABEL_CHARS = 40
_MARKS = re.compile(r"^(?:[-*•>#]{1,6} |[0-9]{1,2}[.)] |∴ ?|⇒ ?|→ ?|\*\*(?!\S{1,60}\*\*)|__)+")
_LISTED = re.compile(r"(?:[-*•] |[0-9]{1,2}[.)] )")
_SENTENCE = re.compile(
    r"(?<!\b[DMS][rt])(?<!\bNo)(?:[.?。:;]|(?<![0-9n)])!)(?=[\s*_\"'”)])\s*[*_\"'”)]{0,4}\s*"
)
_FAREWELL = re.compile(
    r"[-—_*=\s]{3,}|[^\w`]{1,3}|(?:[*_(]*)(?:i hope|hope (?:this|that|it)|let me know|feel free|please let"
    r"|does (?:this|that) (?:help|make)|happy to|thanks?\b|thank you|if you (?:have|need|want|would)"
    r"|would you like|is there anything|good luck"
    r"|i['’]m happy).{0,160}"
    # A check that came out well.
    r"|(?:[*_(]*)(?:check|verification|verify|to check|to verify|double[- ]check)\b"
    r"(?!.*(?:≠|\bnot\b|n['’]t\b|wrong|\bbut\b))"
    r".{1,200}(?:[✓✔✅]|correct|works|holds|matches).{0,30}",
    re.IGNORECASE,
)
_LAST_FAREWELL = re.compile(
    r"(?<=[.!)✓✅]) (?:i hope|hope (?:this|that|it)|let me know|feel free|please let|thank).{0,100}$",
    re.IGNORECASE,
)
_ORNAMENT = re.compile(r"[\s.!。✓✔✅☑🎉🎯😊👍□■∎◻]+$")

_LEAD_WORDS = (
    r"therefore|thus|hence|so(?! far\b)|consequently|accordingly|ergo|in conclusion|to conclude|finally|in the end"
    r"|overall|altogether|all in all|in total|in all|it follows that|we conclude(?: that)?|i conclude(?: that)?"
    r"|(?:this|that|which) means(?: that)?"
    r"|conclusion:|putting (?:it|this|everything|these|them)(?: all)? together"
    r"|also|daher|somit|folglich|deshalb|insgesamt|donc|ainsi|par conséquent|au total|por (?:lo )?tanto|así que|en total"
    r"|quindi|dunque|pertanto|perciò|in totale|portanto|logo|então|assim|dus|daarom|alltså|altså|więc|zatem|tedy"
    r"|поэтому|следовательно|значит|таким образом|итак"
)
_LEAD = re.compile(
    rf"(?:and |but |now,? )?(?:(?:{_LEAD_WORDS})\b,? (?:then,? )?"
    r"|(?:所以|因此|故|综上|よって|したがって|ゆえに|따라서|그러므로)[,，、]? ?"
    # “Since y = 2, x = 5.”
    r"|(?:since|because|given that) [^,]{1,120}, )",
    re.IGNORECASE,
)
_INNER_LEAD = re.compile(
    r"\b(?:is|are|equals|be) (?:therefore|thus|hence|then)\b|\b(?:therefore|thus|hence) (?=[a-z]+s\b)"
)
_INNER_CLAUSE = re.compile(
    r".*[,;] (?:and )?(?:so|therefore|thus|hence|which means(?: that)?|meaning(?: that)?)\b,? (?=\S)",
    re.IGNORECASE,
)
_COMES_TO = re.compile(
    r"\b(?:comes? (?:out )?(?:to|as|at|to be)|works? out (?:to|as|at|to be)|amounts? to|adds? up to|boils? down to|totals"
    r"|(?:evaluates?|simplif(?:y|ies)|reduces?|converges?) to|brings [^.,]{1,30} to"
    r"|results? in|yields?|leaves? (?:us|you|me) with|equals?"
    r"|turns? out to be"
    r"|(?:we|i) (?:get|obtain|find)(?: that)?|we (?:are|have) left with"
    r"|[a-z]{3,16}ing\b[^.,]{0,60} (?:gives|leaves|yields)"
    r"|(?:that|this|it|which) (?:makes|leaves|gives)(?: (?:us|you|me))?"
    r"|(?:final|total|overall|requested|required|desired) [a-z ]{1,40}(?:is|are|of))\s(?:[^.]|\.[0-9]){0,80}$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|unless|when|whenever|suppos\w+|assum\w+|imagine|let|wenn|falls|quand|cuando)\b", re.IGNORECASE
)
# “the remainder when 100 is divided by 7”, “the number of ways if order counts” say what the value is of.
_ASIDE = re.compile(
    r"\b(?:remainder|result|quotient|value|sum|number|probability)\b[^,]{0,40}? (?:when|if) ", re.IGNORECASE
)
_CONCLUDES_NOTHING = re.compile(
    r"\?|\b(?:not|no|never|cannot|nothing|neither|nor|whether|maybe|perhaps|might|may|could|possibly|unsure|uncertain"
    r"|should|would|guess|try|next|first|steps?|check(?:ing)?|verif\w+|indeed|example|e\.g|note|hint|recall|remember"
    r"|between|at least|at most|more than|less than|fewer than|greater than|up to|or|either|wrong|incorrect|mistake|error"
    r"|contradict\w*|impossible|however|although|though|but|except|need(?:s|ed)? to|have to|has to|want|case|[0-9]+ cases"
    r"|question|options?|how|what|why|because|works (?:for|when)|holds|(?:for )?(?:all|every|any) [a-z]\b|your"
    r"|you (?:can|may|will|want)"
    r"|(?:i|we) (?:will|shall)"
    r"|(?:i|we)['’]ll|going to|another|false|nicht|kein\w*|pas|nunca|nie)\b|n['’]t\b|\.\.\.|…",
    re.IGNORECASE,
)
# A duty of the value is a conclusion, that of a person a plan.
_MUST = re.compile(r"\bmust (?!be|have|equal)", re.IGNORECASE)
_REASON_TAIL = re.compile(
    r",? (?:since|because|as (?:required|desired|claimed|expected|needed|wanted|asked))\b.*$", re.IGNORECASE
)
_NUMBER = r"[-+−]?(?:[$€£¥] ?)?[-−]?[0-9][0-9,]*(?:\.[0-9]+)?(?: ?/ ?[0-9]+(?![0-9./]))?"
_NO_UNIT = r"(?:an?|per|each|every|on|in|for|of|after|at|by|to|left|more|total|all|and)"
_UNIT = (
    r"(?:(?: (?:hundred|thousand|million|billion|trillion|dozen))?"
    rf"(?: ?[%°℃€]|(?: |(?<=[0-9]))(?!{_NO_UNIT}\b)[^\W\d_]{{1,14}}[²³]?(?:/[a-z]{{1,6}})?)?)"
)
_VALUE_END = re.compile(
    rf"(?:^|[\s≈(:])(?P<value>{_NUMBER}{_UNIT})(?:{_UNIT})(?: (?!and\b)[a-z]{{1,15}}){{0,2}}"
    r"(?: (?:for|to) [A-Z][a-z]{1,14})?$"
)
# What an equation comes to: `x` of `120/6 = x apples a day`.
_RESULT = re.compile(rf"[=≈] ?(?P<value>{_NUMBER}{_UNIT})(?![\d(*/^])(?P<rest>[^=≈]{{0,160}})$")
_TWO_VALUES = re.compile(r"[0-9].*(?:,| and | & )|(?:,| and | & ).*[0-9]")
_ASSIGNED = re.compile(r"(?:^|[\s,;($])\*{0,2}[A-Za-z](?:_\{?\w{1,3}\}?)?\*{0,2} ?= ?")
_WORKED_OUT = re.compile(r"[0-9)%][^=≈.]{0,60}[-+*/×÷·−] ?[$€£¥(]?[0-9.,]+\)?[^=≈+*/×÷]{0,40}[=≈]")
_COEFFICIENT = re.compile(r"[0-9][A-Za-z]$")
_ANY_NUMBER = re.compile(r"(?<![\w.,])[$€£¥]?[-−]?[0-9][0-9,./]*")
_GOES_ON = re.compile(
    r"(?:[,;:+/=-]|(?<!\*)\*|\b(?:then|and|so|which|where|the|(?-i:an?)|of|to|with|by|for))$", re.IGNORECASE
)
_IS = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|equal to|comes? (?:out )?(?:to|as|at)|evaluates to|simplifies to"
    r"|(?:leaves?|left) (?:us |you |me )?with|gets?|obtain|gives|yields|makes|est|es|ist|é|è)"
    r"(?: (?:exactly|approximately|about|just|only|therefore|thus|then|the|an?|de))?|[=≈:])[\s*_(]*$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(r"(?:[<>≤≥≠]|\b(?:and|or|by|to|out of|in) )[\s*_$(]*$")

_ASKED = re.compile(r"(?:Q|Question)[:.][*_]{0,2}\s")
_TOLD = re.compile(r"[*_]{0,2}A[:.][*_]{0,2} {0,2}(?P<value>\S.{0,59})")
_BOLD = re.compile(r"(?<!\w)(?:\*\*|__)(?P<value>(?=\S)[^*_\n]{1,60})(?:\*\*|__)(?!\w)")
_MATH = re.compile(r"\$(?P<dollar>[^$\n]{1,200})\$|\\\((?P<round>[^\n]{1,200}?)\\\)")
_JUDGEMENT = re.compile(r"(?:\*\*|__)(?:yes|no|true|false)(?:\*\*|__)$", re.IGNORECASE)
_TRAILING = re.compile(r"(?:,? [a-z ]{1,25})?")
_HAS_VALUE = re.compile(r"[0-9√π∞]|\\(?:frac|sqrt|pi|infty)")
_FORMULA = re.compile(r"[(^{+].")
_BOUND = re.compile(r"[<>≤≥≠]|\\(?:[lg]eq?|neq?)(?![a-z])")
_NAME = re.compile(r"[A-Z]|(?:the|an?) \w|(?:yes|no|true|false)$")

_ALONE_DISPLAY = re.compile(r"\$\$(?P<dollars>[^$]{1,300})\$\$|\\\[(?P<brackets>.{1,300}?)\\\]")
_ALONE = re.compile(
    rf"(?:[A-Za-z](?:_\w)? ?= ?|= ?|(?:the )?(?:(?:grand|overall|final) )?(?:total|sum)(?: [a-z]{{1,15}}){{0,3}}"
    rf"(?:: ?| = ))"
    rf"(?P<value>{_NUMBER}{_UNIT})",
    re.IGNORECASE,
)
_ANNOUNCES = re.compile(
    r"\b(?:is|are|equals|gives|yields|get|obtain|have|find|answer|result|solution|together|to)\b[^.]{0,30}:?$"
    r"|^\W*(?:therefore|thus|hence|so)\W*$",
    re.IGNORECASE,
)


def concluded_in(said: str) -> str | None:
    """Return the value or the option that the end of a reply concludes with, or None."""
    lines = _last_lines(said)
    if not lines or len(lines[-1]) >= _MAX_LINE_CHARS:
        return None
    told = _TOLD.fullmatch(lines[-1].rstrip(" ."))
    if told and _ASKED.match(said.lstrip(" *_")):
        return told["value"]
    if lines[-1][0] in "|`" or lines[-1].endswith(("```", "|")):
        return None
    before = lines[-2] if len(lines) > 1 else ""
    if alone := _alone(_ORNAMENT.sub("", lines[-1]), before):
        return alone
    is_listed = _LISTED.match(lines[-1]) is not None
    line = _ORNAMENT.sub("", _LAST_FAREWELL.sub("", lines[-1]))
    if line.startswith("**") and line.endswith("**") and line.count("**") == 2:
        line = _ORNAMENT.sub("", line.strip("*"))
    starts = [end.end() for end in _SENTENCE.finditer(line)]
    begins = starts[-1] if starts else 0
    sentence = _MARKS.sub("", line[begins:])
    if not sentence or len(sentence) > _MAX_SENTENCE_CHARS or _GOES_ON.search(sentence):
        return None
    label = line[starts[-2] if len(starts) > 1 else 0 : begins].rstrip()
    if label.endswith(":") and (
        _CONCLUDES_NOTHING.search(label.rstrip(":")) and not re.match(r"(?i)\W*step\b", label)
    ):
        return None
    is_marked = line.startswith(("∴", "⇒"))
    # Where other lines end in a period, a line that has none was cut.
    is_ended = len(line) < len(lines[-1].rstrip(" _"))
    may_end = is_ended or not before.endswith((".", "。"))
    named = line if label.endswith(":") and begins < _MAX_LABEL_CHARS else ""
    return (
        chosen_option(_without_lead(sentence)[0])
        or chosen_option(named)
        or _value(sentence, is_marked=is_marked, is_listed=is_listed, is_ended=is_ended, may_end=may_end)
    )


def _last_lines(said: str) -> list[str]:
    """Return the last lines that say something, a display formula as one; greetings and successful checks left out."""
    tail = said[-_MAX_TAIL_CHARS:].rstrip()
    lines = [stripped for line in tail.split("\n") if (stripped := line.strip())]
    for _ in range(_MAX_FAREWELLS):
        if len(lines) > 1 and lines[-1] not in {"$$", "\\]", "|"} and _FAREWELL.fullmatch(lines[-1][:400]):
            lines.pop()
    if lines and lines[-1] in {"$$", "\\]"}:
        opening = "$$" if lines[-1] == "$$" else "\\["
        at = next(
            (at for at in range(len(lines) - 2, max(-1, len(lines) - 8), -1) if lines[at] == opening), None
        )
        return [] if at is None else [*lines[:at], " ".join(lines[at:])]
    return lines


def _alone(line: str, before: str) -> str | None:
    """Return the value that a last line consists of."""
    announced = (
        before.endswith((":", "is", "get", "have", "obtain")) and _ANNOUNCES.search(before) is not None
    )
    announced = announced and not _CONCLUDES_NOTHING.search(before) and not _CONDITION.search(before)
    if display := _ALONE_DISPLAY.fullmatch(line):
        value = (display["dollars"] or display["brackets"]).strip(" .,")
        return (
            _last_side(value)
            if announced and len(_ASSIGNED.findall(value)) < 2 and "\\\\" not in value
            else None
        )
    plain = line.removeprefix("**").removesuffix("**").strip(" .") if line.startswith("**") else line
    if plain != line and "*" not in plain:
        is_plain = quick_key(plain) is not None and _HAS_VALUE.search(plain)
        if (
            (is_plain or announced or LETTER_ALONE.fullmatch(plain))
            and "=" not in plain
            and not plain.endswith(":")
        ):
            return plain
    found = _ALONE.fullmatch(plain)
    # `x = 3` above `y = 5` are two values; “where x = 3” is none.
    is_one = (
        found and not before.endswith(":") and not (_ASSIGNED.match(plain) and _other_name(before, plain))
    )
    return found["value"].strip() if found and is_one else None


def _other_name(before: str, line: str) -> bool:
    assigned = _ASSIGNED.match(before)
    return assigned is not None and assigned[0].strip() != line[: len(assigned[0])].strip()


def _without_lead(sentence: str) -> tuple[str, bool]:
    """Return the clause that concludes, and whether a word says that it does."""
    reason = _REASON_TAIL.search(sentence, 8)
    clause = sentence[: reason.start()] if reason else sentence
    inner = _INNER_CLAUSE.match(clause)
    if inner:
        return clause[inner.end() :], True
    lead = _LEAD.match(clause)
    return (clause[lead.end() :], True) if lead else (clause, False)


def _value(sentence: str, *, is_marked: bool, is_listed: bool, is_ended: bool, may_end: bool) -> str | None:
    """Return the value at the end of a sentence that draws a conclusion."""
    clause, is_led = _without_lead(sentence)
    if (
        _CONDITION.search(_ASIDE.sub(" ", sentence))
        or _CONCLUDES_NOTHING.search(_JUDGEMENT.sub("", clause))
        or _MUST.search(clause)
    ):
        return None
    if len(_ASSIGNED.findall(clause)) > 1:
        return None
    is_led = is_led or is_marked or _INNER_LEAD.search(clause) is not None
    bold = list(_BOLD.finditer(clause))
    if bold and _TRAILING.fullmatch(clause, bold[-1].end()):
        return _emphasised(clause, bold, is_led=is_led) if is_led or not is_listed else None
    if not (is_led or _COMES_TO.search(clause) or _WORKED_OUT.search(clause)):
        return None
    formulas = list(_MATH.finditer(clause))
    if formulas and _TRAILING.fullmatch(clause, formulas[-1].end()):
        return _formula(clause, formulas)
    return (_result(clause) if may_end else None) or (_plain(clause) if is_ended else None)


def _emphasised(clause: str, bold: list[re.Match[str]], *, is_led: bool) -> str | None:
    """Return what a clause sets in bold at its end: a value, or a name that it says something to be."""
    value = bold[-1]["value"].strip()
    value = value.strip('"“”')
    value = value.strip("$") if value.count("$") != 1 else value
    if len(bold) > 1:
        return None
    if _HAS_VALUE.search(value):
        return (
            None
            if _OR_MORE.search(clause[: bold[-1].start()].removesuffix("at ")) and not is_led
            else _last_side(value)
        )
    is_name = _IS.search(clause, 0, bold[-1].start()) and _NAME.match(value)
    return value if is_led and is_name and value.split()[0].casefold() not in NOT_VALUES else None


def _formula(clause: str, formulas: list[re.Match[str]]) -> str | None:
    """Return the value of the formula at the end of a clause."""
    before = clause[: formulas[-1].start()]
    value = next(each for each in formulas[-1].groups() if each is not None)
    if _OR_MORE.search(before) and not _IS.search(before):
        return None
    if _HAS_VALUE.search(value):
        return _last_side(value)
    return _last_side(value) if _IS.search(before) and _FORMULA.search(value) else None


def _result(clause: str) -> str | None:
    """Return what the last equation of a clause comes to."""
    found = _RESULT.search(clause)
    is_one = found is not None and not _TWO_VALUES.search(found["rest"])
    if found and _COEFFICIENT.search(found["value"]) and _ASSIGNED.search(clause):
        return None
    return found["value"].strip(" ,") if found and is_one and quick_key(found["value"]) is not None else None


def _plain(clause: str) -> str | None:
    """Return the number that a clause without an equation ends with; what might be one of two values is none."""
    found = _VALUE_END.search(clause)
    if found is None or re.search("[=≈]", clause) or quick_key(found["value"]) is None:
        return None
    before = clause[: found.start("value")]
    if _OR_MORE.search(before) and not re.search(
        r"\b(?:come|work|amount|evaluat|simplif|equal|add|boil|converg|bring)\w*(?: [a-z]{1,15}){0,3} to $",
        before,
    ):
        return None
    is_one = len(_ANY_NUMBER.findall(clause)) == 1 or _IS.search(before) is not None
    return found["value"].strip() if is_one else None


def _last_side(value: str) -> str | None:
    """Return `9` of `x = 9` and of `3 + 6 = 9`."""
    side = value if _BOUND.search(value) else value.rpartition("=")[2]
    return side.strip(" $.,") or None
