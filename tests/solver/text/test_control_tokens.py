"""Control tokens that models leave in their replies."""

import pytest

from solver.text.control_tokens import without_control_tokens
from solver.text.extract import extract_answer, said_aloud

LEFT_OVER = [
    *("Rome is old. <CONTEXT>", "Rome is old.\n<end>", "Rome is old.<pad><pad>", "Rome is old. [EOS]"),
    *("Rome is old.</s>", "Rome is old. [/INST]", "Rome is old.\n</CONTEXT>\n<END>\n"),
    *("Rome is old.<｜end▁of▁sentence｜>", "Rome is old.<unk>\r\n"),
    *("Rome is old.\n</ad>", "Rome is old.\n\n </Response>\n"),
    *("Rome is old.<|im_end|>\n<|im_start|>user\nAnd Oslo?", "Rome is old.<|eot_id|><|start_header_id|>user"),
    *("Rome is old.<end_of_turn>\n<start_of_turn>user\nAnd Oslo?", "Rome is old. <|endoftext|>user: more"),
]  # fmt: skip
RIGHTLY_HELD = [
    "A turn ends with <|im_end|> in ChatML, and with </s> in others.",
    "Write `<end>`\nor '<CONTEXT>'\nor “<eos>”",
    "```html\n<end>\n<p>one</p>\n```\nThat is all.",
    "```\nprint(1) <pad>\n```\nThat is all.",
    "<context>\nOne.\n</context>",
    "It was <s>old</s>\n<s>new</s>",
    "<ul>\n<li>one</li>\n</ul>\n<end>\n",
    "Put it between <start>\nand what follows.",
    "The tag is: <end>",
    "It ends with:\n</article>",
    "<article>\nRome is old.\n</article>",
    '<article class="long">\nRome is old.\n</article>',
    "```html\nRome is old.\n</article>",
    "</article>",
    "**The tag is:** <end>",
    "for i in range(3): print('<pad>')",
    "1 < 2 and a [i] > b[EOS_ID]",
]


@pytest.mark.parametrize("reply", LEFT_OVER)
def test_leftover_control_tokens_are_no_part_of_a_reply(reply):
    """What ends lines and belongs to no sentence goes, and what a model invents behind its turn."""
    assert said_aloud(reply).strip() == "Rome is old."


@pytest.mark.parametrize("reply", RIGHTLY_HELD)
def test_a_text_keeps_the_tags_that_it_is_about(reply):
    """Code, quotations, pairs, markup and the middle of sentences are left alone."""
    assert without_control_tokens(reply) == reply


@pytest.mark.parametrize("token", ["<CONTEXT>", "<end>", "[EOS]", "<|end|>", "<pad>", "</s>", "[/INST]"])
def test_an_answer_has_no_control_token(token):
    """Answers that differ in a leftover token alone are the same."""
    assert extract_answer(f"Work.\nAnswer: 5 {token}") == "5"
    assert extract_answer(f"Work.\nAnswer: 5\n{token}\n") == "5"
    assert extract_answer(f"Work.\n**Answer: 5**{token}") == "5"
