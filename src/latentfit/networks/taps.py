"""Convolutions to one channel, as grey images end in.

A matrix product fills a processor with many output channels; with one it is idle. So each tap of
the kernel becomes a channel of a product over the inputs, and the taps are added where they belong:
the same sums in another order. Measured on a CPU, 64 channels to 1 with a 3x3 kernel, forward and
backward: a third of the time; to three channels there is nothing to win.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class OneChannel(nn.Conv2d):
    """A convolution of stride 1 to one channel, with the padding that keeps the size.

    Arguments:
        inputs: Number of input channels.
        side: Of the kernel, odd.
    """

    def __init__(self, inputs: int, side: int) -> None:
        super().__init__(inputs, 1, side, padding=side // 2)

    def forward(self, input: Tensor) -> Tensor:
        """From (B, inputs, H, W) to (B, 1, H, W)."""
        return _scattered(self, input, self.weight[0].flip(1, 2).permute(1, 2, 0))


class OneChannelUp(nn.ConvTranspose2d):
    """A transposed convolution to one channel that doubles both sides.

    Arguments:
        inputs: Number of input channels.
    """

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, 1, 4, stride=2, padding=1)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """From (B, inputs, H, W) to (B, 1, 2H, 2W), or of another size near it."""
        if output_size is not None:
            return super().forward(input, output_size)
        return _scattered(self, input, self.weight[:, 0].permute(1, 2, 0))


def _scattered(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor, kernel: Tensor) -> Tensor:
    """Each input times each tap (side, side, inputs), added where the taps reach."""
    side, stride = layer.kernel_size[0], layer.stride[0]
    taps = functional.conv2d(x, kernel.reshape(side * side, -1, 1, 1)).flatten(2)
    size = (stride * x.shape[2], stride * x.shape[3])
    summed = functional.fold(taps, size, side, padding=(side - 1) // 2, stride=stride)
    return summed if layer.bias is None else summed + layer.bias


def convolution(inputs: int, outputs: int, side: int) -> nn.Conv2d:
    """A convolution of stride 1 that keeps the size, in the form that is fast."""
    if outputs == 1:
        return OneChannel(inputs, side)
    return nn.Conv2d(inputs, outputs, side, padding=side // 2)


def doubled(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """A 4x4 transposed convolution that doubles both sides, in the form that is fast."""
    if outputs == 1:
        return OneChannelUp(inputs)
    return nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)
