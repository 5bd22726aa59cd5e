"""The names of units: which of them are the same unit. Nothing is converted here."""

import re

from solver.text.values.month_names import MONTHS
from solver.text.values.number_words import multiplier_of, value_in_words

_ALIASES = """
m meter metre; km kilometer kilometre; cm centimeter centimetre; mm millimeter millimetre; dm decimeter decimetre
µm micrometer micrometre micron um; nm nanometer nanometre
in inch inches; ft foot feet; yd yard; mi mile; nmi nautical_mile; ly light-year lightyear
g gram gramme gm; kg kilogram kilogramme kilo; mg milligram milligramme; µg microgram ug mcg; t ton tonne
lb lbs pound-mass; oz ounce; st stone
s sec second; ms millisecond msec; µs microsecond us; ns nanosecond; min minute mins; h hr hour hrs; d day; wk week
mo month; yr year yrs
l liter litre; ml milliliter millilitre; cl centiliter centilitre; gal gallon; qt quart; pt pint; cc
n newton; kn kilonewton; j joule; kj kilojoule; mj megajoule; cal calorie; kcal kilocalorie; ev electronvolt
kwh kilowatt-hour kilowatt_hour; wh watt-hour watt_hour; mwh megawatt-hour megawatt_hour; beat/min bpm
tbsp tablespoon; tsp teaspoon; pp percentage_point
w watt; kw kilowatt; mw; v volt; kv kilovolt; mv millivolt; a amp ampere; ma milliamp milliampere
Ω ohm ohms; kΩ kiloohm; f farad; c coulomb; hz hertz; khz kilohertz; mhz megahertz; ghz gigahertz
pa pascal; kpa kilopascal; bar; atm atmosphere; k kelvin; °c celsius degrees_celsius degree_celsius centigrade
°f fahrenheit degrees_fahrenheit degree_fahrenheit; deg ° degree; rad radian; mol mole; kmol
bit; byte; kb kilobyte; mb megabyte; gb gigabyte; tb terabyte; mi/h mph; m/s mps; km/h kmh kph
dollar usd us$ us-dollar buck; euro eur; pound gbp pound-sterling pounds_sterling quid; yen jpy; rupee inr rs
cent ¢; penny pence pennies; franc chf; yuan cny rmb; percent pct; ad ce a.d
people person persons; child children; man men; woman women; mouse mice; goose geese; die dice
"""
_OF: dict[str, str] = {
    alias: names[0]
    for group in re.split(r"[;\n]", _ALIASES)
    if (names := [each.replace("_", " ") for each in group.split()])
    for alias in names
}
# Where a capital makes another unit of it.
_EXACT = {"mW": "mW", "mM": "mM", "nM": "nM", "µM": "µM", "MW": "MW", "mJ": "mJ", "MJ": "MJ", "mV": "mv",
"MV": "MV", "mA": "ma", "MA": "MA",
"kB": "kb", "Mb": "Mb",
          "Gb": "Gb", "mb": "mbar", "M": "molar", "G": "G", "T": "tesla", "B": "byte", "mHz": "mHz", "Pa": "pa",
          "S": "siemens",
          "H": "henry", "mPa": "mPa", "MPa": "MPa", "mg": "mg", "Mg": "Mg", "mm": "mm", "Mm": "Mm", "ms": "ms",
          "Ms": "Ms",
          "D": "debye", "dL": "dl", "Cal": "kcal", "K": "k", "Nm": "n m", "nm": "nm", "N": "n", "eV": "ev",
          "Da": "dalton"}  # fmt: skip
CURRENCIES = {
    "$": "dollar",
    "€": "euro",
    "£": "pound",
    "¥": "yen",
    "₹": "rupee",
    "₩": "won",
    "₽": "ruble",
    "¢": "cent",
}

SHORT = frozenset("mgshLlNJWKVCFATtdΩ°")
"""Units of one letter; other letters behind a number are variables."""

