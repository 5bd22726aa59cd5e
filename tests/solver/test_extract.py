"""Answers are found in replies, and plain ones get one key however they are written."""

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.text.extract import (
    MAX_PLAIN_CHARS,
    clean_text,
    extract_answer,
    number_of,
    percent_of,
    plain_number,
    quick_key,
    text_key,
)

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
def test_the_final_answer_is_the_last_box_or_else_the_last_answer_line(reply, answer):
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


SAME = [
    ("num:58", ["58", "058", "+58", "58.", "58.0", "$58$", "$$58$$", r"\(58\)", r"\[ 58 \]", r"\boxed{58}"]),
    ("num:58", ["**58**", "`58`", r"\text{58}", "$58", r"\$58", "58.00", "x = 58", "$x=58$"]),
    ("num:58", ["58°", r"58^\circ", r"58^{\circ}"]),
    ("num:-5", ["-5", "\u22125", "- 5", "-5.0", "-10/2", r"-\frac{10}{2}", r"\frac{-10}{2}"]),
    ("num:1000", ["1,000", "1000", "1{,}000", r"1\,000", "1 000", "1,000.00"]),
    ("num:1/2", ["1/2", "0.5", ".5", "2/4", r"\frac{1}{2}", r"\dfrac{1}{2}", r"\frac12"]),
    ("num:1/2", [r"$\tfrac{1}{2}$", "0.50"]),
    ("num:3/2", ["3/2", "1 1/2", r"1\frac{1}{2}", r"1 \frac12", "1.5"]),
    ("choice:B", ["B", "b", "(B)", "B.", "B)", "[B]", "(b).", "**B**", r"\text{B}"]),
    ("choice:B", [r"\textbf{(B)}", "option B", r"$\mathrm{(B)}$"]),
    ("pct:50", ["50%", r"50\%", "50 %", "50.0%", r"$50\%$", "50 percent"]),
    ("num:5 cm", ["5 cm", "5cm", r"$5\text{ cm}$", r"5\,\mathrm{cm}", "5.0 cm"]),
    ("num:5", ["5 (mod 13)", "5 mod 13", r"x \equiv 5 \pmod{13}", r"5 \bmod 13"]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "spelling"), [(key, spelling) for key, group in SAME for spelling in group])
def test_spellings_of_a_plain_answer_share_a_key(key, spelling):
    """An answer's key does not depend on how it is wrapped or written."""
    assert quick_key(spelling) == key


@pytest.mark.parametrize(
    "answer",
    ["", " ", ".", "$", "2^5", "1e400", "1e5", "9^{9^{9^{9}}}", r"\sqrt{2}", "2x", "5 n", "x", "--5", "1/0",
     "1/2/3", "1,00", "1,000,00", "12 34", "(1,2)", "\0", "5 people and 3 dogs on the long road", "18 mod 13",
     "9" * 4_001, "٣", "5²", r"1/\frac{2}{3}", r"\frac{3-1}{4}", "inf", "nan", "0x10", "1_000", "K", "hello"],
)  # fmt: skip
def test_what_is_not_plain_has_no_quick_key(answer):
    """Formulas, exponents, lists and words are left to the pool."""
    assert quick_key(answer) is None


def test_values_of_plain_numbers_are_exact():
    """A number's value drops its unit, keeps every digit and knows percentages apart."""
    assert plain_number("0.1") == Fraction(1, 10)
    assert plain_number("x = 5 cm") == 5
    assert plain_number("7 (mod 9)") == 7
    assert plain_number("B") is None
    assert plain_number("50%") is None
    assert percent_of("12.5%") == Fraction(25, 2)
    assert number_of("-1 1/2") == Fraction(-3, 2)


@settings(deadline=None)  # the machine may be busy
@given(st.integers(min_value=-(10**50), max_value=10**50), st.integers(min_value=1, max_value=10**30))
def test_every_way_to_write_a_fraction_has_its_key(above, below):
    """Quotients, LaTeX fractions and reduced forms agree with exact arithmetic."""
    key = f"num:{Fraction(above, below)}"
    if len(key) < 200:
        assert quick_key(f"{above}/{below}") == quick_key(rf"$\frac{{{above}}}{{{below}}}$") == key


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_breaks_the_keys(text):
    """Any text has a text key that Postgres can store, and a quick key or none."""
    for key in (text_key(text), quick_key(clean_text(text))):
        if key is not None:
            assert len(key) <= 220
            assert clean_text(key) == key
    extract_answer(text)


@settings(deadline=None)  # the machine may be busy
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


def test_long_keys_are_cut_but_told_apart():
    """Two huge numbers that differ in their last digit have different keys of bounded length."""
    one, other = quick_key("7" * 3_999 + "1"), quick_key("7" * 3_999 + "2")
    assert one != other
    assert len(one) <= 220


def test_text_keys_ignore_case_and_white_space():
    """Prose answers agree when only their case, spacing and wrapping differ."""
    assert text_key("  The **Battle**  of\nHastings.") != text_key("hastings")
    assert text_key("**Hastings.**") == text_key(" HASTINGS ") == "text:hastings"
