"""A byte-level BPE tokenizer (GPT-2 type) in which every number up to 400 is one token.

Whole numbers as tokens turn arithmetic into a lookup and halve the length of a working. The
merges are made here, in order: numbers, numbers after a space, then the words of `WORDS`.
llama.cpp reads the same tokens and merges from the GGUF file and must split text alike.
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


def _word_merges(words: list[str]) -> list[tuple[str, str]]:
    """Learn BPE merges until each word is one token: most frequent pair first."""
    parts = [list(_spell(word)) for word in words]
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


def _build() -> tuple[list[str], list[tuple[str, str]]]:
    merges = [*_number_merges(), *_word_merges(_words())]
    tokens = list(BYTES)
    known = set(tokens)
    for left, right in merges:
        if left + right not in known:
            known.add(left + right)
            tokens.append(left + right)
    return [*tokens, *CONTROL], merges


TOKENS, MERGES = _build()
IDS: Final = {token: index for index, token in enumerate(TOKENS)}
_RANKS: Final = {pair: rank for rank, pair in enumerate(MERGES)}
PROBLEM_ID: Final = IDS[PROBLEM]
ANSWER_ID: Final = IDS[ANSWER]
END_ID: Final = IDS[END]


@functools.lru_cache(maxsize=20_000)
def _encode_piece(piece: str) -> tuple[int, ...]:
    part = list(_spell(piece))
    while len(part) > 1:
        ranked = [(_RANKS.get(pair, len(_RANKS)), pair) for pair in itertools.pairwise(part)]
        rank, pair = min(ranked)
        if rank == len(_RANKS):
            break
        # One merge at a time, leftmost first, as llama.cpp does.
        index = ranked.index((rank, pair))
        part[index : index + 2] = [pair[0] + pair[1]]
    return tuple(IDS[name] for name in part)


def encode(text: str) -> list[int]:
    """Return the token ids of a text without control tokens."""
    return [token for piece in _SPLIT.findall(text) for token in _encode_piece(piece)]


def decode(ids: list[int]) -> str:
    """Return the text of token ids; control tokens are left out."""
    back = {name: byte for byte, name in enumerate(BYTES)}
    spelled = "".join(TOKENS[index] for index in ids if TOKENS[index] not in CONTROL)
    return bytes(back[char] for char in spelled).decode(errors="replace")


def number_of(index: int) -> tuple[int | None, bool]:
    """Return the number that a token stands for (or None), and whether a space leads it."""
    token = TOKENS[index]
    spaced = token.startswith(SPACE)
    digits = token[1:] if spaced else token
    return (int(digits) if digits.isascii() and digits.isdigit() else None), spaced
