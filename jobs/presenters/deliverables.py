"""What a job delivers where that is no short answer, as Markdown: on pages, in emails and in exports alike."""

from jobs.presenters.data_fields import small_table
from solver.core.problem.result_kind import ResultKind
from solver.text.code.code_blocks import language_of
from solver.text.deliverables import deliverable_in
from solver.text.fences import in_fence


def as_markdown(result: ResultKind, answer: str, text: str) -> str:
    """Return a program or data in a fenced block, or a text without its conclusion; empty for a short answer.

    `answer` and `text` are a job's, or its best so far.
    """
    match result:
        case ResultKind.CODE if answer:
            return in_fence(answer.strip("\n"), language_of(answer, text))
        case ResultKind.DATA if answer:
            block, table = in_fence(answer.strip("\n"), language_of(answer, text)), small_table(answer)
            return f"{block}\n\n{table}" if table else block
        case ResultKind.TEXT if text:
            return deliverable_in(text, result).body or text
    return ""


def has_headline(result: ResultKind) -> bool:
    """Tell whether a job's answer is a line worth setting large: it says the whole, or what a text comes to."""
    return result.is_short or result is ResultKind.TEXT


def delivered_text(result: ResultKind, answer: str, text: str) -> str:
    """Return a program, data or a text without its conclusion, as it was written; empty for a short answer."""
    match result:
        case ResultKind.CODE | ResultKind.DATA:
            return answer.strip("\n")
        case ResultKind.TEXT if text:
            return deliverable_in(text, result).body or text
    return ""
