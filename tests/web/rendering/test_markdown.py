"""Texts of models and strangers: shown well, never dangerous, never slow."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.presenters.markdown import clean_text, has_math, render_markdown
from jobs.presenters.markdown.convert import to_html
from jobs.templatetags.ponder import (
    answer_as_text,
    answer_in_line,
    percent,
    seconds_words,
    short_answer,
    time_range,
    tokens,
)
from tests.support.growth import assert_linear, cpu_s

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>)",
    "![x](https://evil.example/p.png)",
    "<svg/onload=alert(1)>",
    "<a href='javascript:x'>y</a>",
    "$<img src=x onerror=alert(1)>$",
    "```<script>\nx\n```",
    "```html\n<script>alert(1)</script>\n```",
    "<style>*{}</style>",
    "[x]: javascript:alert(1)\n[x]",
    "| <b onclick=x> |\n|---|\n| <iframe> |",
    "\\[<script>alert(1)</script>\\]",
    "[^1]\n\n[^1]: <script>x</script>",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_gets_through(text):
    """No element, attribute or scheme that a text brought along survives."""
    rendered = render_markdown(text).lower()
    for part in ("<script", "<img", "<svg", "<style", "<iframe", 'href="javascript', 'href="data', "<b "):
        assert part not in rendered


def test_maths_is_marked_in_all_four_spellings():
    """Dollars and brackets, in the line and displayed."""
    rendered = render_markdown("$a_1$ and \\(b\\)\n\n$$c$$\n\n\\[\nd = 1\n\\]\n\nin a line \\[e\\].")
    for source in ("a_1", "b"):
        assert f'<span class="math inline">{source}</span>' in rendered
    assert rendered.count('class="math block"') == 3
    assert has_math(rendered)


@pytest.mark.parametrize(
    "text", ["It costs $5 and then $10 more.", "a \\( b", "\\[ never closed", "$ x $", "`$x$`"]
)
def test_money_and_loose_brackets_are_no_maths(text):
    """Only what is closed, and tight, is maths."""
    assert not has_math(render_markdown(text))


def test_code_is_highlighted_by_class_and_tables_can_scroll():
    """No style attributes: the content security policy would drop them."""
    rendered = render_markdown("```python\ndef f(): pass\n```\n\n| a | b |\n|---|:-:|\n| 1 | 2 |")
    assert '<span class="k">def</span>' in rendered
    assert '<div class="scroll" tabindex="0">' in rendered
    assert "style=" not in rendered


MARKS = [
    *(
        "\\[",
        "\\(",
        "\\]",
        "\\)",
        "\\[\n",
        "a\n\\[\n",
        "\\[\n\n",
        "- \\[\n",
        "> \\[\n",
        "\\[a\\] b\n",
        "\\[x\n\\] y\n",
    ),
    *(
        "[",
        "![",
        "[^",
        "^[",
        "[^1]",
        "^[a]",
        "[a](",
        "[a](<b",
        '[a](b "c ',
        "[a]: b\n",
        "[a]: (b\n",
        "[^a]: x\n",
        "[[]]",
    ),
    *(
        "$",
        "$$",
        "$a ",
        "$$\n",
        "$$a\n",
        "a\n$$\n",
        "$\\",
        "$$ a",
        "$a$ ",
        "*",
        "*a ",
        "**a",
        "_a",
        "*_",
        "a**b",
        "~~a ",
    ),
    *(
        "`",
        "``` a ` ",
        "```\n",
        "```python\nx\n```\n",
        "~~~ ",
        "> ",
        ">a\n",
        ">",
        "- ",
        "- a\n",
        "1. a\n- b\n",
        "* ",
        "_ ",
    ),
    *(
        "|",
        "|a|b|\n|-|-|\n|c|d|\n",
        "# a\n",
        "a\n===\n",
        "    a\n",
        "\n",
        "\t",
        "\\",
        "\\\n",
        "<",
        "<a ",
        "<!--",
        "<http://a",
    ),
    *("&", "&amp", "a b ", "x", "\u202e", "\x00", "\ud800"),
]


@pytest.mark.parametrize("unit", MARKS)
def test_the_cost_of_a_text_grows_with_its_length_alone(unit):
    """Four times as long, about four times as dear: no closer is looked for again and again."""
    assert_linear(lambda text: to_html(clean_text(text)), unit)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(MARKS), st.integers(1, 300)), max_size=8))
def test_no_mixture_of_marks_is_slow_or_breaks(parts):
    """A fraction of a millisecond for each character at most, and safe whatever stands beside what."""
    text = clean_text("".join(mark * count for mark, count in parts))
    began = cpu_s(to_html, text)
    assert began < 0.5 + 0.0003 * len(text)
    assert "<script" not in to_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "9^{9^{9^{9}}}",
        "x" * 1_000_000,
        "> " * 5_000 + "x",
        "[" * 99_000 + "]" * 99_000,
        "[^1]" * 3_000 + "\n\n[^1]: x",
    ],
)
def test_a_long_text_is_formatted_or_shown_as_it_is(text):
    """The page comes, whatever a model wrote."""
    assert len(render_markdown(text)) > 10


def test_controls_and_surrogates_are_dropped():
    """What no page and no mail can carry."""
    assert clean_text("a\x00b\x1bc\n\td\ud800") == "abc\n\td?"


@pytest.mark.parametrize("answer", ["9^{9^{9^{9}}}", r"\frac{1}{2}", "x^2 + 1", r"$\pi$"])
def test_short_answers_in_latex_are_set(answer):
    """They are marked for KaTeX."""
    assert 'class="math inline"' in short_answer(answer)


@pytest.mark.parametrize(
    ("answer", "maths"),
    [
        (r"\(\frac{1}{2}\)", [r"\frac{1}{2}"]),
        (r"\[x\]", ["x"]),
        ("$$x$$", ["x"]),
        ("The value is $x^2$ for $x > 0$.", ["x^2", "x &gt; 0"]),
        (r"$5 each, so $n$ in all", ["n"]),
    ],
)
def test_maths_between_its_marks_is_set_and_the_rest_stays_text(answer, maths):
    """A sentence with a formula is no formula, and KaTeX never sees the marks."""
    shown = short_answer(answer)
    assert re.findall(r'<span class="math inline">(.*?)</span>', shown) == maths
    assert "\\(" not in shown


@pytest.mark.parametrize(
    "answer",
    [
        "(25 - 7) * 3 + 12", "B", "a < b", "3.14", "5 $", "two_words", r"^\d{3}\s*$", r"C:\Users\name", "$5 and $6",
        r"\\server\text", r"(?:a|b)^{2}",
    ],
)  # fmt: skip
def test_other_short_answers_stay_as_they_are(answer):
    """Stars and underscores are no Markdown in an answer."""
    assert 'class="math' not in short_answer(answer)
    assert "<em>" not in short_answer(answer)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (r"$\frac{\pi^4}{15}$", "π^4/15"), (r"2\sqrt{d-1} + o(1)", "2√(d-1) + o(1)"),
        (r"It is $90^{\circ}$.", "It is 90^∘."),
        # What signs do not say stays as it was written.
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}"), (r"C:\Users\name", r"C:\Users\name"),
        ("$5 and $6", "$5 and $6"),
    ],
)  # fmt: skip
def test_where_nothing_sets_maths_an_answer_is_in_signs(answer, shown):
    """A list shows no LaTeX to people, unless something of it would be lost."""
    assert answer_as_text(answer, 90) == shown


def test_an_answer_in_a_line_is_set_where_all_of_it_fits():
    """Half a formula cannot be set."""
    assert 'class="math inline"' in answer_in_line(r"\frac{1}{2}", 20)
    assert answer_in_line(r"\frac{1}{2} + \frac{1}{3}", 12) == "\\frac{1}{2}…"
    assert answer_in_line("<b>7</b>", 20) == "<b>7</b>"


def test_a_program_is_set_as_one():
    """Its lines and signs stay as they are."""
    shown = short_answer("def f(x):\n    return x ^ 2 + '\\frac'")
    assert shown.startswith('<span class="answer-text answer-block">def f(x):\n    return x ^ 2')


@pytest.mark.parametrize(
    ("low_s", "high_s", "words"),
    [(3, 40, "3–40 s"), (50, 240, "50 s–4 min"), (60, 120, "1–2 min"), (240, 7_500, "4 min–2 h 5 min")],
)
def test_a_range_of_time_has_one_unit_where_it_can(low_s, high_s, words):
    """Nobody says 60 s–2 min."""
    assert time_range(low_s, high_s) == words


def test_words_for_numbers():
    """Confidence is never 100 %."""
    assert [percent(x) for x in (1.0, 0.934, 0.5, 0.001, None)] == ["> 99 %", "93 %", "50 %", "< 1 %", "—"]
    assert [seconds_words(x) for x in (0, 89, 95, 3600, 7500, 400_000)] == [
        "0 s",
        "89 s",
        "2 min",
        "60 min",
        "2 h 5 min",
        "5 days",
    ]
    assert [tokens(x) for x in (0, 812, 4393, 45_200, 1_900_000)] == ["0", "812", "4,393", "45.2 k", "1.9 M"]


@pytest.mark.parametrize(
    ("text", "maths"),
    [
        ("| a | b |\n|---|---:|\n| $\\ln|x|$ | 2 |", [r"\ln|x|"]),
        ("\\begin{align}\na&=b\\\\\n\\end{align}", ["\\begin{align}\na&amp;=b\\\\\n\\end{align}"]),
        (r"so \boxed{\frac{1}{2}} is it", [r"\boxed{\frac{1}{2}}"]),
        ("\\[\nx\n\n= y\n\\]", ["x\n= y"]),
        ("$$a$$ and $$b$$ on a line", ["a", "b"]),
        ("the $n$th and $HOME/$USER", ["n"]),
        ("| $5 | $6 |\n|---|---|\n| a | b |", []),
        ("```\n| echo $a|$b |\n```", []),
    ],
)
def test_maths_is_found_however_it_is_written(text, maths):
    """Bars in tables, environments, boxes, empty lines; what a shell reads is none."""
    assert re.findall(r'class="math [^>]*>(.*?)</(?:span|div)>', to_html(text), re.DOTALL) == maths
    assert "\\|" not in to_html(text)


def test_columns_keep_their_alignment():
    """Figures stand at the right where the table says so."""
    shown = to_html("| a | b | c |\n|:---|---:|:-:|\n| 1 | 2 | 3 |")
    assert '<td>1</td>\n<td class="right">2</td>\n<td class="center">3</td>' in shown
