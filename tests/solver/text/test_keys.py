"""Plain answers get one key however they are written; look-alikes of arithmetic keep their text."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.checkers.choice import Choice
from solver.checkers.json_schema import JsonSchema
from solver.checkers.number import Number
from solver.checkers.set import SetOf
from solver.checkers.symbolic import Symbolic
from solver.text.extract import clean_text, extract_answer
from solver.text.keys import (
    is_no_number,
    joined_key,
    numeral_of,
    percent_of,
    plain_number,
    quick_key,
    split_key,
    text_key,
)
from solver.text.values.amounts import number_of

SAME = [
    ("num:58", ["58", "058", "+58", "58.", "58.0", "$58$", "$$58$$", r"\(58\)", r"\[ 58 \]", r"\boxed{58}"]),
    ("num:58", ["**58**", "`58`", r"\text{58}", "58.00", "fifty-eight", "５８", "≈ 58", "58 (since 2 times 29)"]),
    ("num:58 dollar", ["$58", r"\$58", "58 dollars", "58 USD"]),
    ("num:58 x=", ["x = 58", "$x=58$"]),
    ("num:58 deg", ["58°", r"58^\circ", r"58^{\circ}", "58 degrees"]),
    ("num:-5", ["-5", "\u22125", "- 5", "-5.0", "-10/2", r"-\frac{10}{2}", r"\frac{-10}{2}"]),
    ("num:1000", ["1,000", "1000", "1{,}000", r"1\,000", "1 000", "1,000.00"]),
    ("num:1/2", ["1/2", "0.5", ".5", "2/4", r"\frac{1}{2}", r"\dfrac{1}{2}", r"\frac12"]),
    ("num:1/2", [r"$\tfrac{1}{2}$", "0.50"]),
    ("num:3/2", ["3/2", "1 1/2", r"1\frac{1}{2}", r"1 \frac12", "1.5"]),
    ("choice:B", ["B", "b", "(B)", "B.", "B)", "[B]", "(b).", "**B**", r"\text{B}"]),
    ("choice:B", [r"\textbf{(B)}", "option B", r"$\mathrm{(B)}$"]),
    ("pct:50", ["50%", r"50\%", "50 %", "50.0%", r"$50\%$", "50 percent"]),
    ("num:5 cm", ["5 cm", "5cm", r"$5\text{ cm}$", r"5\,\mathrm{cm}", "5.0 cm"]),
    ("num:5 mod 13", ["5 (mod 13)", "5 mod 13", r"x \equiv 5 \pmod{13}", r"5 \bmod 13"]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "spelling"), [(key, spelling) for key, group in SAME for spelling in group])
def test_spellings_of_a_plain_answer_share_a_key(key, spelling):
    """An answer's key does not depend on how it is wrapped or written."""
    assert quick_key(spelling) == key


