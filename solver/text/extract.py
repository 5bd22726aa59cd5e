r"""Finds the final answer in a model's reply.

Everything here runs inside the worker, on text that a model or a stranger wrote: each function takes time linear in
its input and computes nothing larger than its input.

What a reply claims last is its answer: `\boxed{…}`, a line `Answer: …`, `<answer>…</answer>`, `#### …`, or a sentence
“the answer is …”. A claim that only echoes the instruction (`Answer: …`) is none. Without a claim it is what the last
sentence concludes.
"""

import re
from collections import deque
from collections.abc import Sequence

from solver.text.blocks import block_after, braced
from solver.text.control_tokens import without_control_tokens
from solver.text.keys import quick_key
from solver.text.languages import (
    ANSWER_WORDS,
    CJK_ANSWER_WORDS,
    CJK_IS_WORDS,
    FINAL_WORDS,
    IS_WORDS,
    LEAD_WORDS,
    NOT_VALUES,
    RESULT_WORDS,
)
from solver.text.last_sentence import concluded_in
from solver.text.refusals import is_echo, is_refusal
from solver.text.thoughts import without_thoughts
from solver.text.value_marks import (
    json_value,
    without_closing_tag,
    without_invisible,
    without_marks,
)

_MAX_CLAIMS = 60
_MAX_VALUE_CHARS = 20_000
_MAX_LEAD_CHARS = 160
_MAX_PARAGRAPH_CHARS = 400
_OPENING = "*_`\"'“„‘«([ \t"

_SURROGATE = re.compile("[\ud800-\udfff]")


