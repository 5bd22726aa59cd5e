"""Reads dates that can be read in one way only: `2 January 2024`, `Jan 2, 2024`, `2024-01-02`; and times with am or pm.

dateutil reads what the grammar here let through; it would guess the order of `01/02/2024`.
"""

import datetime as dt
import re

from dateutil import parser

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"[0-3]?[0-9](?:st|nd|rd|th)?"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
_DATE = re.compile(
    rf"{_WEEKDAY}(?:(?:the )?{_DAY}(?: of)? {_MONTH},? [12][0-9]{{3}}|{_MONTH} {_DAY},? [12][0-9]{{3}}"
    rf"|[12][0-9]{{3}}[-/][01][0-9][-/][0-3][0-9]|[12][0-9]{{3}},? {_MONTH} {_DAY})",
    re.IGNORECASE,
)
_TIME = re.compile(r"([01]?[0-9])(?:[:.]([0-5][0-9]))? ?([ap])\.?m\.?", re.IGNORECASE)
_CLOCK = re.compile(r"(1[3-9]|2[0-3]):([0-5][0-9])(?: ?(?:h|hrs|hours|o'clock))?")


def date_of(plain: str) -> str | None:
    """Return the key of a date (`date:2024-01-02`) or of a time of day (`time:15:00`), None where it is neither."""
    if len(plain) > 40:
        return None
    if found := _TIME.fullmatch(plain):
        hour = int(found[1])
        if not 1 <= hour <= 12:
            return None
        return f"time:{hour % 12 + (12 if found[3].casefold() == 'p' else 0):02}:{found[2] or '00'}"
    if found := _CLOCK.fullmatch(plain):
        return f"time:{found[1]}:{found[2]}"
    if not _DATE.fullmatch(plain):
        return None
    try:
        # What is missing is taken from the first day of the calendar: nothing is, the grammar saw to it.
        words = re.sub(r"\b(?:the|of)\b", "", plain, flags=re.IGNORECASE)
        day = parser.parse(words, default=dt.datetime(1, 1, 1, tzinfo=dt.UTC))
    except (ValueError, OverflowError):
        return None
    return f"date:{day:%Y-%m-%d}"