_NO_UNITS = frozenset(
    """
    and or to plus minus times over squared cubed factorial half halves third thirds quarter quarters fourth fourths
    fifth fifths sixth sixths seventh sevenths eighth eighths ninth ninths tenth tenths hundredth hundredths thousandth
    thousandths millionth millionths billionth score gross couple k bn mn tn mod modulo base is are was not less more
    fewer than at least most if out point negative positive binary hex hexadecimal octal decimal am pm a.m p.m st nd rd
    th from but then else divided multiplied by power root sqrt sin cos tan ln log exp pi theta alpha beta infinity
    hundred hundreds thousand thousands million millions billion billions trillion trillions dozen dozens lakh crore
    pair pairs percentage quadrillion maybe possibly approximately about because since so which that where when
    rounded otherwise unless except per below under above beneath beyond zero fold times prime inverse conjugate mil
    mille thou bil past bce bc myriad zillion googol couples remainder wrong incorrect impossible fails cannot does
    und oder mehr weniger mal halb halbe ein eine och eller más menos por media medio mais meia meio demi demie mezzo
    mezza half или минус плюс половиной ohne sans sin con med mit inte nicht non pas vezes fois veces volte keer gånger
    """.split()  # noqa: SIM905  # a list of words reads best as text
)
_SUFFIX = re.compile(r"\^?\{?([23])\}?$")
_FACTOR = re.compile(r"(?:[^\W\d_]|[°$€£¥₹¢-])+")
# Large numbers in any language: octillion, Milliarde, billionths.
_SCALE = re.compile(
    r"[^\W\d_]{0,12}?(?:ill?i(?:on|ard|oon|ón)|iljo(?:e)?n|iljard|ilh(?:ão|õe)|illone|ilyon)[^\W\d_]{0,4}"
)
_CJK_SCALE = re.compile("[十百千万萬亿億兆半割分倍点點多余餘幾几數数第백천만억조반]")
_NEGATIVE_POWER = re.compile(r"[ *]([^\W\d_]{1,12}|°)\^?\{?[-−]([1-3])\}?(?=$|[ *])")


def canonical_unit(text: str, *, spaced: bool) -> str | None:
    """Return one name for a unit (`centimeters` and `cm` → `cm`), or None where the text is none.

    `spaced`: a blank stands between number and unit, so that any noun may be one; else only known units are.
    """
    words = text.replace("μ", "µ").replace("·", "*").replace("\u22c5", "*").strip(" .")
    words = re.sub(r" per ", "/", words.replace("\u2126", "Ω").replace("\\Omega", "Ω"))
    # `m s^{-1}` is m/s.
    words = _NEGATIVE_POWER.sub(
        lambda found: f"/{found[1]}" + (f"^{found[2]}" if found[2] != "1" else ""), words
    )
    if not words or len(words) > 40:
        return None
    parts = [_product(part, spaced=spaced) for part in words.split("/")]
    return None if any(part is None for part in parts) else "/".join(part or "" for part in parts)


def _product(text: str, *, spaced: bool) -> str | None:
    plain = text.strip()
    if plain.casefold().removesuffix("s") in _OF or plain.casefold() in _OF:
        return _single(plain, spaced=spaced)
    words = plain.replace("*", " ").replace("°", "° ").split()
    if words and words[0] in {"°", "deg", "degree", "degrees"} and len(words) > 1:
        scale = words[1].casefold()
        return (
            {"c": "°c", "celsius": "°c", "f": "°f", "fahrenheit": "°f"}.get(scale)
            if len(words) == 2
            else None
        )
    # `12 December` is a day.
    if not words or len(words) > 4 or words[0].casefold() in MONTHS:
        return None
    power = {"square": "^2", "sq": "^2", "cubic": "^3", "cu": "^3"}.get(words[0].casefold().rstrip("."), "")
    if power and len(words) > 1:
        words = words[1:]
    elif words[-1].casefold() in {"squared", "cubed"} and len(words) > 1:
        power = "^2" if words.pop().casefold() == "squared" else "^3"
    named = [_single(word, spaced=spaced) for word in words]
    return None if any(name is None for name in named) else " ".join(name or "" for name in named) + power


def _single(word: str, *, spaced: bool) -> str | None:
    suffix = _SUFFIX.search(word)
    body = word[: suffix.start()] if suffix else word
    power = f"^{suffix[1]}" if suffix else ""
    # `1A` and `3D` are codes, `12V` is a voltage.
    if not spaced and len(body) == 1 and body.isupper() and body not in "VWLNJ":
        return None
    if body in _EXACT:
        return _EXACT[body] + power
    if body in CURRENCIES:
        return CURRENCIES[body] + power
    folded = body.casefold().replace("ω", "Ω").replace("μ", "µ")
    for tried in (folded, folded.removesuffix("s"), folded.removesuffix("es")):
        if tried in _OF and (len(body) > 1 or body in SHORT):
            return _OF[tried] + power
    if not spaced or len(folded) < (3 if folded.isascii() else 1) or not _FACTOR.fullmatch(body):
        return None
    if folded in _NO_UNITS or multiplier_of(folded) or _SCALE.fullmatch(folded) or _CJK_SCALE.search(folded):
        return None
    if value_in_words(folded) is not None:
        return None
    single = folded[:-1] if folded.endswith("s") and not folded.endswith("ss") and len(folded) > 3 else folded
    return single + power
