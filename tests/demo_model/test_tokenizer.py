"""The tokenizer: lossless, numbers whole, and the same as llama.cpp's."""

import json
import random
import urllib.request

import pytest

from demo_model.training import data
from demo_model.training.tokenizer import DIRECT, THINK, THINKER, THINKER_WORDS, THOUGHT

TEXTS = [
    "Use 3, 7, 12, 25 to make 58.",
    "What is ((17 + 8) * 6 - 11) mod 13?",
    "  spaces \t\n\n and 1234567 numbers",
    "don't we'll é ü 你好 😀 ²³ ½",
    "".join(chr(code) for code in range(1, 256)),
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("tokenizer", [DIRECT, THINKER])
def test_decoding_gives_the_text_back(tokenizer, text):
    """Every text survives, whatever its bytes."""
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("tokenizer", [DIRECT, THINKER])
def test_numbers_up_to_400_are_one_token(tokenizer):
    """A number is one token, with and without a space before it."""
    for number in range(401):
        assert len(tokenizer.encode(str(number))) == 1
        assert len(tokenizer.encode(f" {number}")) == 1


@pytest.mark.parametrize("tokenizer", [DIRECT, THINKER])
def test_the_vocabulary_has_no_doubles_and_holds_every_byte(tokenizer):
    """llama.cpp refuses anything else."""
    assert len(tokenizer.ids) == len(tokenizer.tokens)
    assert {*tokenizer.control, *tokenizer.visible} <= {*tokenizer.tokens}
    for byte in range(256):
        tokenizer.encode(bytes([byte]).decode("latin-1"))


def test_the_thinkers_vocabulary_goes_on_where_the_direct_one_ends():
    """Weights trained with the smaller vocabulary keep their meaning, and the new words are whole."""
    assert THINKER.tokens[: len(DIRECT.tokens)] == DIRECT.tokens
    for word in THINKER_WORDS:
        assert len(THINKER.encode(word)) == 1
    for text in TEXTS[:2]:
        assert THINKER.encode(text) == DIRECT.encode(text)
    assert THINKER.decode([THINKER.ids[THINK], THINKER.ids[THOUGHT]]) == "<think></think>"


def test_llama_cpp_counts_the_same_tokens(intern_url):
    """The served model splits prompts as training did: usage counts the same tokens."""
    rng = random.Random(2)
    rows = [row for _ in range(2) for row in data.draw(rng, data.Mix(0.0, 3, (1, 3, 6)))]
    texts = [*TEXTS, *(DIRECT.decode(row.ids) for row in rows)]
    for text in texts:
        body = {"messages": [{"role": "user", "content": text}], "max_tokens": 1}
        request = urllib.request.Request(f"{intern_url}/v1/chat/completions", json.dumps(body).encode())
        with urllib.request.urlopen(request) as reply:
            usage = json.load(reply)["usage"]
        assert usage["prompt_tokens"] == len(DIRECT.encode(text.strip())) + 2
