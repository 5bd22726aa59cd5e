"""Whatever reads a model's or a stranger's text inside the worker takes time in proportion to its length."""

from collections.abc import Callable

import pytest

from solver.checkers import problem_kind, recognise_checker
from solver.checkers.arithmetic import Arithmetic
from solver.checkers.choice import Choice
from solver.checkers.json_schema import JsonSchema
from solver.checkers.number import Number
from solver.checkers.recognise_result import guess_result
from solver.checkers.rubric import Rubric
from solver.checkers.set import SetOf
from solver.checkers.symbolic import Symbolic
from solver.core.problem.result_kind import ResultKind
from solver.core.problem.statement import Problem
from solver.core.steps import StepKind
from solver.text.chosen_option import chosen_option
from solver.text.code import code_examples
from solver.text.code.code_blocks import language_of
from solver.text.conclusions import read_groups, same_wording
from solver.text.deliverables import deliverable_in
from solver.text.extract import clean_text, extract_answer, said_aloud
from solver.text.keys import compound_in, is_no_number, quick_key, text_key
from solver.text.last_sentence import concluded_in
from solver.text.prompting.prompts import (
    clipped,
    messages_for,
    read_better,
    read_criteria,
    read_grade,
    read_margin,
    read_parts,
)
from solver.text.thoughts import without_thoughts
from solver.text.values.amounts import amount_of
from solver.text.values.latex import looks_like_math, plain_form, strip_wrappers
from solver.text.values.lookalikes import is_lookalike
from tests.support.growth import assert_linear

CHECKERS = [
    *(
        Arithmetic((3, 7, 12, 25), 58),
        Number("3.14", "0.01"),
        Choice(("A", "B", "C"), "B"),
        SetOf(("2", "3")),
    ),
    *(Symbolic("x+1"), JsonSchema("{}"), Rubric(("1: Is right",))),
]

READERS: dict[str, Callable[[str], object]] = {
    "answer": extract_answer,
    "clean": clean_text,
    "said": said_aloud,
    "said_on": lambda text: said_aloud(f"{text}x"),
    "quick_key": quick_key,
    "compound": compound_in,
    "concluded": concluded_in,
    "option": chosen_option,
    "concluded_last": lambda text: [concluded_in(f"So {text[-size:]}.") for size in (300, 790, 1_500)],
    "text_key": text_key,
    "wrappers": strip_wrappers,
    "plain": plain_form,
    "math": looks_like_math,
    "amount": amount_of,
    "lookalike": is_lookalike,
    "thoughts": without_thoughts,
    "first_chars": lambda text: [
        read(text[:4_000]) for read in (quick_key, text_key, plain_form, is_no_number)
    ],
    "number_behind": lambda text: quick_key(f"5 {text[:3_900]}"),
    "grade": read_grade,
    "better": read_better,
    "criteria": lambda text: read_criteria(text, 20),
    "margin": read_margin,
    "groups": lambda text: read_groups(text, 9),
    "wording": same_wording,
    "parts": read_parts,
    "clipped": clipped,
    "prompt": lambda text: messages_for(StepKind.GRADE, text, [text], extra=text),
    "problem": lambda text: Problem(text).messages(),
    "kind": problem_kind,
    "result": guess_result,
    "text_in": lambda text: deliverable_in(text, ResultKind.TEXT),
    "code_in": lambda text: deliverable_in(text, ResultKind.CODE),
    "data_in": lambda text: deliverable_in(text, ResultKind.DATA),
    "tests_in": lambda text: code_examples.tests_in(f"```\n{text}", "f"),
    "function": lambda text: code_examples.function_asked(text, [text]),
    "language": lambda text: language_of(text, f"```py\n{text}"),
    "puzzle": recognise_checker,
    **{f"check_{checker.kind}": checker.check for checker in CHECKERS},
    **{f"key_{checker.kind}": checker.key for checker in CHECKERS},
}
PIECES = [
    "<part>", "</part>", "<part></part>", "<", "< ", "</", "<problem", "</candidate>", "<think>", "</think>",
    "Verdict:", "verdict ****: ", "Step 1: ok\n", "> step", "Better: ", "Answer:\n", "answer *_`", "\\boxed{",
    "\\boxed", "{", "}", "(", "[1,", "\\text{", "\\text ", "\\frac{1", "\\frac", "\\begin{a}", "\\pmod ", "^ { \\circ",
    "<answer>", "#### ", "#### 1\n", "答案：", "The answer is ", "Answer: [\n", "Answer: a = 1\n", "\\fbox 1 and ",
    "By: ", "Group: ", "Group: 1, 2\n", "1, ", "5 cm ", "(since ",
    "1-2", "3:4", "H2", "1.", "a,", "and ", "1_", "’", "half ", "°", "½", "₂", "², ", "0.(", "1/2 ", "I can't ", "“",
    "<|im_end|>", "<eos>\n", "<CONTEXT> ", "</end>\n", "x <s>\n", "```\n<end>\n",
    "[THINK]", "assert f(1) == 1\n", "assert f(", "def f(", "def f(x):\n", "- ",
    "<|channel|>", "$", "**", "`", "1,", "1 000 ", "9", "a", "x = ", " ", "\n", "\t", "\0", "\ud800", "-", "A) ",
    "what is ", "mod ", "[^a]", "~~a~~", " [1]", '"answer": [', "[answer] x", "$x$ or ", "5 万", "٣",
    "(a) x ", "A. x\n", "options: ", "1) ", "write a ", "please ", "true or false ", "make table ", "why ", "x = [\n",
]  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_a_text_four_times_as_long_takes_about_four_times_as_long(name):
    """A quadratic reader takes sixteen times as long, and holds up every job of its worker."""
    for piece in PIECES:
        assert_linear(READERS[name], piece, characters=7_000)
