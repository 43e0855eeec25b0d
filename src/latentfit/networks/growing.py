"""Networks that grow: a phase for each resolution from 4 pixels on, each faded in."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentfit.networks.layers import PixelNorm, equalised, scaled, spectrally_normal
from latentfit.shapes import Shape


class Growth(nn.Module):
    """How far networks have grown: a phase, and how much of it counts.

    A phase lasts `every` rounds: in its first half alpha goes from 0 to 1, in its second it is 1.
    The first phase, at 4 pixels, is not faded in. The last lasts for ever.

    Arguments:
        shape: (C, H, W) of the images; the last phase has the next power of two.
        every: Rounds of a phase.

    Example:
        >>> growth = Growth((1, 28, 28), every=4)
        >>> growth.last, growth.phase
        (3, 0)
        >>> growth.turn_to(5), float(growth.alpha)
        (1, 0.5)
    """

    played: Tensor

    def __init__(self, shape: Shape, *, every: int) -> None:
        super().__init__()
        self.side = 4 * 2 ** max(0, math.ceil(math.log2(max(shape[1:]) / 4)))
        self.last, self.every, self._phase = int(math.log2(self.side / 4)), every, 0
        self.register_buffer("played", torch.tensor(0))
        self.register_load_state_dict_post_hook(lambda module, _: module.find())

    @torch.no_grad()
    def turn_to(self, step: int) -> int:
        """Grow as far as in round `step`, and return the phase."""
        self.played.fill_(step)
        self._phase = self._at(step)
        return self._phase

    def find(self) -> None:
        """The phase from the rounds played, after a checkpoint was loaded."""
        self._phase = self._at(int(self.played))

    def _at(self, step: int) -> int:
        return min(self.last, step // self.every)

    @property
    def phase(self) -> int:
        """How far the networks have grown: 0 at first, `last` at the end."""
        return self._phase

    @property
    def alpha(self) -> Tensor:
        """How much of the newest phase counts, a scalar in [0, 1]."""
        if self.phase == 0:
            return torch.ones((), device=self.played.device)
        return (2 * (self.played - self.phase * self.every) / self.every).clamp(max=1.0)

    def fading(self, step: int) -> bool:
        """Whether a round is in the first half of a phase that is faded in."""
        phase = self._at(step)
        return phase > 0 and 2 * (step - phase * self.every) < self.every

    def coarse(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) as the phase sees them, at their own size."""
        square = self.square(x)
        low = functional.avg_pool2d(square, self.side >> (self.phase + 2))
        if self.phase:
            low = torch.lerp(double(functional.avg_pool2d(low, 2)), low, self.alpha)
        return self.full(low)[..., : x.shape[2], : x.shape[3]]

    def square(self, x: Tensor) -> Tensor:
        """From (B, C, H, W) to (B, C, side, side), zero-padded to the last phase's side."""
        return functional.pad(x, (0, self.side - x.shape[3], 0, self.side - x.shape[2]))

    def full(self, x: Tensor) -> Tensor:
        """From (B, C, S, S) to (B, C, side, side), repeated to the last phase's side."""
        return functional.interpolate(x, size=(self.side, self.side))


def double(x: Tensor) -> Tensor:
    """From (B, C, H, W) to (B, C, 2H, 2W): each pixel twice in both directions."""
    return functional.interpolate(x, scale_factor=2)


def channels(phase: int, width: float) -> int:
    """512 up to 32 pixels, then half for each phase."""
    return scaled(512 / 2 ** max(0, phase - 3), width)


class GrowingDecoder(nn.Module):
    """From codes to images: pixel norm and equalised convolutions, an output for each phase.

    Arguments:
        shape: (C, H, W) of an image.
        latent: Number of inputs m.
        growth: How far it has grown, shared with the encoder.
        width: Factor on the channels.

    References:
        | Pioneer Networks (Heljakka et al., 2018), Appendix; public code
    """

    def __init__(self, shape: Shape, latent: int, growth: Growth, *, width: float = 1.0) -> None:
        super().__init__()
        self.growth, self.shape = growth, shape
        sizes = [channels(phase, width) for phase in range(growth.last + 1)]

        def block(inputs: int, outputs: int, *, first: bool = False) -> nn.Sequential:
            kernel, padding = (4, 3) if first else (3, 1)
            entry = nn.Conv2d(inputs, outputs, kernel, padding=padding)
            layers: list[nn.Module] = []
            for layer in (entry, nn.Conv2d(outputs, outputs, 3, padding=1)):
                layers += [equalised(layer), PixelNorm(), nn.LeakyReLU(0.2)]
            return nn.Sequential(*layers)

        self.blocks = nn.ModuleList(
            block(latent if phase == 0 else sizes[phase - 1], size, first=phase == 0)
            for phase, size in enumerate(sizes)
        )
        self.outputs = nn.ModuleList(equalised(nn.Conv2d(size, shape[0], 1)) for size in sizes)

    def forward(self, z: Tensor) -> Tensor:
        """From codes (B, m) to unbounded images (B, C, H, W)."""
        phase = self.growth.phase
        h = self.blocks[0](z[:, :, None, None])
        before = h
        for place in range(1, phase + 1):
            before, h = h, self.blocks[place](double(h))
        image = self.outputs[phase](h)
        if phase:
            old = double(self.outputs[phase - 1](before))
            image = torch.lerp(old, image, self.growth.alpha)
        return self.growth.full(image)[..., : self.shape[1], : self.shape[2]]


class GrowingEncoder(nn.Module):
    """From images to codes: spectrally normal convolutions, an input for each phase.

    Arguments:
        shape: (C, H, W) of an image.
        latent: Number of outputs m.
        growth: How far it has grown, shared with the decoder.
        width: Factor on the channels.
    """

    def __init__(self, shape: Shape, latent: int, growth: Growth, *, width: float = 1.0) -> None:
        super().__init__()
        self.growth = growth
        sizes = [channels(phase, width) for phase in range(growth.last + 1)]

        def layer(inputs: int, outputs: int, kernel: int, padding: int) -> list[nn.Module]:
            conv = nn.Conv2d(inputs, outputs, kernel, padding=padding)
            nn.init.kaiming_normal_(conv.weight, 0.2)
            return [spectrally_normal(conv), nn.LeakyReLU(0.2)]

        first = nn.Sequential(*layer(sizes[0], sizes[0], 3, 1), *layer(sizes[0], latent, 4, 0))
        self.blocks = nn.ModuleList([first])
        for below, size in pairwise(sizes):
            self.blocks.append(
                nn.Sequential(*layer(size, size, 3, 1), *layer(size, below, 3, 1), nn.AvgPool2d(2))
            )
        self.inputs = nn.ModuleList(nn.Conv2d(shape[0], size, 1) for size in sizes)

    def forward(self, x: Tensor) -> Tensor:
        """From images (B, C, H, W) to (B, m)."""
        phase = self.growth.phase
        low = functional.avg_pool2d(self.growth.square(x), self.growth.side >> (phase + 2))
        h = self.blocks[phase](self.inputs[phase](low))
        if phase:
            old = self.inputs[phase - 1](functional.avg_pool2d(low, 2))
            h = torch.lerp(old, h, self.growth.alpha)
        for place in reversed(range(phase)):
            h = self.blocks[place](h)
        return h.flatten(1)
