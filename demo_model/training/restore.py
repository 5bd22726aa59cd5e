"""Read a committed GGUF file back into PyTorch, so that training can continue from it."""

from __future__ import annotations

from pathlib import Path

import gguf
import torch
from torch import Tensor

from demo_model.training.model import Model, NumberEmbedding
from demo_model.training.tokenizer import ANSWER_ID, DIRECT


def restore(model: Model, path: Path) -> None:
    """Fill `model` with the weights of a file that `export.py` wrote with the vocabulary `DIRECT`.

    Tokens that the file does not know start near the answer mark (inputs) or near zero (outputs).
    """
    reader = gguf.GGUFReader(path)
    found = {tensor.name: torch.from_numpy(tensor.data.copy()).float() for tensor in reader.tensors}
    with torch.no_grad():
        _fill(model.embed, found["token_embd.weight"], mark=found["token_embd.weight"][ANSWER_ID])
        _fill(model.head, found["output.weight"], mark=torch.zeros(model.shape.width))
        model.norm.weight.copy_(found["output_norm.weight"])
        for index, block in enumerate(model.blocks):
            name = f"blk.{index}."
            parts = [found[f"{name}attn_{part}.weight"] for part in "qkv"]
            block.query_key_value.weight.copy_(torch.cat(parts))
            block.gate_up.weight.copy_(
                torch.cat([found[f"{name}ffn_{part}.weight"] for part in ("gate", "up")])
            )
            block.out.weight.copy_(found[f"{name}attn_output.weight"])
            block.down.weight.copy_(found[f"{name}ffn_down.weight"])
            block.norm_attention.weight.copy_(found[f"{name}attn_norm.weight"])
            block.norm_hidden.weight.copy_(found[f"{name}ffn_norm.weight"])


def _fill(embedding: NumberEmbedding, table: Tensor, *, mark: Tensor) -> None:
    """Take a plain table apart again into vectors and the vector of a leading space."""
    known = len(DIRECT.tokens)
    rows, spaced = embedding.rows[:known], embedding.spaced[:known, 0] > 0
    noise = table.std() * 0.3
    embedding.table[known:] = mark + noise * torch.randn_like(embedding.table[known:])
    embedding.table[rows[~spaced]] = table[~spaced]
    embedding.space.copy_((table[spaced] - embedding.table[rows[spaced]]).mean(0))
