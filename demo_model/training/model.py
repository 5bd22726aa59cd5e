"""A llama-architecture transformer in PyTorch, and the shapes that are trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from demo_model.training.tokenizer import DIRECT, THINKER, Tokenizer

CONTEXT = 2048  # tokens a slot may hold when served; training rows are below 200


@dataclass(frozen=True)
class Shape:
    """Size of a model, and what it is trained on."""

    width: int
    layers: int
    heads: int
    hidden: int
    retries: tuple[float, float]  # share of workings with wrong tries, at first and in the last part
    modular: int  # modular examples for every six of Countdown
    operations: tuple[int, ...]  # in a modular example: one of these
    tokenizer: Tokenizer = DIRECT
    starts_from: str = ""  # a committed model whose weights it begins with


EXPERT = Shape(
    width=192,
    layers=6,
    heads=6,
    hidden=512,
    retries=(0.12, 0.58),
    modular=5,
    operations=(1, 2, 3, 4, 4, 5, 5, 6, 6, 6),
)

SHAPES = {
    "intern": Shape(
        width=128,
        layers=5,
        heads=4,
        hidden=352,
        retries=(0.0, 0.0),
        modular=3,
        operations=(1, 2, 3, 3, 4, 4, 5, 5),
    ),
    "expert": EXPERT,
    "thinker": replace(EXPERT, tokenizer=THINKER, starts_from="expert"),
}


class NumberEmbedding(nn.Module):
    """Token vectors where `7` and ` 7` share a vector, and numbers start from wave features.

    Waves of many periods (of n and of log n) give sums, differences, products and remainders
    a linear start; everything stays trainable and is written out as one plain table.
    """

    def __init__(self, width: int, scale: float, tokenizer: Tokenizer) -> None:
        super().__init__()
        size = len(tokenizer.tokens)
        rows, spaced, table = [], [], torch.randn(size, width) * scale
        first: dict[int, int] = {}
        for index in range(size):
            number, has_space = tokenizer.number_of(index)
            rows.append(index if number is None else first.setdefault(number, index))
            spaced.append(float(number is not None and has_space))
        periods = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 17, 19, 25, 30, 50, 100, 200, 500]
        spread = torch.randn(4 * len(periods), width) * scale / math.sqrt(len(periods))
        for number, index in first.items():
            logs = math.log(number + 1)
            waves = [
                wave(2 * math.pi * value)
                for place, period in enumerate(periods)
                for value in (number / period, logs / (0.15 * 1.25**place))
                for wave in (math.sin, math.cos)
            ]
            table[index] = 0.4 * table[index] + torch.tensor(waves) @ spread
        self.table = nn.Parameter(table)
        self.space = nn.Parameter(torch.randn(width) * scale * 0.5)
        self.register_buffer("rows", torch.tensor(rows), persistent=False)
        self.register_buffer("spaced", torch.tensor(spaced)[:, None], persistent=False)

    def forward(self) -> Tensor:
        """Return the whole table, one row a token."""
        return self.table[self.rows] + self.spaced * self.space


class Block(nn.Module):
    """One layer: attention with rotated positions, then SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.norm_attention = nn.RMSNorm(width, eps=1e-5)
        self.norm_hidden = nn.RMSNorm(width, eps=1e-5)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate_up = nn.Linear(width, 2 * shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, width, bias=False)
        for layer in (self.query_key_value, self.gate_up):
            nn.init.normal_(layer.weight, std=width**-0.5)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Return the layer's output for `x` of shape (rows, tokens, width)."""
        rows, length, width = x.shape
        q, k, v = (
            part.view(rows, length, self.heads, -1).transpose(1, 2)
            for part in self.query_key_value(self.norm_attention(x)).split(width, dim=-1)
        )
        mixed = functional.scaled_dot_product_attention(
            rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True
        )
        x = x + self.out(mixed.transpose(1, 2).reshape(rows, length, width))
        gate, up = self.gate_up(self.norm_hidden(x)).chunk(2, dim=-1)
        return x + self.down(functional.silu(gate) * up)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate neighbouring pairs, the order that llama.cpp's `llama` architecture expects."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2)


class Model(nn.Module):
    """The whole network."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = NumberEmbedding(shape.width, 1.0, shape.tokenizer)
        self.head = NumberEmbedding(shape.width, 0.02, shape.tokenizer)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=1e-5)

    def forward(self, ids: Tensor, keep: Tensor | None = None) -> Tensor:
        """Return logits for ids (rows, tokens); `keep` selects the positions wanted."""
        half = self.shape.width // self.shape.heads // 2
        speed = 10_000.0 ** (-torch.arange(half, dtype=torch.float32) / half)
        angle = torch.arange(ids.shape[1], dtype=torch.float32)[:, None] * speed
        cos, sin = angle.cos(), angle.sin()
        x = functional.embedding(ids, self.embed())
        for block in self.blocks:
            x = block(x, cos, sin)
        if keep is not None:
            x = x[keep]
        return functional.linear(self.norm(x), self.head())
