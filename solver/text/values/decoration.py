"""Takes signs of joy off an answer: ✅, 🎉, 👉; signs that may be the answer stay: ♠, ♂, ❸, 🍎."""

import re

_SIGNS = "✅✔✓☑🎉🎊🎯👉👈🏆💡🔥⭐🌟✨👍📌❗‼❓∎\U0001f600-\U0001f64f\ufe0f"
_AROUND = re.compile(rf"^[{_SIGNS}\s]{{1,12}}|[{_SIGNS}\s]{{1,12}}$")
# `🐢 Turtle` says it twice.
_PICTURE = re.compile(r"^[\U0001f300-\U0001faff\ufe0f]{1,4}\s+(?=[^\W\d_]{3})")


def without_decoration(text: str) -> str:
    """Return a text without such signs before and behind it; the text as it is where it has nothing else."""
    if text.isascii():
        return text.strip()
    return _AROUND.sub("", _PICTURE.sub("", text.strip())).strip() or text.strip()
