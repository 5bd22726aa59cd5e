"""Recognises by its wording what should come back for a problem: a short answer, a choice, a text, code or data.

Only words that ask for it count, at the start of a sentence where they are verbs: “prove” is a text, “the proof of the
pudding” is not. Of what a sentence asks to be written the first noun decides: “a function that returns JSON” is code.
In doubt a short answer is asked for, whose working is delivered with it.
"""

import re

from solver.checkers.recognise import guess_kind
from solver.checkers.shared import asking_words as words
from solver.checkers.shared.given_options import PICKS, Offered, read_options
from solver.core.problem.result_kind import ResultKind

_READ_CHARS = 20_000
_MAX_SENTENCE_CHARS = 1_000
_SENTENCES = re.compile(
    r"[!?:;\n。？！：]|\.(?![0-9])|, (?:and|then) |, (?=(?:but |so )?(?:should|how|why|what) )"
)
_FLAGS = re.IGNORECASE
_ASKED = re.compile(
    rf"{words.POLITE}(?:(?P<write>{words.WRITE})|(?P<make>{words.MAKE}))(?!\w)(?P<rest>.{{0,90}})", _FLAGS
)
_OPENS_TEXT = re.compile(rf"{words.POLITE}(?:{words.ADVICE})(?!\w)", _FLAGS)
_ONLY_SAYS = re.compile(
    rf"{words.POLITE}(?:explain|prove|discuss|why|how (?:does|do|can|to)|what (?:is|are))\b", _FLAGS
)
_NOUN = re.compile(
    rf"(?<![\w-])(?:(?P<about>{words.OF_WHAT})|(?P<text>{words.TEXT_NOUNS})|(?P<data>{words.DATA_NOUNS})"
    rf"|(?P<code>{words.CODE_NOUNS}))(?![\w+#-])"
    r"|(?P<german>(?:python|sql|java|javascript)-\w+)",
    _FLAGS,
)
_WRITES_OUT = re.compile(words.WRITES_OUT, _FLAGS)
_FORMAT = re.compile(
    r"\b(?:as|in|into|to|return|output|produce|give(?: me)?|valid|only|als|en|em|come|jako|w formacie)"
    r"(?: a| an| the| one| only| valid| single| formato?)* (?:json|csv|yaml|xml)\b"
    r"|\bjson (?:object|array|document|file|list|with)\b"
    r"|\b(?:as|in|into)(?: a| an| one)? (?:[\w-]+ )?table\b(?! of contents)|\btable with (?:the )?columns\b",
    _FLAGS,
)
_HEADS_DATA = re.compile(
    r"\W{0,9}(?:a )?(?:[\w-]+ )?table (?:of|with|showing|comparing)(?! contents)\b", _FLAGS
)
_HEADS_CODE = re.compile(
    r"\W{0,9}(?:implement\b|(?:sql|regex|regexp|regular expression|excel formula|bash one-liner)"  # noqa: S608  # reads SQL, makes none
    r"(?: (?:to|for|that|which|query)\b|\s*$)|select \S.{0,300} from \w|class \w+$"
    rf"|(?:{words.LANGUAGES}) (?:code|script|function|program|query|formula) (?:to|for|that|which)\b"
    r"|formula .{0,60}\b(?:sheets?|excel|cells?|columns?)\b"
    r"|(?!(?:what|how|why|when|where|who|which|is|are|does|do|did|was|i|explain|describe|compare)\b)\w.{2,120} in "
    rf"(?:c|{words.LANGUAGES})\W{{0,3}}$)",
    _FLAGS,
)
_FORMULA = re.compile(r"[\s$(-]{1,3}[0-9]\S*\s(?:as|in|from|to|als|en|em|in|come|como|jako)\b", _FLAGS)
_STUB = re.compile(
    r"^[ \t]{0,12}(?:def \w{1,80}\([^\n]{0,300}:|class \w{1,80}[^\n]{0,200}:|function \w{1,80}\([^\n]{0,300}\{"
    r"|fn \w{1,80}\([^\n]{0,300}|public \w{1,80} [^\n]{0,300}\{)[ \t]{0,9}$",
    re.MULTILINE,
)
_REPAIR = re.compile(
    rf"(?:^|[.!?,;:\n]\s{{0,9}}|-- ){words.POLITE}(?:fix|refactor|debug|correct|complete|optimi[sz]e|simplify|port"
    r"|rewrite|add|korrigier\w*|corrige\w*|correggi|popraw)\b",
    _FLAGS,
)
_LOOKS_LIKE_CODE = re.compile(
    r"^[ \t]{0,12}(?:```[a-z+#]{0,12}[ \t]*$|for \w{1,40} in [^\n]{1,200}:[ \t]*$|[\w.]{1,80} = [\[{\w\"'(]|import \w"
    r"|(?:var|let|const|int|my) [\w@$]{1,80} ?=|select \S[^\n]{0,300} from |class \w{1,80}:)",
    re.MULTILINE | _FLAGS,
)
_LONG_FORM = re.compile(
    r"\b(?:essay|pros and cons|step[- ]by[- ]step (?:guide|instructions)|cover letter|blog post|business plan|"
    r"(?:in|with) (?:about |at most |under |around |roughly )?[0-9,]{2,6} words|rigorous proof"
    r"|prove (?:that|it|your))\b",
    _FLAGS,
)
_ASIAN = {
    ResultKind.CODE: re.compile(words.ASIAN_CODE, _FLAGS),
    ResultKind.DATA: re.compile(words.ASIAN_DATA, _FLAGS),
    ResultKind.TEXT: re.compile(words.ASIAN_TEXT, _FLAGS),
}


