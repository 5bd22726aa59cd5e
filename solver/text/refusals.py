"""What stands in the place of an answer and is none: an echo of the instruction, or a refusal."""

import re

_MAX_CHARS = 400
_TEXT = re.compile(r"\\(?:text|mathrm|textbf) ?\{([^{}]*)\}")
_EMPTY_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*(?:\{\s*\}?\s*)?$")
_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*\{([^{}]*)\}")
_ECHO = re.compile(
    r"""
    [\s"'“”‘’`*<\[{(.…_?$\\!-]*
    | [\s"'“‘`*<\[{(]*(?:…|\.\.\.)[\s"'”’`*>\]})].*
    | [<\[{(]\s?(?:(?:your|final|insert|write|put|answer|number|value|result|expression|letter|choice|option)
      [^<>\[\]{}()\n]{0,60}|(?:an?|the)\ [^<>\[\]{}()\n]{1,60})[>\]})]\.?
    | (?:your|insert|write|put)\ (?:the\ |your\ )?(?:final\ )?(?:answer|value|number|result)[^\n]{0,60}
    | \$?answer\b[^\n]{0,80} | \\(?:[lc]?dots|underline\ ?\{\W*\}|square|Box)
    | \(?see\ (?:above|below)\)?\.? | (?:the\ )?final\ (?:answer|value|number|result)(?:\ here)?
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_REFUSAL = re.compile(
    r"""
    (?:unfortunately,?\ |apologies,?\ |sorry,?\ |i[’']?m\ (?:so\ |very\ )?sorry[,.]?\ )?(?:but\ )?
    (?: i\ (?:really\ |simply\ |just\ )?(?:can(?:no|['’])?t|cannot
              |could\ ?n[o'’]t|could\ not|do\ not|don['’]t|did\ not|didn['’]t
              |won['’]t|will\ not
              |give\ up|must\ decline|refuse|have\ no\ (?:idea|answer)|am\ (?:not\ (?:able|sure)|unable|unsure|sorry))
      | i['’]m\ (?:not\ (?:able|sure)|unable|unsure|sorry)
      | (?:i\ am\ )?(?:sorry|apologies)\b
      | as\ an?\ (?:ai|language\ model)
      | (?:unable|not\ able)\ to\ (?:answer|solve|determine|help|comply|find)
      | none\ (?:given|provided|found|available)[.!]?$
      | no\ (?:final\ )?answer(?:\ (?:found|given|available|provided|could\ be\ found))?[.!]?$
      | (?:we|one)\ (?:cannot|can['’]t)\ (?:answer|help|comply)
      | it\ is\ (?:not\ possible|impossible)\ to
        \ (?:answer|say|tell|(?:determine|find|give)\ (?:the|an)\ (?:\w+\ )?answer)
      | (?:n/a|tbd|unclear)[.!]?$
      | (?:not\ sure|unsure|don['’]t\ know|idk)[.!]?$
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_echo(value: str) -> bool:
    """Tell whether a text only stands for an answer: `…`, `[your answer]`, `$ANSWER`, an empty box."""
    plain = _BOX.sub(r"\1", _TEXT.sub(r"\1", value[: _MAX_CHARS + 1]))
    plain = _EMPTY_BOX.sub("", plain.strip().strip("$")).strip()
    return len(value) <= _MAX_CHARS and _ECHO.fullmatch(plain) is not None


def is_refusal(value: str) -> bool:
    """Tell whether a text says that its author gives no answer."""
    return _REFUSAL.match(value[:_MAX_CHARS].strip(" \t\r\n*_`\"'“”")) is not None
