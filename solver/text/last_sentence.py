"""Reads what the last sentence of a reply concludes, where nothing in it is called the answer.

“Therefore, x = 9.”, “That makes 36 in all.”, “Option C is correct.”: a value at the end of a sentence that draws a
conclusion, or an option that it calls right. Doubts, conditions, denials, questions, ranges and plans conclude nothing.
Linear in the reply's last line.
"""

import re

from solver.text.keys import quick_key

_MAX_LINE_CHARS = 800
_MAX_SENTENCE_CHARS = 320
_MARKS = re.compile(r"^(?:[-*•>#]{1,6} |[0-9]{1,2}[.)] |∴ ?|⇒ ?|→ ?|\*\*|__)+")
_SENTENCE = re.compile(r"(?<!\b[DMS][rt])(?<!\bNo)[.!?。:;](?=[\s*_\"'”)])\s*[*_\"'”)]{0,4}\s*")
_LEAD = re.compile(
    r"(?:and |but |now,? )?(?:therefore|thus|hence|so|consequently|accordingly|ergo|in conclusion|to conclude|finally"
    r"|overall|altogether|all in all|in total|in all|it follows that|we conclude|i conclude|(?:this|that|which) means"
    r"|also|daher|somit|folglich|deshalb|insgesamt|donc|ainsi|par conséquent|au total|por (?:lo )?tanto|así que|en total"
    r"|quindi|dunque|pertanto|perciò|in totale|portanto|logo|então|assim|dus|daarom|alltså|altså|więc|zatem|tedy)\b,? ",
    re.IGNORECASE,
)
_INNER_LEAD = re.compile(r"\b(?:is|are|equals|be) (?:therefore|thus|hence|then)\b", re.IGNORECASE)
_COMES_TO = re.compile(
    r"\b(?:comes? (?:out )?(?:to|as|at|to be)|works? out (?:to|as|at|to be)|amounts? to|adds? up to|boils? down to|totals"
    r"|equals?|(?:that|this|it|which) (?:makes|leaves|gives)(?: (?:us|you|me))?|turns? out to be"
    r"|(?:final|total|overall) [a-z ]{1,40}(?:is|are|of))\s(?:[^.]|\.[0-9]){0,80}$",
    re.IGNORECASE,
)
_CONCLUDES_NOTHING = re.compile(
    r"\?|\b(?:not|never|cannot|nothing|neither|nor|unless|if|whether|when|maybe|perhaps|might|may|could|possibly|unsure"
    r"|uncertain|assum\w+|suppose|supposing|let|should|would|guess|try|next|step|check(?:ing)?|verif\w+|example|e\.g|note"
    r"|hint|recall|remember|between|at least|at most|more than|less than|fewer than|greater than|up to|or|either"
    r"|wrong|incorrect|mistake|error|contradict\w*|impossible|however|although|though|but|except|need(?:s|ed)? to"
    r"|have to|has to|must|want|case|question|option|how|what|why|nicht|pas|nunca|nie)\b|n['’]t\b|\.\.\.|…",
    re.IGNORECASE,
)
_NO_CHOICE = re.compile(
    r"\?|\b(?:not|never|neither|nor|unless|if|whether|maybe|perhaps|might|could|possibly|unsure|uncertain|suppose|assum\w+"
    r"|wrong|incorrect|however|although|though|but|except|or|both)\b|n['’]t\b",
    re.IGNORECASE,
)
_RIGHT = r"(?:correct|right|true|best|valid|most (?:accurate|appropriate|likely|suitable|plausible))"
_OPTION = re.compile(
    rf"(?:the )?(?:(?:option|choice|answer|statement) )?[(\[]?(?P<first>[A-H])[)\]]? (?:is|must be|has to be) "
    rf"(?:therefore |thus |clearly |indeed |definitely )?(?:the )?(?:only )?{_RIGHT}\b.{{0,200}}"
    r"|(?:i(?: will|['’]ll|['’]d| would)? (?:choose|pick|select|go with|go for)"
    rf"|(?:the )?{_RIGHT} (?:answer|option|choice|one|statement) (?:is|must be)(?: therefore| thus| clearly)?) "
    r"(?:(?:option|choice) )?[(\[]?(?P<last>[A-H])[)\]]?(?:[ ,:;].{0,200})?",
)
_SMALL_START = re.compile(r"^(?:The|I|Option|Choice|Answer|Statement)\b")
_NUMBER = r"[-+−]?(?:[$€£¥] ?)?[-−]?[0-9][0-9,]*(?:\.[0-9]+)?(?: ?/ ?[0-9]+(?![0-9./]))?"
_NO_UNIT = r"(?:an?|per|each|every|on|in|for|of|after|at|by|to|left|more|total|all)"
_UNIT = (
    r"(?:(?: (?:hundred|thousand|million|billion|trillion|dozen))?"
    rf"(?: ?[%°℃]|(?: |(?<=[0-9]))(?!{_NO_UNIT}\b)[^\W\d_]{{1,14}}[²³]?(?:/[a-z]{{1,6}})?)?)"
)
_VALUE_END = re.compile(rf"(?:^|[\s≈(:])(?P<value>{_NUMBER}{_UNIT})(?:{_UNIT})(?: [a-z]{{1,15}}){{0,2}}$")
# What an equation comes to: `x` of `120/6 = x apples a day`.
_RESULT = re.compile(rf"[=≈] ?(?P<value>{_NUMBER}{_UNIT})(?![\d(*/^])(?P<rest>[^=≈]{{0,160}})$")
_WORKED_OUT = re.compile(r"[0-9)%][^=≈.]{0,60}[-+*/×÷·−] ?[$€£¥(]?[0-9.,]+\)?[^=≈+*/×÷]{0,40}[=≈]")
_ANY_NUMBER = re.compile(r"(?<![\w.,])[$€£¥]?[-−]?[0-9][0-9,./]*")
_GOES_ON = re.compile(
    r"(?:[,;:+/=-]|(?<!\*)\*|\b(?:then|and|so|which|where|the|an?|of|to|with|by|for))$", re.IGNORECASE
)
_ASKED = re.compile(r"(?:Q|Question)[:.] ", re.IGNORECASE)
_TOLD = re.compile(r"\**A[:.]\** {0,2}(?P<value>\S.{0,59})")

