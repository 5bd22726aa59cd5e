"""Citations: which numbers a text names, and that invented ones go."""

import time

import pytest

from solver.text.citations import cited, invented, without_invented


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Bees fly [1]. They sing.[2] And (so) [3][14].", [1, 2, 3, 14]),
        ("A **bold** claim [2], “quoted” [3]; 40 % [4]!", [2, 3, 4]),
        ("Answer: [7]", []),
        ("[7] is a list, x[7] a place, a link [7](https://e.org) and [7][ref], a note [7]: here", []),
        ("`code [7]` and $x [7]$ and $$y. [7]$$ and \\(z. [7]\\) and \\[z. [7]\\].", []),
        ("```python\na = b [7]\n```\nYes. [1]", [1]),
        ("~~~\nx. [7]\n", []),
        ("Fenced\n````\n``` [7]\nx. [8]\n````\nEnd [2]", [2]),
        ("Year [2026], and [12345].", [2026]),
        ("東京は首都です[3]。大阪も。[4] 서울은 수도다[5].", [3, 4, 5]),
        ("„Es ist so.“ [3] «Oui» [4] and so on… [5]", [3, 4, 5]),
        ("Bees [1a] [] [x] [ 1 ].", []),
    ],
)
def test_a_citation_is_a_number_after_words(text, numbers):
    """Nothing in code, formulas and links is one, nor a list that is the answer."""
    assert list(cited(text)) == numbers


def test_what_nobody_read_is_not_cited():
    """Invented numbers go with the space before them; the rest of the text stays as it was."""
    text = "Bees fly [1]. Fish sing [9]. Both.[0] `x. [9]` [2]"
    assert without_invented(text, 2) == "Bees fly [1]. Fish sing. Both. `x. [9]` [2]"
    assert invented(text, 2) == 2
    assert (without_invented(text, 0), invented(text, 0)) == (text, 0)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Bees fly [1, 9]. Fish.[8, 9] So【9】, and [^9].", "Bees fly [1]. Fish.[8, 9] So, and."),
        ("Bees fly [1–9] too [2, 3, 4].", "Bees fly [1, 2, 3] too [2, 3]."),
        (
            "It prints [2, 3, 5]. The list [2, 9] is [1, 100].",
            "It prints [2, 3, 5]. The list [2, 9] is [1, 100].",
        ),
        ("All were read [1, 2-3].", "All were read [1, 2-3]."),
    ],
)
def test_of_a_group_only_what_was_read_stays(text, kept):
    """A list of numbers is left alone: a wrong citation does less harm than a wrong answer."""
    assert without_invented(text, 3) == kept


@pytest.mark.parametrize(
    "evil",
    ["`" * 3 + "\n", "[1", "a [", "$", "\\[", "~~~\n", "x [1] ", "`a", "x [^1] ", "x [1, 2", "【1"],
)
def test_hostile_texts_are_read_at_once(evil):
    """No text makes it slow."""
    began_s = time.process_time()
    without_invented(evil * (200_000 // len(evil)), 3)
    assert time.process_time() - began_s < 5
