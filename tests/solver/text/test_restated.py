"""Answers that say their question again."""

import asyncio

import pytest

from solver.judging.judge import Judge
from solver.text.restated import without_question

CAPITAL = "What is the capital of France?"


@pytest.mark.parametrize(
    ("question", "answer", "means"),
    [
        (CAPITAL, "The capital of France is Paris.", "Paris"),
        (CAPITAL, "the capital of France is the city of Paris", "the city of Paris"),
        ("Who wrote Hamlet, and when?", "It was written in 1601 by Shakespeare", None),
        ("Which are the moons of Mars?", "The moons of Mars are Phobos and Deimos!", "Phobos and Deimos"),
        (CAPITAL, "The capital of Germany is Berlin.", None),
        (CAPITAL, "The capital of France is not Lyon.", None),
        ("What is the capital of France or Spain?", "The capital of France is Paris.", None),
        ("Which city is larger, Paris or London?", "Paris is larger.", None),
        ("Which city is larger, Paris or London?", "London is bigger.", None),
        ("Who was older, Plato or Socrates?", "Socrates was the elder.", None),
        (CAPITAL, "It is Paris.", None),
        ("Is the sky blue?", "The sky is blue.", None),
        (CAPITAL, "Paris", None),
        (CAPITAL, "The capital of France is Paris. The capital of Spain is Madrid.", None),
    ],
)  # fmt: skip
def test_an_answer_means_what_it_adds_to_its_question(question, answer, means):
    """Only where all that stands before “is” was asked, and what follows was not."""
    assert without_question(answer, question) == (means or answer)


def test_a_sentence_and_its_word_are_one_answer():
    """They are shown as they were said, and vote together."""

    async def keys() -> list[tuple[str | None, str | None]]:
        judge = Judge()
        try:
            job = judge.for_job("alice", question=CAPITAL)
            said = ["Answer: The capital of France is Paris.", 'Answer: "Paris"', "Answer: France"]
            found = [await job.judge(text=text, checker=None) for text in said]
            return [(each.answer, each.key) for each in found]
        finally:
            await judge.close()

    (sentence, one), (_, other), (_, third) = asyncio.run(keys())
    assert sentence == "The capital of France is Paris."
    assert one == other != third