def _any_of(words: Sequence[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_IN_BRACKETS = (
    r"(?:[ *_`]{0,4}[(\[][^()\[\]\n]{1,40}[)\]]|[ ](?:in|to)[ ][^:=\n]{1,30}(?=[:=\uff1a])"
    r"|[ ](?:to|of|for)[ ](?:the|this|your|our|that|part)[ ][^:=.,\n]{1,30}?(?=[ ](?:is|equals)[ ]|[:=\uff1a]))?"
)
_SUFFIXES = "finale?|finală|correcta|correta|corretta|correcte|exacta|exacte|definitiva|définitive"
# A hyphen between spaces announces a value (“Answer - 42”), not a remark (“the answer - as we saw - is 42”).
_HYPHEN = r"(?<=[ ])-(?=[ ]{1,4}[-+±$€£\\*_`(\[{0-9])"
_STRESS = "b|strong|em|i|u|p|h[1-6]"
_SIGN = rf"[ *_`\"'”}}]{{0,6}}(?:</(?:{_STRESS})>[ ]?)?(?:[:\uff1a](?!:)|={{1,2}}>?|[-–—]>|→|⇒|≈|[—–](?=\s)|{_HYPHEN})"
# Searched in small letters: that takes a tenth of the time of a search that ignores case.
_CLAIM = re.compile(
    rf"""
    (?P<box>\\(?:boxed|fbox|framebox)(?![a-z]))
    | (?P<tag><(?:final[_ ]?)?answer>|<final>|<\|begin_of_box\|>
        |\[(?:final[_ ]?)?answer\](?=[^\[\n]{{1,400}}\[/(?:final[_ ]?)?answer\]))
    | (?P<json>(?<=[{{,\s])"(?:final[_ ]?)?answer"[ ]?:)
    | ^[ \t]{{0,3}}(?P<hashes>\#\#\#\#)(?:[ \t]|(?=[-0-9$\\]))
    | (?<![^\W_])(?P<word>(?:(?:{_any_of(FINAL_WORDS)})[ ])?
                         (?:{_any_of(ANSWER_WORDS)}|(?P<result>{_any_of(RESULT_WORDS)}))(?!\w)(?:[ ](?:{_SUFFIXES}))?)
      {_IN_BRACKETS}
      (?:(?P<sign>{_SIGN})|(?P<is>(?:,[ ][a-z]{{2,12}}(?:[ ][a-z]{{2,12}}){{0,2}},)?
                            [ *_`]{{1,4}}(?:{_any_of(IS_WORDS)})(?![\w'’])[ *_`]{{0,4}}(?::|=)?)
         |(?P<end>[ *_`:]{{0,8}}$)|(?P<stop>(?<=ans)\.(?=[ ][-+$\\0-9a-z(])))
    | (?P<cjk>(?:{_any_of(CJK_ANSWER_WORDS)})
              (?:[ *_`]{{0,4}}(?:[:\uff1a=]|[】\]][:\uff1a]?)|(?:{_any_of(CJK_IS_WORDS)})[:\uff1a]?))
    """,
    re.MULTILINE | re.VERBOSE,
)
_SENTENCE_END = re.compile(r"(?<!\b[DMS][rt])(?<!\bMrs)(?<!\bProf)[.!?。](?=[\s*_\"'”)]|$)(?!\s?\.)")
_LAST_SENTENCE = re.compile(r".*(?:[.!?;:。，][\s*_\"'”)]|[—–])", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_NAMED_IN_BOX = re.compile(
    r"^(?:(?P<text>\\text\s?\{)\s*)?(?:the )?(?:final )?answer(?::| is:?)\s*(?P<closed>\})?\s*(?=[^}\s])",
    re.IGNORECASE,
)
_ADVERB = re.compile(
    r"(?:(?:therefore|thus|hence|then|indeed|simply|just|now|exactly|precisely|clearly|definitely|donc|bien|also|daher|somit|folglich"
    r"|entonces|pues|quindi|dunque|portanto|então|dus|alltså|altså|więc|tedy),?[ ]+){1,3}(?=\S)",
    re.IGNORECASE,
)
_STRESS_OPENED = re.compile(rf"<(?:{_STRESS})>", re.IGNORECASE)
_OPENED = re.compile(r"<[a-zA-Z_][a-zA-Z_0-9]{0,20}>")
_COMMAND = re.compile(
    r"\$?\\(?:text(?:bf|it|rm|sf)?|math(?:bf|rm|sf)|bf|bfseries|underline|emph|(?:l|L)arge|huge)\s?\{?\$?"
)
_STRESS_CLOSED = re.compile(rf"\s*</(?:{_STRESS})>\s*", re.IGNORECASE)
_CLOSING_TAG = re.compile(
    r"</(?:final[_ ]?)?answer>|</final>|<\|end_of_box\|>|\[/(?:final[_ ]?)?answer\]", re.IGNORECASE
)
_EXPLAINED = re.compile(
    r"(\S.{0,79}?)\.\s+(?=(?:This|That|These|It|We|So|Because|Since|Therefore|Thus|Hence|Note|By|Here|They|There"
    r"|Explanation|Reason|Reasoning|He|She|His|Her|Its|Their|In|After|Although|Once|From|With)\b)"
)
# `1969. Apollo 11 landed then.`, but not the list `1. Paris 2. Rome`.
_VALUE_THEN_SENTENCE = re.compile(r"(\S.{2,79}?)\.\s+(?=[A-Z][^\n]{8,}\.$)")
_LETTER_REASONED = re.compile(r"((?:[Oo]ption |[Cc]hoice )?[(\[]?[A-H][)\]]?),? (?:since|because|as) ")
_JUDGED = re.compile(
    r"(yes|no|true|false)(?:,|;|\.| [—–-]) (?=(?:it|this|that|they|there|the|these|those|he|she|we|i)\b)[^0-9\n]{4,200}",
    re.IGNORECASE,
)
# `Paris. Paris has been the capital since 987`
_SAID_AGAIN = re.compile(r"(\S.{0,79}?)\.\s+\1 ")
_MAX_NAME_WORDS = 3
_CONDITION = re.compile(
    r"\b(?:if|when|suppose|assum\w+|were|had|would|without|until|whether|unless)\b", re.IGNORECASE
)
_WIDE_LETTER = re.compile("[\uff41-\uff5a]")
_WIDE_LETTERS = {code: code - 0xFEE0 for code in range(0xFF41, 0xFF5B)}
_SAYS_NO = re.compile(
    r"\b(?:but|no|not|wrong|instead|wait|rather|actually|however|correct(?:ed|ion)?|mistake|sorry|oops|should|so|thus"
    r"|hence|therefore|i\.e|which|means|simplif\w+|approximately|equals|then)\b|^[\s$]*=|[≈→⇒]",
    re.IGNORECASE,
)
_NUMBER_START = re.compile(r"[-+−±≈~$€£¥(\[{\\*`\"“'0-9.\uff10-\uff19½⅓⅔¼¾√π∞∅]")


def clean_text(text: str) -> str:
    """Return `text` with NUL and unpaired surrogates replaced by U+FFFD, so that Postgres can store it."""
    return _SURROGATE.sub("\ufffd", text.replace("\0", "\ufffd"))


def extract_answer(text: str) -> str | None:
    """Return the final answer of a reply, the last that it claims, or None: none was given, or it was refused.

    Thoughts never count; thinking that was cut short means that there is no answer.
    """
    said = without_thoughts(text)
    if said is None:
        return None
    said = without_control_tokens(without_invisible(said))
    claims = deque(_CLAIM.finditer(_small_letters(said)), maxlen=_MAX_CLAIMS)
    doubtful: str | None = None
    while claims:
        claim = claims.pop()
        value = _value_of(said, claim, claims)
        if value is None or is_echo(value):
            continue
        is_vague = claim["result"] or (claim["is"] and not value[:1].isupper())
        if is_vague and not _NUMBER_START.match(value):
            doubtful = doubtful or value
            continue
        return None if is_refusal(value) else value
    value = concluded_in(said) if doubtful is None else doubtful
    return None if value is None or is_refusal(value) else value


def said_aloud(text: str) -> str:
    """Return a reply without its thinking and control tokens; empty where the thinking was cut short."""
    return without_control_tokens(without_thoughts(clean_text(text)) or "")


def _small_letters(text: str) -> str:
    """Return a text in small letters that has each character in its place."""
    small = text.lower()
    small = small if len(small) == len(text) else "".join(each.lower()[:1] for each in text)
    return small.translate(_WIDE_LETTERS) if not small.isascii() and _WIDE_LETTER.search(small) else small


def _value_of(said: str, claim: re.Match[str], earlier: Sequence[re.Match[str]]) -> str | None:
    """Return what a claim says, or None where it is not meant as one."""
    if claim["box"]:
        return _boxed(said, claim, earlier)
    if claim["tag"]:
        return _tagged(said, claim.end())
    if claim["hashes"]:
        return _after_hashes(said, claim.end())
    if claim["json"]:
        return None if _is_within(said, claim, earlier) else json_value(said, claim.end())
    if claim["word"] and not _leads(said, claim.start()):
        return None
    if claim["result"] and not ((claim["sign"] or claim["is"]) and _is_last_line(said, claim.end())):
        return None
    value = block_after(said, claim.end(), owed=_opened_before(said, claim.start()))
    if value is None:
        return None
    value = _without_command(
        _without_closed(value), said[max(0, claim.start() - _MAX_LEAD_CHARS) : claim.start()]
    )
    value = _CLOSING_TAG.split(value, maxsplit=1)[0].rstrip().removesuffix("。")
    value = without_closing_tag(value)
    value = without_marks(value, is_literal=said[claim.end() : claim.end() + 20].strip(" \t*_")[:1] == "`")
    if claim["cjk"] or "\uac00" <= claim[0][-1:] <= "\ud7a3":
        value = re.sub(r"(?:です|입니다|이다|である)\.?$", "", value)
    if claim["is"]:
        return _sentence(_ADVERB.sub("", value, count=1) if _ADVERB.match(value) else value)
    return _without_explanation(value) if len(value) <= _MAX_VALUE_CHARS else None


def _boxed(said: str, claim: re.Match[str], earlier: Sequence[re.Match[str]]) -> str | None:
    """Return what a box holds; with those before it in its sentence, a list."""
    last = braced(said, claim.end())
    if last is None or not last.strip():
        return None
    found, next_at = [last.strip()], claim.start()
    for other in reversed(earlier):
        between = said[other.end() : next_at] if next_at - other.end() < _MAX_PARAGRAPH_CHARS else ""
        held = braced(said, other.end()) if other["box"] and between else None
        if held is not None and other.end() + len(held) > next_at:
            # A box around a box.
            continue
        if held is None or not held.strip():
            break
        after = between[between.find(held) + len(held) :].lstrip("} ")
        if "\n" in after or _SENTENCE_END.search(after) or _SAYS_NO.search(after):
            break
        found.append(held.strip())
        next_at = other.start()
    value = ", ".join(dict.fromkeys(reversed(found)))
    named = _NAMED_IN_BOX.match(value)
    if named is None:
        return value
    return value[named.end() :].removesuffix("}" if named["text"] and not named["closed"] else "")


def _is_within(said: str, claim: re.Match[str], earlier: Sequence[re.Match[str]]) -> bool:
    """Tell whether a field called “answer” is part of the data that an earlier claim announces."""
    if not earlier or claim.start() - earlier[-1].end() > _MAX_VALUE_CHARS:
        return False
    between = said[earlier[-1].end() : claim.start()].lstrip(" \t\r\n*_`:")
    return earlier[-1]["json"] is None and re.match(r"(?:```\w*\s*)?(?:json\s*)?[{\[]", between) is not None


def _tagged(said: str, at: int) -> str | None:
    closing = _CLOSING_TAG.search(said, at, at + _MAX_VALUE_CHARS)
    if closing is None:
        return block_after(said, at)
    return block_after(said[at : closing.start()], 0, whole=True)


def _after_hashes(said: str, at: int) -> str | None:
    """Return what follows `####` where it is an answer and no heading: a value, or the last line."""
    end = said.find("\n", at, at + _MAX_VALUE_CHARS)
    value = block_after(said[at : end if end >= 0 else at + _MAX_VALUE_CHARS], 0)
    is_last = end < 0 or not said[end : end + 2_000].strip()
    if value is None or (not is_last and (not _NUMBER_START.match(value) or re.match(r"\d+[.):]\s", value))):
        return None
    return value


def _is_last_line(said: str, at: int) -> bool:
    end = said.find("\n", at, at + _MAX_PARAGRAPH_CHARS)
    rest = said[at : at + _MAX_PARAGRAPH_CHARS] if end < 0 else said[end:]
    return not rest.strip() if end >= 0 else len(rest) < _MAX_PARAGRAPH_CHARS


def _leads(said: str, at: int) -> bool:
    """Tell whether the word stands where an answer is announced: at the start of a line or of a sentence."""
    window = said[max(0, at - _MAX_LEAD_CHARS) : at]
    line = window.rsplit("\n", 1)[-1]
    if _all_lead(line):
        return len(line) < len(window) or len(window) < _MAX_LEAD_CHARS
    sentence = _LAST_SENTENCE.match(line)
    if sentence is not None and _all_lead(line[sentence.end() :]):
        return True
    # “After all that, the answer is …”, but not “If x were 2, the answer is …”.
    clause = line.rpartition(", ")
    before = re.split(r"[.!?] ", clause[0])[-1]
    return bool(clause[0]) and _all_lead(clause[2]) and not _CONDITION.search(before)


def _all_lead(text: str) -> bool:
    text = _COMMAND.sub("", _OPENED.sub("", text))
    return "\\" not in text and all(word.casefold() in LEAD_WORDS for word in _WORD.findall(text))


def _opened_before(said: str, at: int) -> str:
    """Return the emphasis and quotation marks right before the word, which are closed behind the value."""
    before = said[max(0, at - _MAX_LEAD_CHARS) : at].rsplit("\n", 1)[-1]
    first = before[: len(before) - len(before.lstrip(_OPENING))]
    return first + before[len(before.rstrip(_OPENING)) :]


def _without_closed(value: str) -> str:
    """Return a value without the tags that close what was opened before it: `<b>Answer:</b> 14`."""
    if value[:2] == "</" and (closed := _STRESS_CLOSED.match(value)):
        return value[closed.end() :] or value
    if value[-1:] == ">" and not _STRESS_OPENED.search(value):
        return _STRESS_CLOSED.sub("", value)
    return value


def _without_command(value: str, before: str) -> str:
    r"""Return a value without what closes the command that its word stands in: `\textbf{Answer:} 16`."""
    if not re.search(r"[{$]\s?(?:(?:the|my|so) )*$", before, re.IGNORECASE):
        return value
    value = value.removeprefix("}").lstrip(" }*") if value[:1] == "}" else value
    for opening, closing in ("{", "}"), ("$", "$"):
        loose = value.count(closing) - value.count(opening) if opening != closing else value.count("$") % 2
        if loose > 0 and value.endswith(closing):
            value = value.removesuffix(closing).rstrip()
    return value


def _without_explanation(value: str) -> str:
    """Return `7` of `7. This is because …`: a plain value or a name of few words, and a sentence about it."""
    if "\n" in value:
        return value
    if judged := _JUDGED.fullmatch(value):
        return judged[1]
    explained = _EXPLAINED.match(value) or _SAID_AGAIN.match(value)
    if explained is None:
        then = _VALUE_THEN_SENTENCE.match(value)
        return then[1] if then and quick_key(then[1]) is not None and _is_amount(then[1]) else value
    plain = quick_key(explained[1]) is not None or len(explained[1].split()) <= _MAX_NAME_WORDS
    return explained[1] if plain else value


def _is_amount(value: str) -> bool:
    """Tell whether a value is a number that is no place in a list."""
    return value[:1].isdigit() and not (value.isdecimal() and len(value) < len("100"))


def _sentence(value: str) -> str | None:
    """Return the answer in what follows “the answer is”: up to the end of the sentence."""
    if "\n" not in value:
        end = _SENTENCE_END.search(value)
        value = value[: end.start()] if end else value
    if letter := _LETTER_REASONED.match(value):
        return letter[1]
    first = _WORD.match(value)
    if first and first[0].casefold() in NOT_VALUES and value[:1].islower():
        return None
    return value.strip() or None if len(value) <= _MAX_PARAGRAPH_CHARS else None