_BOLD_END = re.compile(r"(?:\*\*|__)(?P<value>[^*_\n]{1,60})(?:\*\*|__)(?:,? [a-z ]{1,25})?$")
_MATH_END = re.compile(
    r"(?:\$(?P<dollar>[^$\n]{1,200})\$|\\\((?P<round>[^\n]{1,200}?)\\\))(?: [a-z]{1,15}){0,2}$"
)
_HAS_VALUE = re.compile(r"[0-9√π∞]|\\(?:frac|sqrt|pi|infty)")


def concluded_in(said: str) -> str | None:
    """Return the value or the option that the last sentence of a reply concludes with, or None."""
    tail = said[-_MAX_LINE_CHARS:].rstrip()
    line = tail.rpartition("\n")[2].strip()
    if not line or line[0] in "|`" or line.endswith(("```", "|")) or len(line) >= _MAX_LINE_CHARS:
        return None
    line = line.rstrip(" .!。")
    starts = [end.end() for end in _SENTENCE.finditer(line)]
    sentence = _MARKS.sub("", line[starts[-1] if starts else 0 :])
    if not sentence or len(sentence) > _MAX_SENTENCE_CHARS or _GOES_ON.search(sentence):
        return None
    told = _TOLD.fullmatch(line)
    if told and _ASKED.match(said.lstrip(" *")):
        return told["value"]
    return _option(sentence) or _value(sentence, line)


def _option(sentence: str) -> str | None:
    """Return the letter of the option that a sentence calls right."""
    plain = sentence.replace("*", "").replace("_", "")
    plain = _LEAD.sub("", plain, count=1) if _LEAD.match(plain) else plain
    if _NO_CHOICE.search(plain):
        return None
    plain = _SMALL_START.sub(lambda found: found[0] if found[0] == "I" else found[0].lower(), plain)
    found = _OPTION.fullmatch(plain.replace("I ", "i ", 1).replace("I’", "i’", 1).replace("I'", "i'", 1))
    return (found["first"] or found["last"]) if found else None


def _value(sentence: str, line: str) -> str | None:
    """Return the value at the end of a sentence that draws a conclusion."""
    lead = _LEAD.match(sentence)
    said = sentence[lead.end() :] if lead else sentence
    if _CONCLUDES_NOTHING.search(said) or not (
        lead
        or line.startswith(("∴", "⇒"))
        or _INNER_LEAD.search(said)
        or _COMES_TO.search(said)
        or _WORKED_OUT.search(said)
    ):
        return None
    for form in (_BOLD_END, _MATH_END, _RESULT, _VALUE_END):
        if found := form.search(said):
            value = next(each for each in found.groups() if each is not None)
            # “It costs $5 for 3 apples” names two values.
            is_clear = form in {_BOLD_END, _MATH_END} or quick_key(value) is not None
            is_clear = is_clear and (form is not _VALUE_END or len(_ANY_NUMBER.findall(said)) == 1)
            return _last_side(value) if is_clear and _HAS_VALUE.search(value) else None
    return None


def _last_side(value: str) -> str | None:
    """Return `9` of `x = 9` and of `3 + 6 = 9`."""
    side = value.rpartition("=")[2] if not re.search(r"[<>≤≥≠]|\\[lgn]eq?(?![a-z])", value) else value
    return side.strip(" $") or None
