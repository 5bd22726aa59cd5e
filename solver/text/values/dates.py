"""Reads dates that can be read in one way only, in many languages, and times of day.

`2 January 2024`, `Jan 2, 2024`, `2. Januar 2024`, `2024-01-02`, `2024年1月2日`; without a year `May 6`, without a day
`May 2020`; `3 PM`, `15:00`, `noon`. `01/02/2024` has no order and is not read.
"""

import datetime as dt
import re

from solver.text.values.month_names import MONTHS

_MAX_CHARS = 60
_LEAP_YEAR = 2024
_NUMERIC = re.compile(r"([12][0-9]{3})([-/])([01]?[0-9])\2([0-3]?[0-9])")
_CJK = re.compile(r"(?:([12][0-9]{3}) ?[年년] ?)?([01]?[0-9]) ?[月월](?: ?([0-3]?[0-9]) ?[日号號일])?")
_WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day,? |(?:on )?the |on ", re.IGNORECASE)
_YEAR = r"(?P<year>[12][0-9]{3})"
_DAY = r"(?P<day>[0-3]?[0-9])(?:st|nd|rd|th|er|º|ª|°)?\.?"
_MONTH = r"(?P<month>[^\W\d_]{3,12})\.?"
_OF = r"(?: (?:of|de|del|di|da)\b| )? ?"
_WRITTEN = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"{_DAY}{_OF}{_MONTH}(?:,?(?: (?:of|de|del|di|da|г))? {_YEAR}(?: г\.?| год[а]?)?)?",
        rf"{_MONTH} {_DAY}(?:,? {_YEAR})?",
        rf"{_MONTH},?(?: (?:of|de|del|di|da))? {_YEAR}",
        rf"{_YEAR},? {_MONTH}(?: {_DAY})?",
    )
)
_TIME = re.compile(r"([01]?[0-9])(?:[:.]([0-5][0-9]))? ?([ap])\.?m\.?", re.IGNORECASE)
_CLOCK = re.compile(r"(1[3-9]|2[0-3]|0[0-9]):([0-5][0-9])(?: ?(?:h|hrs|hours|o'clock))?")
_NAMED_TIMES = {"noon": "time:12:00", "midday": "time:12:00", "midnight": "time:00:00"}


def date_of(plain: str) -> str | None:
    """Return the key of a date or a time: `date:2024-01-02`, `date:05-06`, `date:2020-05`, `time:15:00`. Else None."""
    if len(plain) > _MAX_CHARS:
        return None
    return _time_of(plain) or _day_of(plain)


def _time_of(plain: str) -> str | None:
    if found := _TIME.fullmatch(plain):
        hour = int(found[1])
        if not 1 <= hour <= 12:
            return None
        return f"time:{hour % 12 + (12 if found[3].casefold() == 'p' else 0):02}:{found[2] or '00'}"
    if found := _CLOCK.fullmatch(plain):
        return f"time:{found[1]}:{found[2]}"
    return _NAMED_TIMES.get(plain.casefold())


def _day_of(plain: str) -> str | None:
    if found := _NUMERIC.fullmatch(plain):
        return _key(int(found[1]), int(found[3]), int(found[4]))
    if found := _CJK.fullmatch(plain):
        return _key(int(found[1] or 0), int(found[2]), int(found[3] or 0))
    words = _WEEKDAY.sub("", plain)
    for form in _WRITTEN:
        found = form.fullmatch(words)
        month = MONTHS.get(found["month"].casefold()) if found else None
        if found and month:
            parts = found.groupdict()
            return _key(int(parts["year"] or 0), month, int(parts.get("day") or 0))
    return None


def _key(year: int, month: int, day: int) -> str | None:
    """Return the key of a date of which year or day may be missing (0); None where there is no such day."""
    if not year and not day:
        return None
    try:
        dt.date(year or _LEAP_YEAR, month, day or 1)
    except ValueError:
        return None
    return "date:" + "-".join([f"{year:04}"] * bool(year) + [f"{month:02}"] + [f"{day:02}"] * bool(day))
