"""Muon: momentum whose matrix updates are made orthogonal (Jordan and others, 2024)."""

from __future__ import annotations

import torch
from torch import Tensor


def orthogonal(update: Tensor, rounds: int = 5) -> Tensor:
    """Push the singular values of a matrix towards 1 by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    wide = update.shape[0] <= update.shape[1]
    x = update if wide else update.T
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    """Optimiser for the matrices inside the layers; `parts` splits fused matrices by rows."""

    def __init__(self, groups: list[dict[str, object]], lr: float) -> None:
        super().__init__(groups, {"lr": lr, "momentum": 0.95, "decay": 0.01, "parts": 1})

    @torch.no_grad()
    def step(self) -> None:
        """Update every matrix once."""
        for group in self.param_groups:
            for weight in group["params"]:
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                momentum.lerp_(weight.grad, 1 - group["momentum"])
                update = weight.grad.lerp(momentum, group["momentum"])
                pieces = [orthogonal(piece) for piece in update.chunk(group["parts"])]
                rows, columns = pieces[0].shape
                weight.mul_(1 - group["lr"] * group["decay"])
                weight.add_(torch.cat(pieces), alpha=-group["lr"] * max(1, rows / columns) ** 0.5)
