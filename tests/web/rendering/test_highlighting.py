"""Code in colours: only languages that hostile text cannot make slow, and only so much of it."""

import html

import pytest
from pygments.lexers import get_all_lexers

from jobs.presenters.markdown.convert import to_html
from jobs.presenters.markdown.highlighting import (
    LANGUAGES,
    MAX_BLOCK_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    highlighted,
)
from tests.support.growth import cpu_s

UNITS = [
    *"a([{<\"'`\\/*#&|@%^~-+0=;:,.!? \t\n\r",
    *(
        "a ",
        "//",
        "/*",
        "*/",
        "#\n",
        "<!--",
        "<a ",
        "<a>",
        "</",
        "<?",
        "<![CDATA[",
        "${",
        "$(",
        "{{",
        "''",
        '"""',
        "'''",
    ),
    *(
        "f'{",
        "r'",
        "==",
        "..",
        "--",
        "---\n",
        "0x",
        "1e",
        "1.",
        " \n",
        "a\n",
        "a:",
        "a: ",
        "a =",
        "a(",
        "a(a",
        "a<a",
    ),
    *(
        "a.a",
        "a::",
        "def a",
        "class a",
        "import a, ",
        "select ",
        '"a":',
        "[1,",
        '"\\',
        "'\\",
        "/a",
        "%{",
        "<<A\n",
        "=>",
    ),
    *(
        "function a(",
        "(a,",
        "let a:",
        "\u00e9",
        "\u2028",
        "a*b ",
        "fn a<",
        "\\begin{",
        "- a\n",
        "  - ",
        "@@ ",
        "!!a ",
    ),
]


MOST_S = 0.4


@pytest.mark.parametrize("language", sorted(set(LANGUAGES.values())))
def test_no_hostile_text_makes_an_allowed_language_slow(language):
    """A block of the greatest length ends soon whatever it repeats; all blocks of a text cost at most ten of them."""
    for unit in UNITS:
        code = (unit * MAX_BLOCK_CHARACTERS)[:MAX_BLOCK_CHARACTERS]
        # Measured again where it seems slow: the machine may have been.
        measured = (cpu_s(lambda text: highlighted(text, language), code) for _ in range(4))
        assert any(seconds < MOST_S for seconds in measured), repr(unit)
    assert MAX_TEXT_CHARACTERS <= 10 * MAX_BLOCK_CHARACTERS


@pytest.mark.parametrize("language", ["mcschema", "c", "csharp", "makefile", "", "no-such", "python" * 999])
def test_other_languages_are_shown_as_they_are(language):
    """One of Pygments' lexers never ends on four characters, and many are slow on ordinary code."""
    assert highlighted("<!-- & 'x'", language) == html.escape("<!-- & 'x'")


def test_every_other_lexer_of_the_library_is_refused():
    """A name counts only if it is on the list, whatever the library knows under it."""
    for _, aliases, _, _ in get_all_lexers():
        for alias in set(aliases) - set(LANGUAGES):
            assert highlighted("<!--", alias) == "&lt;!--"


def test_long_code_and_much_code_are_not_highlighted():
    """Neither a long block nor the many blocks of a long text cost more than a page may."""
    assert "<span" not in highlighted("x = 1\n" * MAX_BLOCK_CHARACTERS, "python")
    block = "```python\n" + "x = 1\n" * 300 + "```\n"
    rendered = to_html(block * 50)
    assert rendered.count('<pre class="code"') == 50
    assert rendered.count('<span class="o">') == 300 * (MAX_TEXT_CHARACTERS // 1_800)
