"""Train one demo model on one CPU core for a given time.

    python -m demo_model.training.train --model intern|expert|thinker --minutes 75 --out DIR

The learning rate falls with the CPU's clock, so the run ends fully annealed, however fast the machine is
and whatever else runs on it.
Interrupted runs continue from the last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from demo_model.engine import find_model
from demo_model.training import lessons
from demo_model.training.cases import read_cases
from demo_model.training.data import Mix, Row, batches, direct_rows
from demo_model.training.model import SHAPES, Model
from demo_model.training.restore import restore
from demo_model.training.train_muon import Muon
from demo_model.training.train_sample import pass_rates

WARM_UP = 60  # steps
LATE_PART = 0.6  # of the time: from here on, workings with wrong tries are common
SAVE_EVERY_S = 180
RATE_EVERY_S = 1200  # between measurements of pass@1


def main() -> None:
    """Train until the time is used up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=sorted(SHAPES), required=True)
    parser.add_argument("--minutes", type=float, default=75)
    parser.add_argument("--out", type=Path, default=Path("var/demo_model"))
    parser.add_argument("--tokens", type=int, default=4096, help="tokens per step")
    parser.add_argument("--muon-rate", type=float, default=0.006)
    parser.add_argument("--adam-rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pool", type=int, default=2048, help="rows that are sorted into batches")
    parser.add_argument("--rate-every", type=float, default=RATE_EVERY_S)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    args.out.mkdir(parents=True, exist_ok=True)
    Training(args).run()


class Training:
    """One run: the model, its optimisers, its clock and its log."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.shape = SHAPES[args.model]
        self.model = Model(self.shape)
        if self.shape.starts_from:
            restore(self.model, find_model(self.shape.starts_from))
        for block in self.model.blocks:
            block.compile(dynamic=True)  # a quarter faster on one core
        blocks = list(self.model.blocks.named_parameters())
        parts = {"query_key_value.weight": 3, "gate_up.weight": 2}
        matrices = [(parts.get(n.split(".", 1)[1], 1), p) for n, p in blocks if p.ndim == 2]
        inner = {id(p) for _, p in matrices}
        self.optimisers = [
            Muon([{"params": [p], "parts": n} for n, p in matrices], lr=args.muon_rate),
            torch.optim.AdamW(
                [p for p in self.model.parameters() if id(p) not in inner],
                lr=args.adam_rate,
                betas=(0.9, 0.98),
                weight_decay=0.0,
            ),
        ]
        self.peaks = [args.muon_rate, args.adam_rate]
        self.step = 0
        self.used = 0.0  # CPU seconds of training so far, over all runs
        self.checkpoint = args.out / f"{args.model}.pt"
        self.log_path = args.out / f"{args.model}.train.jsonl"
        if self.checkpoint.exists():
            self.load()

    def run(self) -> None:
        """Train, log, measure and save until the time is used up."""
        args, budget = self.args, self.args.minutes * 60
        size = sum(p.numel() for p in self.model.parameters())
        self.log({"parameters": size, **{k: str(v) for k, v in vars(args).items() if k != "out"}})
        started, saved, rated = time.process_time() - self.used, self.used, self.used
        losses: list[float] = []
        tokens = examples = 0
        for rows in batches(self.rows(), args.tokens, args.pool):
            self.used = time.process_time() - started
            if self.used >= budget:
                break
            losses.append(self.update(rows, self.used / budget))
            self.step += 1
            tokens += sum(len(row.ids) for row in rows)
            examples += len(rows)
            if self.step % 50 == 0:
                mean = round(sum(losses) / len(losses), 4)
                self.log({"loss": mean, "tokens": tokens, "examples": examples})
                losses, tokens, examples = [], 0, 0
            if self.used - saved > SAVE_EVERY_S:
                self.save()
                saved = self.used
            if self.used - rated > args.rate_every:
                self.log(pass_rates(self.model, problems=12 if self.shape.starts_from else 24))
                rated = self.used
        self.save()
        self.log(pass_rates(self.model, problems=12 if self.shape.starts_from else 60))

    def rows(self) -> Iterator[Row]:
        """Return the model's own kind of examples."""
        seed = f"train {self.args.model} {self.step}"
        if self.shape.starts_from:
            return lessons.rows(random.Random(seed), read_cases(self.args.out / "candidates.jsonl"))
        return direct_rows(seed, self.mix)

    def mix(self) -> Mix:
        """Return what to train on now: few wrong tries at first, to learn good first tries."""
        late = self.used >= LATE_PART * self.args.minutes * 60
        return Mix(self.shape.retries[late], self.shape.modular, self.shape.operations)

    def update(self, rows: list[Row], done: float) -> float:
        """Make one step at the share `done` of the budget; return the loss per token."""
        rate = min(1.0, (self.step + 1) / WARM_UP) * min(1.0, 1.15 * (1.01 - done))
        rate = max(rate, 0.01)
        for optimiser, peak in zip(self.optimisers, self.peaks, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = peak * rate
        ids, imitate = tensors(rows)
        keep = imitate[:, 1:]
        logits = self.model(ids[:, :-1], keep)
        loss = functional.cross_entropy(logits, ids[:, 1:][keep])
        self.model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        return loss.item()

    def log(self, record: dict[str, object]) -> None:
        """Append a line to the training log and show it."""
        line = json.dumps({"step": self.step, "seconds": round(self.used), **record})
        with self.log_path.open("a") as file:
            file.write(line + "\n")
        print(line, flush=True)

    def save(self) -> None:
        """Replace the checkpoint in one move, so that it is never half written."""
        state = {
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "step": self.step,
            "used": self.used,
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def load(self) -> None:
        """Go on from the checkpoint."""
        state = torch.load(self.checkpoint)
        self.model.load_state_dict(state["model"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.step, self.used = state["step"], state["used"]


def tensors(rows: list[Row]) -> tuple[Tensor, Tensor]:
    """Pad rows to one length; padding is never imitated."""
    length = max(len(row.ids) for row in rows)
    ids = torch.tensor([row.ids + [0] * (length - len(row.ids)) for row in rows])
    imitate = torch.tensor(
        [row.imitate + [False] * (length - len(row.imitate)) for row in rows], dtype=torch.bool
    )
    return ids, imitate


if __name__ == "__main__":
    main()
