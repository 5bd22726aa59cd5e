"""The keys of answers that are one sign: Greek letters, the imaginary unit, `①`, `三`."""

import unicodedata

# As the judge's children name them.
_LETTERS = {"i": "i", "∆": "\\Delta"}
_LETTERS |= dict(
    zip(
        "αβγδεζηθκλμνξρστφχψωΓΔΘΛΞΣΦΨ",
        [
            *(
                "\\alpha",
                "\\beta",
                "\\gamma",
                "\\delta",
                "\\epsilon",
                "\\zeta",
                "\\eta",
                "\\theta",
                "\\kappa",
            ),
            *(
                "\\lambda",
                "\\mu",
                "\\nu",
                "\\xi",
                "\\rho",
                "\\sigma",
                "\\tau",
                "\\phi",
                "\\chi",
                "\\psi",
                "\\omega",
            ),
            *("\\Gamma", "\\Delta", "\\Theta", "\\Lambda", "\\Xi", "\\Sigma", "\\Phi", "\\Psi"),
        ],
        strict=True,
    )
)


def sign_alone(sign: str) -> str | None:
    """Return the key of a letter or a numeral that is one sign, or None: it is something else."""
    if sign in _LETTERS:
        return f"math:{_LETTERS[sign]}"
    if sign.isascii():
        return None
    number = unicodedata.numeric(sign, 0.5)
    return f"num:{int(number)}" if number == int(number) else None