def guess_result(text: str) -> ResultKind:
    """Return what a problem asks for by its words alone."""
    kind = guess_kind(text)
    if kind in {"countdown", "modular"}:
        return ResultKind.ANSWER
    if options_of(text):
        return ResultKind.CHOICE
    head = text[:_READ_CHARS]
    if written := _written(head):
        return written
    if _LONG_FORM.search(head):
        return ResultKind.TEXT
    sentences = _sentences(head)
    # Who says first what is to be explained asks for that, whatever is counted on the way.
    if sentences and _says(sentences[0]):
        return ResultKind.TEXT
    if kind == "number":
        return ResultKind.ANSWER
    is_text = any(_says(each) or _OPENS_TEXT.match(each) for each in sentences)
    return ResultKind.TEXT if is_text or _ASIAN[ResultKind.TEXT].search(head) else ResultKind.ANSWER


def options_of(text: str) -> Offered | None:
    """Return the options among which a problem asks to choose; none where it asks for something to be written."""
    offered = read_options(text)
    if offered is None or _written(offered.stem):
        return None
    says = any(map(_says, _sentences(offered.stem)))
    return None if says and not PICKS.search(offered.stem) else offered


def _sentences(text: str) -> list[str]:
    return [
        each.lstrip()[:_MAX_SENTENCE_CHARS] for each in _SENTENCES.split(text) if each and not each.isspace()
    ]


def _says(sentence: str) -> bool:
    """Tell whether a sentence opens with a verb that asks for words; “write 0.375 as a fraction” does not."""
    found = _ASKED.match(sentence)
    return found is not None and found["write"] is not None and not _FORMULA.match(found["rest"])


def _written(head: str) -> ResultKind | None:
    """Return what is asked to be written by its name: code, data, or a kind of text."""
    sentences = _sentences(head)
    asked = [_noun_asked(each) for each in sentences]
    if _STUB.search(head) or (_LOOKS_LIKE_CODE.search(head) and _REPAIR.search(head)):
        return ResultKind.CODE
    if (
        ResultKind.CODE in asked
        or any(map(_HEADS_CODE.match, sentences))
        or _ASIAN[ResultKind.CODE].search(head)
    ):
        return ResultKind.CODE
    formats = any(
        _FORMAT.search(each) and not _ONLY_SAYS.match(each) for each in [*sentences, *head.split("\n")]
    )
    if ResultKind.DATA in asked or formats or any(map(_HEADS_DATA.match, sentences)):
        return ResultKind.DATA
    if _ASIAN[ResultKind.DATA].search(head):
        return ResultKind.DATA
    return ResultKind.TEXT if ResultKind.TEXT in asked else None


def _noun_asked(sentence: str) -> ResultKind | None:
    """Return what the first noun behind “write” or “make” is that says so."""
    found = _ASKED.match(sentence)
    if found is None or (found["write"] and not _WRITES_OUT.match(found["write"])):
        return None
    noun = _NOUN.search(found["rest"])
    if noun is None or noun["about"]:
        return None
    return ResultKind.TEXT if noun["text"] else ResultKind.DATA if noun["data"] else ResultKind.CODE
