"""Recognises by its wording what should come back for a problem: a short answer, a choice, a text, code or data.

Only words that ask for it count, at the start of a sentence where they are verbs: “prove” is a text, “the proof of the
pudding” is not. In doubt a short answer is asked for, whose working is delivered with it.
"""

import re

from solver.checkers.recognise import guess_kind
from solver.core.problem.result_kind import ResultKind

_READ_CHARS = 20_000
_SENTENCES = re.compile(r"[.!?:;\n]|, (?:and|then) ")
_POLITE = (
    r"\W{0,9}(?:please |bitte |can you |could you |would you |help me |let's |first,? "
    r"|i (?:want|need|would like) (?:you )?(?:to )?){0,2}"
)
_LANGUAGES = (
    r"python|javascript|typescript|java|c\+\+|c#|golang|go|rust|ruby|php|kotlin|swift|scala|haskell|lua|perl|bash|shell"
    r"|sql|html|css|react|matlab|julia|powershell|excel vba|vba|latex|regex"
)
_CODE = re.compile(
    rf"{_POLITE}(?:(?:write|create|build|implement|develop|code|give(?: me)?|provide|complete|generate|make|fix|debug"
    rf"|refactor|optimi[sz]e|port|translate)\b(?:(?! about ).){{0,80}}?\b(?:function|program|script|class|method|module"
    rf"|code|algorithm|query|regex|regular expression|unit tests?|cli|parser|web page|decorator|{_LANGUAGES})(?![\w-])"
    rf"|implement\b|(?:schreib|programmier|implementier)\w{{0,3}}\b.{{0,80}}?"
    rf"\b(?:funktion|programm|skript|klasse|methode|abfrage|{_LANGUAGES})(?!\w))",
    re.IGNORECASE,
)
_STUB = re.compile(
    r"^[ \t]{0,12}(?:def \w{1,80}\([^\n]{0,300}:|class \w{1,80}[^\n]{0,200}:|function \w{1,80}\([^\n]{0,300}\{"
    r"|fn \w{1,80}\([^\n]{0,300}|public \w{1,80} [^\n]{0,300}\{)[ \t]{0,9}$",
    re.MULTILINE,
)
_DATA = re.compile(
    r"\b(?:as|in|into|to|return|output|produce|give(?: me)?|valid|only)(?: a| an| the| one| only| valid| single)* json\b"
    r"|\bjson (?:object|array|document|file|list|with)\b|\b(?:as|in|to|into|return|output|produce)(?: a| an)? csv\b"
    r"|\b(?:as|in|into|make|create|give(?: me)?|return|write|build|produce|compile)(?: me)?(?: a| an| one)?"
    r" (?:[\w-]+ )?table\b(?! of contents)|\btable with (?:the )?columns\b",
    re.IGNORECASE,
)
_TEXT = re.compile(
    rf"{_POLITE}(?:prove|disprove|show that|explain|write|design|describe|discuss|draft|outline|plan|summari[sz]e|review"
    r"|translate|rewrite|rephrase|proofread|argue|compare|contrast|analy[sz]e|assess|critique|comment|elaborate|compose"
    r"|tell me (?:about|how|why|a)|teach|recommend|suggest|advise|propose|brainstorm|interpret|justify|derive|why"
    r"|how (?:do|does|did|can|could|should|would|to|is|are|was|were|come)\b(?! (?:many|much))"
    r"|what (?:should|can|could|would|happens|happened|are (?:the|some)|do you think"
    r"|is the (?:difference|best way|meaning|significance|point|role)|makes|causes)"
    r"|(?:where |when |who |whom )?should (?:i|we)|is it (?:safe|ok|okay|worth|better|possible))\b",
    re.IGNORECASE,
)
_WISH_FOR_TEXT = re.compile(
    rf"{_POLITE}(?:make|create|give|prepare|develop|set up|generate|provide|i need)(?: me| us)? (?:an? |the |some |my )?"
    r"(?:[\w-]+ ){0,3}(?:plan|schedule|itinerary|outline|summary|letter|e-?mail|story|poem|recipe|guide|report|overview"
    r"|explanation|introduction|speech|curriculum|agenda)s?\b",
    re.IGNORECASE,
)
_GERMAN_TEXT = re.compile(
    _POLITE
    + r"(?:erklär|beschreib|schreib|beweis|übersetz|vergleich|skizzier|erläuter|begründ|entwirf|verfass"
    r"|diskutier|(?:er)?stell\w{0,2} (?:mir |uns )?(?:einen|eine) (?:\w+-?)?plan|fass\w{0,2}\b.{0,200} zusammen"
    r"|warum |weshalb |wieso |wie (?:kann|können|könnte|soll|muss|funktionier|entsteh|bekomm|mach|werd|lern|kommt es)"
    r"|(?:was|wo|wohin|wann|wen|wem) (?:soll|sollte)\w{0,2} (?:ich|wir|man)\b"
    r"|was (?:(?:kann|könnte|koche|schenke|mache|tue|rätst)\w{0,2} (?:ich|wir|man|du|sie)\b|passiert|geschieht"
    r"|ist der unterschied))",
    re.IGNORECASE,
)
_LONG_FORM = re.compile(
    r"\b(?:essay|pros and cons|step[- ]by[- ]step (?:guide|instructions)|cover letter|blog post|business plan|"
    r"(?:in|with) (?:about |at most |under |around |roughly )?[0-9,]{2,6} words|rigorous proof"
    r"|prove (?:that|it|your))\b",
    re.IGNORECASE,
)


def guess_result(text: str) -> ResultKind:
    """Return what a problem asks for by its words alone."""
    head, kind = text[:_READ_CHARS], guess_kind(text)
    if kind in {"countdown", "modular"}:
        return ResultKind.ANSWER
    if _DATA.search(head):
        return ResultKind.DATA
    sentences = [each.lstrip() for each in _SENTENCES.split(head) if not each.isspace()]
    if _STUB.search(head) or any(map(_CODE.match, sentences)):
        return ResultKind.CODE
    if kind == "choice":
        return ResultKind.CHOICE
    if _LONG_FORM.search(head):
        return ResultKind.TEXT
    if kind == "number":
        return ResultKind.ANSWER
    ways = (_TEXT, _WISH_FOR_TEXT, _GERMAN_TEXT)
    is_text = any(way.match(sentence) for way in ways for sentence in sentences)
    return ResultKind.TEXT if is_text else ResultKind.ANSWER
