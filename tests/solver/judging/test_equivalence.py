"""Formulas that mean the same share a key, however they are written; these run in this process, on tame input."""

import pytest

from solver.judging import equivalence

SAME = [
    (r"\frac{x+1}{2}", ["(x+1)/2", "0.5x + 0.5", r"\frac{x}{2}+\frac12", "(x^2-1)/(2x-2)", "y = (x+1)/2"]),
    (r"\frac{\sqrt{2}}{2}", ["sqrt(2)/2", r"\frac{1}{\sqrt2}", "√2/2", r"2^{-1/2}", r"\sin(\pi/4)"]),
    (r"2\sqrt{3}", ["2√3", r"\sqrt{12}", "sqrt(12)", "2*sqrt(3)", r"\frac{6}{\sqrt{3}}"]),
    (r"1+\sqrt{2}", [r"\sqrt{3+2\sqrt{2}}", "sqrt(2) + 1"]),
    (r"\frac{\pi}{4}", ["pi/4", "π/4", r"\frac\pi4", r"0.25\pi", r"\arctan 1"]),
    ("x^2 + 2x + 1", ["(x+1)^2", "x**2 + 2*x + 1", "(1+x)(x+1)", "x² + 2x + 1"]),
    (r"\{1, 2\}", [r"\{2, 1\}", "2, 1", "1 and 2"]),
    ("(1, 2)", ["(1,2)", r"\left(1, 2\right)", "(4/4, 2)"]),
    ("[1, 2)", [r"\left[1,2\right)", r"x \in [1,2)"]),
    ("x > 3", ["3 < x"]),
    ("x=3, y=4", ["y = 4, x = 3"]),
    (r"e^{x}", ["exp(x)", "e^x"]),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", [r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"]),
]

DIFFERENT = [
    ("x^2 y", "x y^2"), (r"\sqrt{x^2}", "3x - 2x"), ("(1, 2)", r"\{1, 2\}"), ("(1,2)", "(2,1)"), ("[1,2)", "(1,2]"),
    ("x > 3", "x < 3"), ("x > 3", r"x \ge 3"), (r"\sqrt{2}", "1.414213562373095048"), (r"\pi", "3.14159265358979"),
    ("2x + 1", "2x - 1"), ("2n", "2m"), (r"\infty", r"-\infty"), ("3x=4", "3x=5"), (r"10^{-20}\pi", r"10^{-30}\pi"),
]  # fmt: skip


def form(answer):
    """Read an answer that can be read."""
    read = equivalence.form_of(answer)
    assert read is not None, answer
    return read


@pytest.mark.parametrize(("known", "answer"), [(known, one) for known, group in SAME for one in group])
def test_equal_formulas_match(known, answer):
    """A formula matches the key of every other way to write it, in both directions."""
    assert equivalence.matching_key(form(answer), ["num:7", "text:x", form(known).key]) == form(known).key
    assert equivalence.matching_key(form(known), [form(answer).key]) == form(answer).key


@pytest.mark.parametrize(("known", "answer"), DIFFERENT)
def test_different_formulas_do_not_match(known, answer):
    """Near misses stay apart."""
    assert equivalence.matching_key(form(answer), [form(known).key]) is None
    assert form(answer).key != form(known).key


@pytest.mark.parametrize(
    ("answer", "key", "value"),
    [
        (r"\sqrt{4}", "num:2", "2"), ("2^{-1}", "num:1/2", "1/2"), ("2^10", "num:1024", "1024"),
        (r"\binom{5}{2}", "num:10", "10"), ("5!", "num:120", "120"), ("1e-3", "num:1/1000", "1/1000"),
        (r"3 \cdot 4 + 1", "num:13", "13"), ("(1+2)*3", "num:9", "9"), (r"\sin^2 x + \cos^2 x", "num:1", "1"),
        (r"\pi", r"math:\pi", "3.14159265358979323846264338328"),
    ],
)  # fmt: skip
def test_numbers_get_the_keys_of_plain_numbers(answer, key, value):
    """A formula whose value is rational is that number."""
    assert form(answer)[:2] == (key, value)


@pytest.mark.parametrize(
    "answer", [r"\{x \mid x > 3\}", "2 # 3", "1 2 3", "", "(((", r"\frac{1}{", "x +", "∀x"],
)  # fmt: skip
def test_what_cannot_be_read_whole_is_not_read_in_part(answer):
    """A fragment of an answer is not the answer."""
    assert equivalence.form_of(answer) is None


def test_complex_and_symbolic_answers_have_no_decimal_value():
    """Only real numbers can be compared with an expected number."""
    assert form("x + 1").value is None
    assert form(r"\sqrt{-4}").value is None
    assert form(r"\infty").value is None


def test_a_known_key_that_cannot_be_read_is_skipped():
    """Cut and broken keys never match and never raise."""
    known = ["math:", "math:((", "math:xxx…#0123", "num:", "num:x…#1", "num:2"]
    assert equivalence.matching_key(form(r"\sqrt{4}"), known) == "num:2"
    assert equivalence.matching_key(form(r"\sqrt{5}"), known) is None
