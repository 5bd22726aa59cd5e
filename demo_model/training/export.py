"""Write a training checkpoint as a GGUF file that llama.cpp serves.

python -m demo_model.training.export --model expert --checkpoint expert.pt --out expert.gguf
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np
import torch
from torch import Tensor

from demo_model.training.model import CONTEXT, SHAPES, Model, Shape
from demo_model.training.templates import TEMPLATES
from demo_model.training.tokenizer import END_ID, PROBLEM_ID, Tokenizer


def main() -> None:
    """Export one checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--model", choices=sorted(SHAPES), required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    shape = SHAPES[args.model]
    model = Model(shape)
    model.load_state_dict(torch.load(args.checkpoint)["model"])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write(model, shape, args.model, args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


def write(model: Model, shape: Shape, name: str, path: Path) -> None:
    """Write the model, its tokenizer and its chat template."""
    tokenizer = shape.tokenizer
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"ponder-demo-{name}")
    writer.add_license("apache-2.0")
    writer.add_description("Countdown puzzles and modular arithmetic, trained from scratch")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokenizer.tokens))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokenizer.tokens)
    writer.add_token_types(kinds(tokenizer))
    writer.add_token_merges([f"{left} {right}" for left, right in tokenizer.merges])
    writer.add_bos_token_id(PROBLEM_ID)
    writer.add_eos_token_id(END_ID)
    writer.add_pad_token_id(END_ID)
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATES[name])
    with torch.no_grad():
        for key, weight in weights(model).items():
            kind = np.float32 if weight.ndim == 1 else np.float16
            writer.add_tensor(key, np.ascontiguousarray(weight.numpy().astype(kind)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def kinds(tokenizer: Tokenizer) -> list[gguf.TokenType]:
    """Return the type of each token: control tokens are never written out, visible ones are."""
    special = dict.fromkeys(tokenizer.control, gguf.TokenType.CONTROL)
    special |= dict.fromkeys(tokenizer.visible, gguf.TokenType.USER_DEFINED)
    return [special.get(token, gguf.TokenType.NORMAL) for token in tokenizer.tokens]


def weights(model: Model) -> dict[str, Tensor]:
    """Name the tensors as llama.cpp does."""
    named = {
        "token_embd.weight": model.embed(),
        "output.weight": model.head(),
        "output_norm.weight": model.norm.weight,
    }
    for index, block in enumerate(model.blocks):
        query, key, value = block.query_key_value.weight.chunk(3)
        gate, up = block.gate_up.weight.chunk(2)
        named |= {
            f"blk.{index}.attn_norm.weight": block.norm_attention.weight,
            f"blk.{index}.attn_q.weight": query,
            f"blk.{index}.attn_k.weight": key,
            f"blk.{index}.attn_v.weight": value,
            f"blk.{index}.attn_output.weight": block.out.weight,
            f"blk.{index}.ffn_norm.weight": block.norm_hidden.weight,
            f"blk.{index}.ffn_gate.weight": gate,
            f"blk.{index}.ffn_up.weight": up,
            f"blk.{index}.ffn_down.weight": block.down.weight,
        }
    return named


if __name__ == "__main__":
    main()