@pytest.mark.parametrize(
    "answer",
    ["", " ", ".", "$", "2^5", "1e400", "1e5", "9^{9^{9^{9}}}", r"\sqrt{2}", "2x", "5 n", "x", "--5", "1/0",
     "1,00", "1,000,00", "(1,2)", "\0", "5 people and 3 dogs on the long road", "18 mod 13",
     "9" * 4_001, "5²", r"1/\frac{2}{3}", r"\frac{3-1}{4}", "inf", "nan", "K", "hello"],
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


@given(st.integers(min_value=-(10**50), max_value=10**50), st.integers(min_value=1, max_value=10**30))
def test_every_way_to_write_a_fraction_has_its_key(above, below):
    """Quotients, LaTeX fractions and reduced forms agree with exact arithmetic."""
    key = f"num:{Fraction(above, below)}"
    if len(key) < 200:
        assert quick_key(f"{above}/{below}") == quick_key(rf"$\frac{{{above}}}{{{below}}}$") == key


@given(st.text(alphabet=st.characters(), max_size=300))
def test_no_text_breaks_the_keys(text):
    """Any text has a text key that Postgres can store, and a quick key or none."""
    for key in (text_key(text), quick_key(clean_text(text))):
        if key is not None:
            assert len(key) <= 220
            assert clean_text(key) == key
    extract_answer(text)


FRAGMENTS = [
    "1", "2.5", "-", "–", "1/2", "½", "x", "=", "≈", " ", ",", "(", ")", "[", "{", "}", "\\{", "cm", " dollars",
    "$", "€", "%", "and a half",
    "million", "base 8", "_2", "0x", "H2", "mod 5", "°", "°C", "0.(3)", "...", "because", "since", "Answer: ",
    "\\boxed{", "<answer>", "#### ",
    "<think>", "`", "**", "“", "\n", "\\frac{1}{2}", "\\text{", "Jan 2, 2024", "12:30 pm", "yes", "e9", "∞", "±",
    "\ud800", "\0", "①", "٣",
]  # fmt: skip


@settings(max_examples=150)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_no_answer_breaks_a_reader(text):
    """Whatever pieces an answer is made of, each reader returns, and what it returns can be stored."""
    answer = clean_text(text)
    for key in (quick_key(answer), text_key(answer), extract_answer(answer)):
        assert key is None or key.encode()
    plain_number(answer)
    percent_of(answer)
    is_no_number(answer)
    for checker in (
        Number("5", "1%", "cm"),
        Choice(("A", "B"), "B"),
        SetOf(("1", "2")),
        Symbolic("x+1"),
        JsonSchema("{}"),
    ):
        verdict = checker.check(answer)
        assert verdict.detail.endswith(".")
        checker.key(answer)


def test_long_keys_are_cut_but_told_apart():
    """Two huge numbers that differ in their last digit have different keys of bounded length."""
    one, other = quick_key("7" * 3_999 + "1"), quick_key("7" * 3_999 + "2")
    assert one != other
    assert len(one) <= 220


def test_text_keys_ignore_case_and_white_space():
    """Prose answers agree when only their case, spacing and wrapping differ."""
    assert text_key("  The **Battle**  of\nHastings.") != text_key("hastings")
    assert text_key("**Hastings.**") == text_key(" HASTINGS ") == "text:hastings"


@pytest.mark.parametrize(
    ("answer", "key"),
    [("2024-01-02", "date:2024-01-02"), ("2 January 2024", "date:2024-01-02"), ("01/02/2024", "text:01/02/2024"),
     ("3 pm", "time:15:00"), ("noon", "time:12:00"), ("9:00", "text:9:00"),
     ("12 December", "date:12-12"), ("May 6th", "date:05-06"), ("Mar 2020", "date:2020-03"), ("31 June", None),
     ("25. Dezember 2021", "date:2021-12-25"), ("14 de julio de 1789", "date:1789-07-14"), ("2021年12月25日",
     "date:2021-12-25"), ("44 BCE", "text:44 BC"), ("$O(n \\log n)$", "text:O(nlogn)"), ("SO₄²⁻", "text:SO4^2-"),
     ("3–1", "text:3-1"), ("10.0.0.1", "text:10.0.0.1"), ("0x1F", "base16:1f"), ("2516_7", "base7:2516"), ("H₂O",
     "text:H2O"),
     ("C_2H_6", "text:C2H6"), ("AaBb", None), ("12 34", "text:12 34"), ("1/2/3", "text:1/2/3"), ("1_000",
     "num:1000"), ("3:2", "text:3:2"),
     ("no solution", "none:"), ("Yes, because it holds", "text:yes")],
)  # fmt: skip
def test_what_only_looks_like_arithmetic_is_no_number(answer, key):
    """Dates, scores, addresses, codes and numerals of another base keep what they are."""
    assert quick_key(answer) == key
    assert plain_number(answer) == (1000 if answer == "1_000" else None)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Paris", "PARIS", True), ("The Rhine", "rhine.", True), ("CO", "Co", False), ("AaBb", "AABB", False), ("yes",
     "YES", True),
     ("if a:\n  b\nc", "if a:\n  b\n  c", False), ("f(X)", "f(x)", False), ("J. K. Rowling", "JK Rowling",
     True), ("George H. W. Bush", "George W. Bush", False), ("São Paulo", "Sao Paulo", True), ("schön", "schon", False),
     ("Dr. Smith", "Dr Smith", True), ("an apple", "the apple", True), ("A minor", "minor", False), ("red and blue",
     "red, blue", True), ("red and blue", "red or blue", False), ("Na⁺", "Na^{+}", True), ("twenty-first", "21st", True),
     ('{"a": 1, "b": 2}', '{"b":2,"a":1}', True)],
)  # fmt: skip
def test_the_case_of_words_does_not_count_and_that_of_codes_does(one, other, same):
    """A text's key keeps what has a meaning: capitals of codes, indentation, values of JSON."""
    assert (text_key(one) == text_key(other)) is same


def test_units_and_names_come_off_a_key_again():
    """A key says of which number it is, in which unit and under which name."""
    for key, parts in (
        ("num:5 cm", ("num:5", "cm", "")),
        ("num:5 x=", ("num:5", "", "x")),
        ("num:5 cm ‖ AB=", ("num:5", "cm", "AB")),
        ("num:5", ("num:5", "", "")),
    ):
        assert split_key(key) == parts
        assert joined_key(*parts) == key
    assert split_key(joined_key("math:\\sqrt{2}", "cm", "")) == ("math:\\sqrt{2}", "cm", "")
    assert numeral_of("1F_{16}") == ("1f", 16)
    assert numeral_of("x_2") is None
