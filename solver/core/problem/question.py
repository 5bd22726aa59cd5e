"""Questions to the person who asked: one about an unclear problem before it is begun, one before each dear step."""

from dataclasses import dataclass

MAX_QUESTION_CHARS = 500
MAX_SUGGESTIONS = 4
MAX_SUGGESTION_CHARS = 160
FIRST_KEY = "question"
"""The key of the step that asks a model what is unclear, and of the question that comes of it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a job waits to be told. `text` and `suggestions` are a model's words about the problem.

    Before a step there are none: `cost_nano` is the most it may cost, `purpose` and `model` say what it is.
    """

    key: str
    text: str = ""
    suggestions: tuple[str, ...] = ()
    cost_nano: int = 0
    purpose: str = ""
    model: str = ""
