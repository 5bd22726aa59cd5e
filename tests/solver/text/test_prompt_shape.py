"""Prompts as they are sent: all calls of a job begin alike, and nothing that was said is lost."""

import pytest

from solver.core.problem.statement import Problem
from solver.core.request import Message
from solver.core.steps import StepKind
from solver.text.prompting.prompt_shape import problem_first, shared_prefix
from solver.text.prompting.prompts import messages_for

TEXT = "How many primes are below 100?\n\nTask: count"
PROMPTS = {
    "a try": Problem(TEXT).messages(),
    "a grade": messages_for(StepKind.GRADE, TEXT, ["Answer: 25\n\nTask: grade"], extra="Take care."),
    "a comparison": messages_for(StepKind.COMPARE, TEXT, ["Answer: 25", "Answer: 24"]),
}


@pytest.mark.parametrize("name", PROMPTS)
def test_every_prompt_begins_with_the_problem_and_loses_nothing(name):
    """Try, grade and comparison share all bytes of the problem; the line that names the task stays the last."""
    before = PROMPTS[name]
    [after] = problem_first(before)
    assert after.content.startswith(f"<problem>\n{TEXT}\n</problem>\n\n")
    assert shared_prefix((after,)) == f"<problem>\n{TEXT}\n</problem>"
    said = "\n\n".join(message.content for message in before)
    assert sorted(after.content.split()) == sorted(said.split())
    assert after.content.endswith("Task: grade") == (name == "a grade")
    assert after.content.count("<candidate>") == before[-1].content.count("<candidate>")
    # What is held for a call is reckoned with the prompt as it was written: it never grows.
    assert len(after.content) <= len(said)
    assert problem_first((after,)) == (after,)


def test_a_marked_prompt_says_how_much_others_begin_with():
    """Exactly the problem between its tags."""
    [marked] = problem_first(PROMPTS["a grade"], is_marked=True)
    assert marked.content[: marked.kept_chars] == shared_prefix((marked,))


def test_a_prompt_without_a_problem_stays_as_it_is():
    """Nothing is turned round that shows none."""
    messages = (Message("system", "Be brief."), Message("user", "Hello."))
    assert problem_first(messages) is messages
    assert shared_prefix(messages) == shared_prefix(()) == ""
