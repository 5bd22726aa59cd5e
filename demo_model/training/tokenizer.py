"""A byte-level BPE tokenizer (GPT-2 type) in which every number up to 400 is one token.

Whole numbers as tokens turn arithmetic into a lookup and halve the length of a working. The
merges are made here, in order: numbers, numbers after a space, then the words of `WORDS`.
llama.cpp reads the same tokens and merges from the GGUF file and must split text alike.

`DIRECT` is the vocabulary of the models that answer at once. `THINKER` adds words and marks
behind it, so that every token of `DIRECT` keeps its id.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import Final

from demo_model import phrasings
from demo_model.tasks import MAX_VALUE

PROBLEM: Final = "<|problem|>"
ANSWER: Final = "<|answer|>"
END: Final = "<|end|>"
CONTROL: Final = (PROBLEM, ANSWER, END)

WORDS: Final = ("Answer", " left", " not", " mod", "\n", " ...", "'.", " '")

REASON: Final = "<|reason|>"
CANDIDATE: Final = "<|candidate|>"
TASKS: Final = ("grade", "compare", "revise", "aggregate")
THINK: Final = "<think>"
THOUGHT: Final = "</think>"
THINKER_CONTROL: Final = (REASON, CANDIDATE, *(f"<|{task}|>" for task in TASKS))
THINKER_WORDS: Final = ("Step", " ok", " wrong", "Verdict", " correct", " incorrect", "Better", " A", " B")

# The split of GPT-2, narrowed to ASCII classes; text outside ASCII is split alike by bytes.
_SPLIT = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+", re.UNICODE)


def _byte_names() -> list[str]:
    """Return the printable stand-in of each byte, as GPT-2 defines them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names = {byte: chr(byte) for byte in plain}
    extra = 0
    for byte in range(256):
        if byte not in names:
            names[byte] = chr(256 + extra)
            extra += 1
    return [names[byte] for byte in range(256)]


BYTES: Final = _byte_names()
SPACE: Final = BYTES[32]


def _spell(text: str) -> str:
    return "".join(BYTES[byte] for byte in text.encode())


def _word_merges(parts: list[list[str]]) -> list[tuple[str, str]]:
    """Learn BPE merges until each word, given in pieces, is one token: most frequent pair first."""
    merges: list[tuple[str, str]] = []
    while True:
        counts: dict[tuple[str, str], int] = {}
        for part in parts:
            for pair in itertools.pairwise(part):
                counts[pair] = counts.get(pair, 0) + 1
        if not counts:
            return merges
        best = max(counts, key=lambda pair: (counts[pair], pair))
        merges.append(best)
        parts = [_merge(part, best) for part in parts]


def _merge(part: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    index = 0
    while index < len(part):
        if index + 1 < len(part) and (part[index], part[index + 1]) == pair:
            out.append(part[index] + part[index + 1])
            index += 2
        else:
            out.append(part[index])
            index += 1
    return out


def _number_merges() -> list[tuple[str, str]]:
    merges = [(str(n // 10), str(n % 10)) for n in range(10, 100)]
    for number in range(100, MAX_VALUE + 1):
        text = str(number)
        merges += [(text[:2], text[2:]), (text[:1], text[1:])]
    merges += [(SPACE, str(number)) for number in range(MAX_VALUE + 1)]
    return merges


def _words() -> list[str]:
    text = " ".join((*phrasings.COUNTDOWN, *phrasings.MODULAR))
    text = re.sub(r"\{\w+\}", "1", text)
    sentences = [text, *phrasings.BEFORE, *phrasings.AFTER]
    found = {piece for sentence in sentences for piece in _SPLIT.findall(sentence)}
    found |= {" +", " -", " *", " /", " =", " (", " ((", "((", "))", ").", ")?", *WORDS}
    found |= {word[1:] for word in found if word.startswith(" ") and word[1:].isalpha()}
    return sorted(word for word in found if not any(char.isdigit() for char in word))


class Tokenizer:
    """Tokens, merges, and the ways between text and token ids.

    `control` tokens are never written out; `visible` ones are whole tokens that are.
    """

    def __init__(
        self,
        tokens: list[str],
        merges: list[tuple[str, str]],
        *,
        control: tuple[str, ...],
        visible: tuple[str, ...] = (),
    ) -> None:
        self.tokens = tokens
        self.merges = merges
        self.control = control
        self.visible = visible
        self.ids = {token: index for index, token in enumerate(tokens)}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._encode_piece = functools.lru_cache(maxsize=20_000)(self._encode_new_piece)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text without control tokens."""
        return [token for piece in _SPLIT.findall(text) for token in self._encode_piece(piece)]

    def decode(self, ids: list[int]) -> str:
        """Return the text of token ids; control tokens are left out."""
        back = {name: byte for byte, name in enumerate(BYTES)}
        spelled = "".join(self.tokens[index] for index in ids if self.tokens[index] not in self.control)
        return bytes(back[char] for char in spelled).decode(errors="replace")

    def number_of(self, index: int) -> tuple[int | None, bool]:
        """Return the number that a token stands for (or None), and whether a space leads it."""
        token = self.tokens[index]
        spaced = token.startswith(SPACE)
        digits = token[1:] if spaced else token
        return (int(digits) if digits.isascii() and digits.isdigit() else None), spaced

    def pieces(self, text: str) -> list[str]:
        """Return the names of a word's tokens."""
        return [self.tokens[index] for index in self._encode_new_piece(text)]

    def _encode_new_piece(self, piece: str) -> tuple[int, ...]:
        part = list(_spell(piece))
        while len(part) > 1:
            ranked = [(self._ranks.get(pair, len(self._ranks)), pair) for pair in itertools.pairwise(part)]
            rank, pair = min(ranked)
            if rank == len(self._ranks):
                break
            # One merge at a time, leftmost first, as llama.cpp does.
            index = ranked.index((rank, pair))
            part[index : index + 2] = [pair[0] + pair[1]]
        return tuple(self.ids[name] for name in part)


def _with_results(tokens: list[str], merges: list[tuple[str, str]]) -> list[str]:
    """Return the tokens followed by what the merges make, each once."""
    return [*dict.fromkeys([*tokens, *(left + right for left, right in merges)])]


def _direct() -> Tokenizer:
    merges = [*_number_merges(), *_word_merges([list(_spell(word)) for word in _words()])]
    return Tokenizer([*_with_results(BYTES, merges), *CONTROL], merges, control=CONTROL)


def _thinker() -> Tokenizer:
    more = _word_merges([DIRECT.pieces(word) for word in THINKER_WORDS])
    visible = (THINK, THOUGHT)
    tokens = [*_with_results(DIRECT.tokens, more), *THINKER_CONTROL, *visible]
    return Tokenizer(tokens, DIRECT.merges + more, control=CONTROL + THINKER_CONTROL, visible=visible)


DIRECT: Final = _direct()
THINKER: Final = _thinker()
PROBLEM_ID: Final = DIRECT.ids[PROBLEM]
ANSWER_ID: Final = DIRECT.ids[ANSWER]
END_ID: Final = DIRECT.ids[END]
