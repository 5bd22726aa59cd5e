"""What should come back for a problem, and how a model is asked for it."""

from enum import StrEnum


class ResultKind(StrEnum):
    """A short answer, one of given options, a text, code, or data."""

    ANSWER = "answer"
    CHOICE = "choice"
    TEXT = "text"
    CODE = "code"
    DATA = "data"

    @property
    def is_short(self) -> bool:
        """Whether a reply ends in a line that holds the whole result."""
        return self in {ResultKind.ANSWER, ResultKind.CHOICE}

    @property
    def label(self) -> str:
        """What a person calls it."""
        return _LABELS[self]

    @property
    def instruction(self) -> str:
        """What a model is told about what it should deliver, and how its reply ends."""
        return _INSTRUCTIONS[self]


_LABELS = {
    ResultKind.ANSWER: "Short answer",
    ResultKind.CHOICE: "Choice",
    ResultKind.TEXT: "Text",
    ResultKind.CODE: "Code",
    ResultKind.DATA: "Data",
}
ANSWER_LINE = "End with a line of the form “Answer: …” that holds the final answer alone."
CONCLUSION_LINE = (
    "End with a line of the form “Conclusion: …” that says in at most 40 words what the text comes to; that line is not "
    "part of the text."
)
_INSTRUCTIONS = {
    ResultKind.ANSWER: ANSWER_LINE,
    ResultKind.CHOICE: ANSWER_LINE,
    ResultKind.TEXT: f"Write the whole text in Markdown, for a careful reader. {CONCLUSION_LINE}",
    ResultKind.CODE: "Give the whole program in one fenced code block that names its language.",
    ResultKind.DATA: (
        "Give the whole data in one fenced code block: ```json, or ```csv where a table is asked for. No comments and no "
        "ellipses inside."
    ),
}
