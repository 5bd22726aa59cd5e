"""Reads numbers that are written in words: `forty-two`, `seven and a half`, `two thirds`, `1.5 million`."""

import re
from fractions import Fraction

_MAX_WORDS = 14
_SMALL = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]  # a list of words reads best as text
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)  # noqa: SIM905
}
_GROUPS = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
# What only one language writes so, or all write alike: `billion` is left to English, `mil` to nobody.
_ABROAD = {
    10**3: "tausend tsd mila duizend tusen tusind tisíc tysiąc tysiące tysięcy tys grand ribu 千 천"
    " тысяча тысячи тысяч тыс тисяч",
    10
    ** 6: "millionen millones millón milhões milhão milioni milione miljoen miljoner milion miliony milionów milyon mio"
    " mln миллион миллиона миллионов млн juta 百万 百萬 백만",
    10
    ** 9: "milliarde milliarden milliard miliardo miliardi miljard miljarder miliard miliardy miliardów milyar mrd"
    " миллиард миллиарда миллиардов млрд 十亿 十億",
    10**12: "billionen billones",
    10**4: "万 萬 만",
    10**8: "亿 億 억",
    12: "dutzend douzaine docena dúzia dozzina dozzine dozijn dussin tuzin дюжина дюжины дюжин",
}
MULTIPLIERS = {
    "hundred": 100, **_GROUPS, "dozen": 12, "lakh": 10**5, "lac": 10**5, "crore": 10**7,
    **{word: factor for factor, words in _ABROAD.items() for word in words.split()},
}  # fmt: skip
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
_TOKEN = re.compile(r"[a-z]+")


def multiplier_of(word: str) -> int | None:
    """Return the thousand of `thousand` or `thousands`."""
    plain = word.casefold().rstrip(".")
    return MULTIPLIERS.get(plain) or MULTIPLIERS.get(plain.removesuffix("s"))


def fraction_of(words: str) -> Fraction | None:
    """Return the ½ of `a half`, `one half` or `half`, the ¾ of `three quarters`."""
    parts = words.casefold().replace("-", " ").split()
    if not 1 <= len(parts) <= 2:
        return None
    below = _PARTS.get(parts[-1]) or _PARTS.get(parts[-1].removesuffix("s"))
    above = 1 if len(parts) == 1 or parts[0] in {"a", "an"} else _SMALL.get(parts[0])
    if below is None or above is None or (len(parts) == 1 and parts[0] != "half"):
        return None
    return Fraction(above, below)


def value_in_words(text: str) -> Fraction | None:
    """Return the value of a text that is a number in words and nothing else, or None."""
    folded = text.casefold().strip()
    if not folded[:1].isalpha() or len(folded) > 120:
        return None
    sign = 1
    for word in ("minus ", "negative "):
        if folded.startswith(word):
            folded, sign = folded.removeprefix(word), -1
    head, joined, tail = folded.rpartition(" and ")
    part = fraction_of(tail) if joined else None
    if part is not None:
        whole = _whole(head)
        return None if whole is None else sign * (whole + part)
    of_group = re.fullmatch(r"half (?:a|an) ([a-z]+)", folded)
    if of_group and (factor := multiplier_of(of_group[1])):
        return Fraction(sign * factor, 2)
    whole_words, point, digits = folded.partition(" point ")
    if point:
        whole, after = _whole(whole_words), [_SMALL.get(word, 10) for word in digits.split()]
        said = whole is not None and 0 < len(after) <= _MAX_WORDS and max(after) < 10
        return sign * Fraction(f"{whole}.{''.join(map(str, after))}") if said else None
    value = fraction_of(folded)
    if value is None:
        whole = _whole(folded)
        value = None if whole is None else Fraction(whole)
    return None if value is None else sign * value


def _whole(text: str) -> int | None:
    """Return the value of `two hundred and forty-two thousand and six`."""
    words = text.replace("-", " ").split()
    if not words or len(words) > _MAX_WORDS or not all(_TOKEN.fullmatch(word) for word in words):
        return None
    if words[0] == "a" and len(words) > 1:
        words[0] = "one"
    total, group, last = 0, 0, "start"
    for word in words:
        if word in _SMALL:
            fits = last in {"start", "group", "hundred", "and"} or (last == "tens" and 0 < _SMALL[word] < 10)
            group, kind = group + _SMALL[word], "small"
        elif word in _TENS:
            fits, kind = last in {"start", "group", "hundred", "and"}, "tens"
            group += _TENS[word]
        elif word == "hundred":
            fits, kind = last == "small" and 0 < group < 100, "hundred"
            group *= 100
        elif word == "dozen":
            fits, kind = last in {"small", "tens"} and total == 0, "end"
            group *= 12
        elif word in _GROUPS:
            fits, kind = (
                last in {"small", "tens", "hundred"} and (total == 0 or total % _GROUPS[word] == 0),
                "group",
            )
            total, group = total + group * _GROUPS[word], 0
        else:
            fits, kind = word == "and" and last in {"hundred", "group"}, "and"
        if not fits:
            return None
        last = kind
    return total + group if last != "and" else None
