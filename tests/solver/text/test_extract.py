"""Answers are found in replies, however they are announced."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.text.extract import clean_text, extract_answer
from solver.text.keys import MAX_PLAIN_CHARS, quick_key, text_key

REPLIES = [
    (r"So \boxed{5} it is.", "5"),
    (r"\boxed{3} no, \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
    (r"\boxed{1}, and then \boxed{ was cut", "1"),
    (r"\boxed{} Answer: 7", None),
    ("\\boxed{}\nAnswer: 7", "7"),
    (r"\boxed{a\}b}", r"a\}b"),
    (r"\boxed {5}", "5"),
    ("Answer: 58", "58"),
    ("Answer: 1\nAnswer: 58\nGood luck!", "58"),
    ("**Answer:** 58", "58"),
    ("**Answer**: 58", "58"),
    ("**Answer: 58**", "58"),
    ("### Final answer: `58`", "58"),
    ("FINAL ANSWER: 58", "58"),
    ("The final answer is: 58", "58"),
    ("> - Answer: 3 * 25 - 17", "3 * 25 - 17"),
    ("Answer:\n\n58\n", "58"),
    ("Answer:\n```\n58\n```", "58"),
    ("Answer:\n$$\nx^2\n$$", "x^2"),
    ("## Final Answer\n58", "58"),
    ("Answer: 3\nAnswer:", "3"),
    ("The answers vary.", None),
    ("answering: 5", None),
    ("", None),
    ("just prose", None),
    ("<think>Answer: 3</think>\nAnswer: 4", "4"),
    ("<think>Answer: 3</think>", None),
    ("Answer: 4\n<think>Answer: 3", None),
    ("Answer: 3 hm</think>Answer: 4", "4"),
    ("<THINKING>\\boxed{3}</THINKING>\\boxed{4}", "4"),
]


@pytest.mark.parametrize(("reply", "answer"), REPLIES)
def test_the_final_answer_is_what_a_reply_claims_last(reply, answer):
    """A reply's answer is what it boxed or marked last, outside of its thinking."""
    assert extract_answer(reply) == answer


HOSTILE_PIECES = [
    "\\boxed{", "{", "}", "<think>", "</think>", "<think></think>", "Answer:\n", "answer *_`", "*", "\n", " ", "\0",
    "\\boxed", "(", "the final answer is ", "\ud800", "$", "\\text{", "\\frac{1", "1,", "9", "a",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE_PIECES)
def test_a_hostile_megabyte_is_read_in_linear_time(piece):
    """No reply of a megabyte, whatever it repeats, holds up the worker."""
    text = piece * (1_000_000 // len(piece))
    started = time.process_time()
    answer = extract_answer(clean_text(text))
    for said in (text, text[:MAX_PLAIN_CHARS], answer or ""):
        quick_key(said)
        text_key(said)
    assert time.process_time() - started < 5


@given(st.text(alphabet=st.sampled_from("\0\ud800\udfff\ud83d\ude00ab\x01\x1f\x7f\ufffd\n"), max_size=40))
def test_cleaned_text_is_storable_and_otherwise_unchanged(text):
    """NUL and unpaired surrogates become U+FFFD, one for one; nothing else changes."""
    cleaned = clean_text(text)
    cleaned.encode()
    assert len(cleaned) == len(text)
    assert all(
        new == old or (new == "\ufffd" and old in "\0\ud800\udfff\ud83d\ude00")
        for new, old in zip(cleaned, text, strict=True)
    )
