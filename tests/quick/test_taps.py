"""Convolutions to one channel are those of PyTorch, values and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from latentfit.networks.taps import OneChannel, OneChannelUp, convolution, doubled


@pytest.mark.parametrize(
    "layer",
    [OneChannel(6, 3), OneChannel(4, 5), OneChannelUp(6), OneChannelUp(1)],
    ids=["3x3", "5x5", "up", "up from one"],
)
def test_one_channel_is_the_convolution_of_pytorch(layer):
    layer = layer.double()
    x = torch.randn(3, layer.in_channels, 5, 7, dtype=torch.float64, requires_grad=True)
    plain = type(layer).__mro__[1].forward(layer, x)
    found = layer(x)
    torch.testing.assert_close(found, plain)
    held, weight = [x, *layer.parameters()], torch.randn_like(plain)
    torch.testing.assert_close(
        torch.autograd.grad((found * weight).sum(), held),
        torch.autograd.grad((plain * weight).sum(), held),
    )


def test_more_channels_are_the_layers_of_pytorch():
    assert type(convolution(4, 3, 3)) is nn.Conv2d
    assert type(doubled(4, 3)) is nn.ConvTranspose2d
    x = torch.randn(2, 4, 5, 7)
    assert convolution(4, 1, 3)(x).shape == (2, 1, 5, 7)
    assert doubled(4, 1)(x).shape == (2, 1, 10, 14)
    assert OneChannelUp(4)(x, [11, 14]).shape == (2, 1, 11, 14)
