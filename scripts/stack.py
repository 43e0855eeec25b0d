"""Dense networks of one form that move together: each layer of all is one tensor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu


class Stack:
    """Networks of one form side by side: (K, B, inputs) to (K, B, outputs)."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        layers = [[m for m in net.modules() if isinstance(m, nn.Linear)] for net in networks]
        # A ReLU has no slope below zero.
        self.slope = next((m.negative_slope for m in networks[0].modules()
                           if isinstance(m, nn.LeakyReLU)), 0.0)  # fmt: skip
        self.weights = [
            nn.Parameter(torch.stack([layer.weight.detach().T for layer in held]))
            for held in zip(*layers, strict=True)
        ]
        self.biases = [
            nn.Parameter(torch.stack([layer.bias.detach()[None] for layer in held]))
            for held in zip(*layers, strict=True)
        ]

    def parameters(self) -> list[nn.Parameter]:
        """All weights and biases."""
        return [*self.weights, *self.biases]

    def __call__(self, x: Tensor) -> Tensor:
        """The networks' outputs."""
        for place, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, leaky_relu(x, self.slope) if place else x, weight)
        return x

    def slopes(self, x: Tensor) -> Tensor:
        """Gradients of the summed outputs at x, in closed form: the same shape."""
        with torch.no_grad():
            bends = []
            for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
                x = torch.baddbmm(bias, x, weight)
                bends.append(torch.where(x > 0, 1.0, self.slope))
                x = leaky_relu(x, self.slope)
        gradient = self.weights[-1].transpose(1, 2)
        for weight, bend in zip(reversed(self.weights[:-1]), reversed(bends), strict=True):
            gradient = (gradient * bend) @ weight.transpose(1, 2)
        return gradient

    def unstack(self, networks: Sequence[nn.Module], tensors: Sequence[Tensor]) -> None:
        """Write weights and biases back, those of `parameters()` or their averages."""
        half = len(self.weights)
        for number, net in enumerate(networks):
            layers = [m for m in net.modules() if isinstance(m, nn.Linear)]
            for place, layer in enumerate(layers):
                layer.weight.data.copy_(tensors[place][number].T)
                layer.bias.data.copy_(tensors[half + place][number, 0])
