"""Tells texts that look like arithmetic from arithmetic: dates, scores, ranges, telephone numbers, codes, formulas."""

import re

MAX_CHARS = 4_000

_DASH = r"[-\u2010-\u2015\u2212~]"
_FUNCTIONS = r"(?:sqrt|root|sinh?|cosh?|tanh?|cot|sec|csc|ln|exp|pi|frac|dfrac|tfrac|cbrt)"
_NO_UNIT = rf"(?:{_FUNCTIONS}|log|mod|choose|and|or|plus|minus|times|over)"
_WHOLE = re.compile(
    rf"""
      [0-9]+(?:\ ?{_DASH}+\ ?[0-9]+)+                              # a score, a range, a telephone number, a date
    | [-+]?[0-9][0-9.,]*\ ?(?:[^\W\d_]|[%°$€£])*\ ?[\u2010-\u2015~]\ ?[-+]?[0-9][0-9.,]*.*     # 3 cm – 5 cm
    | [0-9.]+\ to\ [0-9.]+.*
    | .*[0-9]\ ?[:∶]\ ?[0-9].*                                     # a time, a ratio
    | [0-9]{{1,4}}(?:[/.][0-9]{{1,4}}){{2,}}                             # a date, an address, a version
    | v(?:er(?:sion)?)?\.?\ ?[0-9].*                               # v1.2
    | .*[0-9]\.[0-9]+\.[0-9].*
    | .*(?<![0-9])[0-9]{{1,4}}-[0-9]{{1,4}}-[0-9]{{1,4}}(?![0-9]).*
    | \+?[0-9(][0-9() ]*[0-9)]\ ?[-/.]?\ ?[0-9]{{3,4}}(?:[-/. ][0-9]{{2,8}})+      # a telephone number
    | \+?\(?[0-9]{{1,5}}\)?(?:\ [0-9]{{1,8}})+                         # digits in groups
    | \(?[0-9]+\)?(?:_\{{?[0-9a-z]+\}}?)+                            # a numeral in another base
    | (?:.*[,;(\[{{]\ ?)?[0-9]+{_DASH}[0-9]+\ ?[,;)\]}}].* | .*[,;]\ ?[0-9]+{_DASH}[0-9]+[)\]}}]?
    | [-+]?[0-9][0-9.,]*\ ?(?:[kKMB]|bn|mn|tn)                        # 5k, of which nobody knows what it counts
    | [0-9]+(?:st|nd|rd|th)
    | [12][0-9]{{2}}0['’]?s                                           # a decade, no seconds
    | [-+]?[0-9]*\.[0-9]+\ ?(?:\.\.\.|…|\\l?dots)                       # goes on, nobody knows how
    | (?:[A-Z][a-z]?(?:_?\{{?[0-9]+\}}?)?)+[A-Z][a-z]?(?:_?\{{?[0-9]+\}}?)      # C_2H_6, CO_2
    | (?:[A-Z][a-z]?_\{{?[0-9]+\}}?)+[A-Z][a-z]?                        # H_2O
    | (?:\(?[A-Z][a-z]?(?:_?\{{?[0-9]+\}}?)?\)?){{1,20}}\^\ ?\{{?\ ?[0-9]?[-+]\ ?\}}?     # SO_4^{{2-}}
    | (?:[0-9.]{{1,9}}\ ?(?:[x×]|\\times)\ ?){{1,4}}[0-9.]{{1,9}}\ [A-Za-z]{{2,}}.*      # 2 × 3 matrix, 3 x 4 cm
    | [0-9]{{1,6}}\ ?(?:BCE?|B\.C\.(?:E\.?)?|B\.C)                   # before year 1
    | (?:[HNOF]|Cl|Br)_\{{?[23]\}}?                                  # O_2
    # 4 tbsp 2 tsp
    | [0-9]{{1,9}}(?:\.[0-9]+)?\ ?(?!{_NO_UNIT}(?![a-z]))[A-Za-z]{{2,12}}\.?,?\ [0-9]{{1,9}}(?:\.[0-9]+)?\ ?[A-Za-z]+.*
    | 0[xXbBoO][0-9a-fA-F]+ | \#[0-9a-fA-F]{{3,8}}
    | [0-9a-fA-F]*[0-9][0-9a-fA-F]*[hH]
    | .*://.* | .*@.*
    | .*[0-9]\ ?°\ ?[0-9NSEWnsew].*                                # a place on earth
    | [0-9]+\ ?['′]\ ?[0-9.]+\ ?(?:["″]|'')?                       # feet and inches
    """,
    re.VERBOSE | re.DOTALL,
)
# A letter with a digit right behind it (CO2, x2, R2D2), or a digit with a capital (1A, 2H): a name, not a product.
_CODE = re.compile(
    rf"(?<![\\A-Za-z])(?!{_FUNCTIONS}[0-9])[A-Za-z]+[0-9]|(?<![0-9\\A-Za-z^_{{])[0-9]+[A-Z](?![a-z]?\()"
)
_COMMAND = re.compile(r"\\[A-Za-z]+")
_SCIENTIFIC = re.compile(r"(?<![A-Za-z0-9.])[0-9]+(?:\.[0-9]*)?[eE](?=[+-]?[0-9])")


def is_lookalike(plain: str) -> bool:
    """Tell whether a text without wrappings is no arithmetic, though it has digits and signs."""
    if len(plain) > MAX_CHARS:
        return False
    if _WHOLE.fullmatch(plain):
        return True
    without = _COMMAND.sub(" ", _SCIENTIFIC.sub("1*", plain))
    return _CODE.search(without) is not None
