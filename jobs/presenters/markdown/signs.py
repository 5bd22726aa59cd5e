"""LaTeX as a line of text, where nothing sets maths: in titles, in lists, in emails."""

import re

_SIGNS = {
    "int": "∫", "sum": "∑", "prod": "∏", "infty": "∞", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠",
    "ne": "≠", "approx": "≈", "equiv": "≡", "cdot": "·", "times": "×", "pm": "±", "to": "→", "rightarrow": "→",
    "in": "∈", "notin": "∉", "subset": "⊂", "cup": "∪", "cap": "∩", "sqrt": "√", "partial": "∂", "nabla": "∇",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ",
    "theta": "θ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "dots": "…", "ldots": "…", "cdots": "⋯",
    "quad": " ", "pmod": "mod ", "bmod": "mod", "mid": "|", "forall": "∀", "exists": "∃", "circ": "∘", "degree": "°",
    "left": "", "right": "", "text": "", "mathrm": "", "mathbb": "", "displaystyle": "", "boxed": "",
}  # fmt: skip
_NAMES = frozenset(
    {"sin", "cos", "tan", "log", "ln", "exp", "lim", "max", "min", "det", "gcd", "deg", "dim", "ker"}
)
_ONE_TERM = re.compile(r"-?\\?\w+(?:\^(?:\w|\([^()]*\)))?")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}")
_RAISED = re.compile(r"(\^|_|\\sqrt)\{([^{}]{1,60})\}")
_GROUP = re.compile(r"\{([^{}]{0,60})\}")
_COMMAND = re.compile(r"\\([A-Za-z]{1,20})")
_DEEPEST = 4
# Braces that are shown stand as these while those that group are taken away.
_SHOWN_BRACES = {"\\{": "\ue000", "\\}": "\ue001"}


def in_signs(maths: str) -> str:
    """Return LaTeX as a line of text, as far as signs say it."""
    shown = _on_one_line(maths)
    shown = _COMMAND.sub(lambda found: _SIGNS.get(found[1], found[1] if found[1] in _NAMES else ""), shown)
    shown = re.sub(r"\\[,;:! ]", " ", shown)
    shown = _GROUP.sub(r"\1", re.sub(r"\\([%$#&_])", r"\1", shown))
    for brace, stand_in in _SHOWN_BRACES.items():
        shown = shown.replace(stand_in, brace[1])
    return " ".join(shown.split())


def is_said_by_signs(maths: str) -> bool:
    """Whether nothing of LaTeX is lost in signs."""
    names = _COMMAND.findall(_on_one_line(maths))
    return "\\\\" not in maths and all(name in _SIGNS or name in _NAMES for name in names)


def _on_one_line(maths: str) -> str:
    """Return LaTeX with slashes and brackets for fractions, roots and powers."""
    for brace, stand_in in _SHOWN_BRACES.items():
        maths = maths.replace(brace, stand_in)
    for _ in range(_DEEPEST):
        maths = _FRACTION.sub(lambda found: f"{_bracketed(found[1])}/{_bracketed(found[2])}", maths)
        maths = _RAISED.sub(lambda found: found[1].replace("\\sqrt", "√") + _bracketed(found[2]), maths)
    return maths


def _bracketed(term: str) -> str:
    """Return what stands in braces; what is more than one term, in brackets."""
    return term if _ONE_TERM.fullmatch(term) else f"({term})"
