"""Everything that reads a model's or a stranger's text in the web process costs as much as the text is long."""

import pytest
from django.template import Context, Template

from billing.cost_review.csv_reply import csv_lines
from jobs.core.errors import SubmitError
from jobs.lifecycle.submission.problem_text import checked_problem
from jobs.lifecycle.submission.titles import title_of
from jobs.mail.compose import _first_lines, _one_line
from jobs.presenters.markdown import clean_text
from jobs.templatetags.ponder import pretty_json, short_answer
from tests.processes.services import ROOT
from tests.support.growth import assert_linear

UNITS = [
    "a", " ", "\n", "\t", "\r", "\x00", "\x1b", "\ud800", "\u202e", "\u2028", "#", "*", "# \n", "\\", "\\a", "{", "^",
    "^{", "_{", "$", "<", "&", "&amp;", "<b>", '"', "'", "=", "-", "a ", "a\n", "1", "\uac00", "\u1100",
    # Accents above and below by turns: to compose them costs the square of their number.
    "\u0301", "\u0300a", "\u0315\u0300",
]  # fmt: skip
SHORTENED = Template("{% load ponder %}{{ text|shortened:200 }}{{ text|shortened:300 }}")
READERS = {
    "clean_text": clean_text,
    "checked_problem": lambda text: checked_problem(f"x{clean_text(text)}x"),
    "title_of": title_of,
    "short_answer": short_answer,
    "shortened": lambda text: SHORTENED.render(Context({"text": text})),
    "pretty_json": lambda text: pretty_json({"answer": text}),
    "first lines of a mail": _first_lines,
    "a mail's subject": _one_line,
    "csv": lambda text: list(csv_lines(["answer"], [[text]])),
}


@pytest.mark.parametrize("name", READERS)
def test_a_reader_is_linear(name):
    """Four times the text, about four times the time: nothing that a text holds makes a page slow."""
    for unit in UNITS:
        assert_linear(READERS[name], unit, characters=14_000)


def test_no_template_composes_accents():
    """Django's own ways to shorten a text cost the square of a run of accents, so `shortened` stands in their place."""
    for template in (ROOT / "templates").rglob("*.*"):
        assert "truncate" not in template.read_text(), template


@pytest.mark.parametrize("cell", ["=1+1", " =1+1", "\u00a0\uff1d1", "@x", "\t=1"])
def test_no_cell_of_a_download_is_a_formula(cell):
    """Spaces before it do not keep a spreadsheet from computing it."""
    assert list(csv_lines(["answer"], [[cell]]))[1].lstrip('"').startswith("'")


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "\u2060\u200b \n"])
def test_a_problem_that_cannot_be_seen_is_empty(text):
    """A character of no width is no problem to solve."""
    with pytest.raises(SubmitError, match="is empty"):
        checked_problem(text)


@pytest.mark.parametrize(
    ("problem", "title"),
    [
        ("Use 3, 7, 12, 25 to make 58.", "Use 3, 7, 12, 25 to make 58."),
        ("# **Prime gaps**\n\nShow that …", "Prime gaps Show that …"),
        ("Write `merge(a, b)`, which merges __init__ lists.", "Write merge(a, b), which merges __init__ lists."),
        ("Dear all,\n\nI have a question.\n\nWhy is the sky blue?", "Why is the sky blue?"),
        ("Please solve the following problem:\n\nHow many [trees](https://x.org/a)?", "How many trees?"),
        ("please list the primes below 30", "List the primes below 30"),
        ("```python\nx = 1\n```\nWhat does this print?", "What does this print?"),
        ("```python\nx = 1\n```", "x = 1"),
        (r"$$\int_0^\infty \frac{x^3}{e^x-1}\,dx$$", "∫_0^∞ x^3/(e^x-1) dx"),
        (r"Is $\frac{x^{n+1}}{2} < \sqrt{a+b}$ if $a \in \{1, 2\}$?", "Is x^(n+1)/2 < √(a+b) if a ∈ {1, 2}?"),
        ("Let n > 1. Prove that n! < n^n.", "Let n > 1. Prove that n! < n^n."),
        ("Ask Dr. Who, e.g. about time. Then rest.", "Ask Dr. Who, e.g. about time."),
        ("It costs $5 or $6.", "It costs $5 or $6."),
        ("Compute 2 * 3 * 4.", "Compute 2 * 3 * 4."),
        ("word " * 40, "Word " + "word " * 14 + "word…"),
        ("数" * 100, "数" * 79 + "…"),
        ("Solve the problem below.", "Solve the problem below."),
        ("---", "---"),
        ("\u200b", "Problem"),
    ],
)  # fmt: skip
def test_a_title_says_what_a_problem_is_about(problem, title):
    """No greeting, no mark of Markdown, no LaTeX where a sign says it, and no word cut in two."""
    assert title_of(problem) == title


def test_a_title_keeps_what_forms_words_and_emoji():
    """Persian needs its non-joiners, a family its joiners; overrides of direction go."""
    title = "می\u200cخواهم 👨\u200d👩\u200d👧 so\u00adft"
    assert title_of(f"\u200b\n# {title}\u202e") == title
