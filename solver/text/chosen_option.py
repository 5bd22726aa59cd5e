"""Reads which of the options A to H a sentence calls right or chooses."""

import re

LETTER_ALONE = re.compile(r"(?:option |choice )?[(\[]?(?P<letter>[A-H])[)\]]?", re.IGNORECASE)
"""A line or a phrase that consists of an option."""
_DOUBT = re.compile(
    r"\?|\b(?:not|never|neither|nor|unless|if|whether|maybe|perhaps|might|could|possibly|unsure|uncertain|suppose|assum\w+"
    r"|wrong|incorrect|however|although|though|but|except|or|both)\b|n['’]t\b",
    re.IGNORECASE,
)
_RIGHT = r"(?:correct|right|true|best|valid|most (?:accurate|appropriate|likely|suitable|plausible))"
_KIND = r"(?:option|choice|answer|statement|one)"
_LETTER = r"[(\[]?(?P<{}>[A-H])[)\]]?"
_SAID = re.compile(
    r"(?i:(?:of [^,]{1,60}, )?(?:only )?(?:the )?(?:(?:option|choice|answer|statement) )?)"
    + _LETTER.format("first")
    + rf"(?i: (?:is|must be|has to be) (?:therefore |thus |clearly |indeed |definitely )?(?:the )?(?:only )?"
    rf"(?:{_RIGHT}(?: {_KIND})?|answer)(?:(?:[,;:]| (?:because|since|as|for|here|in|among|of|[—–(-])).{{0,200}})?)"
)
_CHOSEN = re.compile(
    r"(?i:(?:(?:[^,]{1,80}, )?i(?: will|['’]ll|['’]d| would)? (?:choose|pick|select|go with|go for)"
    rf"|(?:the )?{_RIGHT} {_KIND} (?:is|must be)(?: therefore| thus| clearly)?"
    rf"|(?:my |the )?(?:final |correct |right |best |selected |chosen )?"
    rf"(?:choice|pick|selection|option):) (?:(?:option|choice) )?)"
    + _LETTER.format("last")
    + r"(?:[ ,:;].{0,200})?"
)
_ALONE = re.compile(r"(?:[(\[](?P<letter>[A-H])[)\]]|(?i:option|choice) [(\[]?(?P<named>[A-H])[)\]]?)")


def chosen_option(clause: str) -> str | None:
    """Return the letter of the option that a clause calls right, chooses, or consists of; None where it is in doubt."""
    plain = clause.replace("*", "").replace("_", "").strip()
    if _DOUBT.search(plain):
        return None
    for form in (_SAID, _CHOSEN, _ALONE):
        if found := form.fullmatch(plain):
            return next(each for each in found.groups() if each is not None)
    return None
