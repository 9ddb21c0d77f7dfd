"""AdamW without torch.optim, whose first step imports torch's compiler: 1.5 s of a 4 s training.

Loshchilov & Hutter 2019, "Decoupled Weight Decay Regularization"; the bytes are those of
``torch.optim.AdamW(foreach=True)`` with its default betas and epsilon, which a test holds.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class AdamW:
    """The state of AdamW over some parameters, all of which must have a gradient at each step."""

    def __init__(self, parameters: Iterable[nn.Parameter], *, weight_decay: float) -> None:
        self.parameters = list(parameters)
        self.weight_decay = weight_decay
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.n_steps = 0

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move the parameters in place, and drop their gradients."""
        self.n_steps += 1
        gradients = [p.grad for p in self.parameters]
        torch._foreach_mul_(self.parameters, 1 - learning_rate * self.weight_decay)
        torch._foreach_lerp_(self.means, gradients, 1 - BETA1)
        torch._foreach_mul_(self.squares, BETA2)
        torch._foreach_addcmul_(self.squares, gradients, gradients, 1 - BETA2)
        deviations = torch._foreach_sqrt(self.squares)
        torch._foreach_div_(deviations, (1 - BETA2**self.n_steps) ** 0.5)
        torch._foreach_add_(deviations, EPSILON)
        step_size = -learning_rate / (1 - BETA1**self.n_steps)
        torch._foreach_addcdiv_(self.parameters, self.means, deviations, step_size)
        for parameter in self.parameters:
            parameter.grad = None
