"""The program in a reply, whatever surrounds it."""

import time

import pytest

from solver.text.code.code_blocks import code_blocks, program_in

ADD = "def add(a, b):\n    return a + b"
USE = "print(add(1, 2))"


@pytest.mark.parametrize(
    "reply",
    [
        f"```python\n{ADD}\n```",
        f"Sure!\n\n```py\n{ADD}\n```\nIt adds.\nAnswer: see above",
        f"~~~\n{ADD}\n~~~",
        f"````python\n{ADD}\n````",
        f"```python\n{ADD}\n```.\nIt adds.",
        f"<think>\n```python\nnonsense\n```\n</think>\n```Python\n{ADD}\n```",
        f"1. First:\n   ```python\n   {ADD.replace(chr(10), chr(10) + '   ')}\n   ```",
        f"```python\n{ADD}",
        f"```bash\npip install x\n```\n```python\n{ADD}\n```\n```text\n3\n```",
        f"```python\n{ADD}\n```\nUse it so:\n```python\n{USE}\n```",
        f"A draft:\n```python\ndef add(a, b): return a\n```\nBetter:\n```python\n{ADD}\n```\n```python\n{USE}\n```",
        f"Here you are: \n{ADD}",
        ADD,
    ],
)
def test_the_program_is_found(reply):
    """Fences of any kind, indented, unclosed or missing; the last block that defines what is wanted counts."""
    assert program_in(reply, ["add"]) == ADD


def test_blocks_that_only_together_define_what_is_wanted_are_joined():
    """A helper in a block of its own belongs to the program."""
    assert program_in("```python\nx = 1\n```\nand\n```python\ny = x\n```") == "x = 1\n\ny = x"


@pytest.mark.parametrize(
    "reply",
    [
        f"Here it is:\n\n{ADD}\n\nThis function returns the sum of both numbers.",
        f"{ADD}\n\nAnswer: 3",
        "> ```python\n> " + ADD.replace("\n", "\n> ") + "\n> ```",
        "```pycon\n>>> " + ADD.replace("\n", "\n... ") + "\n>>>\n3\n```",
        "```python\n    " + ADD.replace("\n", "\n    ") + "\n```",
        "```python\n\ufeff" + ADD.replace("    ", "\u00a0\u00a0\u00a0\u00a0") + "\n```",
    ],
)
def test_a_program_is_read_as_python_reads_it(reply):
    """Without the sentences around it, a quote's or a console's signs, common indentation, and spaces that are none."""
    assert program_in(reply, ["add"]).strip() == ADD


def test_a_fence_in_a_docstring_does_not_end_the_program():
    """By CommonMark, an end that is indented four spaces further than the beginning is none."""
    program = 'def add(a, b):\n    """Add.\n\n    ```\n    add(1, 2)\n    ```\n    """\n    return a + b'
    assert program_in(f"```python\n{program}\n```\nDone.") == program
    sentences = "import x\n" + "'" * 3 + "\nThis is what it does.\n" + "'" * 3
    assert program_in(sentences) == sentences


def test_a_program_brings_what_other_blocks_define_for_it():
    """Imports and helpers in blocks of their own count with it; examples, and what it does not use, do not."""
    reply = (
        "```python\nimport math\ndef one():\n    return 1\n```\nThen\n"
        "```python\ndef other():\n    pass\n```\nand\n"
        "```python\ndef add(a, b):\n    result = a + b * one()\n    return math.floor(result)\n```\nUse it:\n"
        "```python\nfrom solution import add\nresult = add(1, 2)\nprint(result)\n```"
    )
    program = program_in(reply, ["add"])
    assert program.startswith("import math\ndef one():\n    return 1\n\ndef add(a, b):")
    assert "print" not in program
    assert "other" not in program


def test_a_reply_without_a_program_has_none():
    """Prose, and blocks of other languages, are no program."""
    assert program_in("I cannot do that.") is None
    assert program_in("```json\n{}\n```") is None
    assert code_blocks("```json\n{}\n```") == [("json", "{}")]


@pytest.mark.parametrize(
    "text",
    [
        *("```\n" * 25_000, "`" * 100_000, "def " * 25_000, "x\n" * 50_000, "~~~a\n```b\n" * 10_000),
        *(f"```{' ' * 100_000}`", f"{'~' * 100_000}`"),
    ],
)
def test_hostile_replies_are_read_at_once(text):
    """A hundred thousand characters cost a fraction of a second."""
    began_s = time.process_time()
    program_in(text, ["add"])
    assert time.process_time() - began_s < 0.5
