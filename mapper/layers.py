"""The two networks that a mapper is made of: a residual perceptron, and a denoiser steered by a condition.

Only linear maps, layer norms and SiLU occur, so that they are quickly written anew in another framework.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mapper.schedule import time_features


class Residual(nn.Module):
    """``x + two(silu(one(norm(x))))``: a block that begins as nothing."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.one = nn.Linear(width, width)
        self.two = nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        nn.init.zeros_(self.two.weight)
        nn.init.zeros_(self.two.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x``, shape ``(n, width)``, with what the block adds."""
        added: Tensor = self.two(functional.silu(self.one(self.norm(x))))
        kept: Tensor = self.drop(added)
        return x + kept


class Perceptron(nn.Module):
    """Linear, residual blocks, SiLU, linear."""

    def __init__(self, inputs: int, width: int, blocks: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(Residual(width, dropout) for _ in range(blocks))
        self.drop = nn.Dropout(dropout)
        self.last = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return shape ``(n, outputs)`` for shape ``(n, inputs)``."""
        x = self.drop(self.first(x))
        for block in self.blocks:
            x = block(x)
        return self.last(functional.silu(x))  # type: ignore[no-any-return]


class Steered(nn.Module):
    """A residual block scaled, shifted and gated from outside (AdaLN-zero, Peebles & Xie 2023)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.one = nn.Linear(width, width)
        self.two = nn.Linear(width, width)

    def forward(self, x: Tensor, steer: Tensor) -> Tensor:
        """Return ``x``, shape ``(n, width)``, and what the block adds; ``steer`` is ``(n, 3 * width)``."""
        scale, shift, gate = steer.chunk(3, dim=-1)
        inner = self.norm(x) * (1 + scale) + shift
        added: Tensor = self.two(functional.silu(self.one(inner)))
        return x + gate * added


class Denoiser(nn.Module):
    """Tells the noise (or the velocity) in a latent, given the step and the condition ``[E_v; f(E_r)]``.

    What steers the blocks is a sum of one part from the condition and one from the step. So in sampling the
    first is found once for all steps, and the second once for all samples.

    Parameters
    ----------
    why
        Length of E_r; 0 leaves it out of the condition.
    """

    table: Tensor

    def __init__(
        self,
        latent: int,
        seen: int,
        why: int,
        width: int,
        blocks: int,
        features: int,
        steps: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.of_seen = nn.Linear(seen, width)
        self.of_why = nn.Linear(why, width) if why else None
        self.join = nn.Linear(width * (2 if why else 1), width)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.drop = nn.Dropout(dropout)
        self.time_one = nn.Linear(features, width)
        self.time_two = nn.Linear(width, width)
        self.steer = nn.Linear(width, blocks * 3 * width)
        self.first = nn.Linear(latent, width)
        self.blocks = nn.ModuleList(Steered(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, latent)
        for layer in (self.steer, self.last):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        table = torch.from_numpy(time_features(np.arange(steps, dtype=np.float64), steps, features))
        self.register_buffer("table", table, persistent=False)

    def condition(self, seen: Tensor, why: Tensor) -> Tensor:
        """Return the condition, shape ``(n, width)``, of standardised E_v and of E_r."""
        parts = [self.of_seen(seen)] + ([self.of_why(why)] if self.of_why is not None else [])
        return self.join(self.drop(functional.silu(torch.cat(parts, dim=-1))))  # type: ignore[no-any-return]

    def by_condition(self, condition: Tensor) -> Tensor:
        """Return the condition's part of what steers the blocks, shape ``(n, blocks * 3 * width)``."""
        return functional.linear(functional.silu(condition), self.steer.weight)

    def by_time(self, at: Tensor) -> Tensor:
        """Return the part of the steps ``at``, shape ``(m,)``: shape ``(m, blocks * 3 * width)``."""
        time = self.time_two(functional.silu(self.time_one(self.table[at])))
        return self.steer(functional.silu(time))  # type: ignore[no-any-return]

    def denoise(self, x: Tensor, steer: Tensor) -> Tensor:
        """Return what is asked for, shape ``(n, latent)``, of latents under the sum of both parts."""
        x = self.first(x)
        for block, its in zip(self.blocks, steer.chunk(len(self.blocks), dim=-1), strict=True):
            x = block(x, its)
        return self.last(self.norm(x))  # type: ignore[no-any-return]

    def forward(self, x: Tensor, at: Tensor, seen: Tensor, why: Tensor, given: Tensor) -> Tensor:
        """Return `denoise`; ``given``, shape ``(n, 1)``, says who is told the condition. This is trained."""
        condition = torch.where(given, self.condition(seen, why), self.nothing)
        return self.denoise(x, self.by_condition(condition) + self.by_time(at))
