"""Sample from a model inside PyTorch: a quick look at pass@1 while it trains."""

from __future__ import annotations

import random

import torch

from demo_model import tasks
from demo_model.check import is_right
from demo_model.problems import countdown, modular
from demo_model.training.lessons import prompt_ids
from demo_model.training.model import Model
from demo_model.training.tokenizer import ANSWER, END_ID, REASON, THINKER


def pass_rates(model: Model, problems: int, samples: int = 1) -> dict[str, object]:
    """Return pass@1 by family on held-out problems, at temperature 1."""
    rng = random.Random("watch")
    sets: dict[str, list[tasks.Countdown] | list[tasks.Modular]] = {
        "countdown3": countdown(3, problems, rng),
        "countdown4": countdown(4, problems, rng),
        "modular": modular(problems, rng),
    }
    out: dict[str, object] = {}
    for name, items in sets.items():
        prompts = [
            tasks.countdown_prompt(item, rng)
            if isinstance(item, tasks.Countdown)
            else tasks.modular_prompt(item, rng)
            for item in items
            for _ in range(samples)
        ]
        thinks = model.shape.tokenizer is THINKER
        encoded = [prompt_ids(prompt, [], REASON if thinks else ANSWER) for prompt in prompts]
        replies = sample(model, encoded, limit=450 if thinks else 150 if any(model.shape.retries) else 70)
        right = sum(is_right(items[index // samples], reply) for index, reply in enumerate(replies))
        out[name] = round(right / len(replies), 3)
    return out


@torch.no_grad()
def sample(model: Model, encoded: list[list[int]], limit: int, temperature: float = 1.0) -> list[str]:
    """Return one reply for each prompt's token ids; rows of one prompt length run together."""
    replies = [""] * len(encoded)
    for length in sorted({len(ids) for ids in encoded}):
        places = [place for place, ids in enumerate(encoded) if len(ids) == length]
        ids = torch.tensor([encoded[place] for place in places])
        rows = torch.arange(len(places))
        done: dict[int, list[int]] = {}
        for _ in range(limit):
            logits = model(ids)[:, -1]
            if temperature == 0:
                chosen = logits.argmax(-1, keepdim=True)
            else:
                chosen = torch.multinomial((logits / temperature).softmax(-1), 1)
            ids = torch.cat((ids, chosen), dim=1)
            ended = chosen[:, 0] == END_ID
            for row in ended.nonzero()[:, 0].tolist():
                done[int(rows[row])] = ids[row, length:-1].tolist()
            ids, rows = ids[~ended], rows[~ended]
            if not len(rows):
                break
        for row, place in enumerate(places):
            replies[place] = model.shape.tokenizer.decode(done.get(row, []))
    return replies
