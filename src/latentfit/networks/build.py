"""The networks of one shape: convolutional ones for images and signals, dense ones for vectors.

Every recipe takes its networks from here, so that systems compare under one architecture.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from latentfit.checks import UserError, one_of
from latentfit.networks.convolution import Critic, Decoder, Encoder, Family, dai_wipf, flexae
from latentfit.networks.layers import scaled
from latentfit.networks.mlp import MLP
from latentfit.networks.signals import SignalDecoder, SignalEncoder, convolved
from latentfit.networks.sngan import USUAL_MOMENTUM, ResidualDecoder, ResidualEncoder
from latentfit.shapes import Shape, is_image, is_signal

FAMILIES = ("flexae", "dai-wipf", "sngan")


def hidden(width: float, *, layers: int = 4) -> tuple[int, ...]:
    """Hidden widths of a latent player: 1024 each, scaled [authors' code]."""
    return (scaled(1024, width),) * layers


def encoder(
    shape: Shape,
    outputs: int,
    *,
    width: float = 1.0,
    family: str = "flexae",
    momentum: float | None = None,
    norm: bool = True,
) -> nn.Module:
    """From samples (B, *shape) to (B, outputs); without a norm it serves as a critic.

    Arguments:
        shape: Of a sample.
        outputs: Number of outputs.
        width: Factor on every hidden size.
        family: One of `FAMILIES`; vectors and signals have the first only.
        momentum: Share of a new batch in batch norm's statistics; the family's where not given.
        norm: Batch norm, for images; without it each output is from its sample alone.

    Raises:
        UserError: The family is unknown, or it is one of images and samples are none.
    """
    _must_fit(family, shape)
    if convolved(shape):
        return SignalEncoder(shape, outputs, width=width)
    if not is_image(shape):
        return MLP(shape, outputs, hidden=_vector_hidden(width), slope=0.2)
    if family == "sngan":
        return ResidualEncoder(shape, outputs, width=width, norm=_share(momentum) if norm else None)
    kind = Encoder if norm else Critic
    return kind(shape, outputs, width=width, family=_variant(family, momentum))


def decoder(
    shape: Shape,
    latent: int,
    *,
    width: float = 1.0,
    family: str = "flexae",
    momentum: float | None = None,
) -> nn.Module:
    """From codes (B, m) to unbounded samples (B, *shape); arguments as those of `encoder`.

    Raises:
        UserError: The family is unknown, or it is one of images and samples are none.
    """
    _must_fit(family, shape)
    if convolved(shape):
        return SignalDecoder(shape, latent, width=width)
    if not is_image(shape):
        return MLP(latent, shape, hidden=_vector_hidden(width), slope=0.2)
    if family == "sngan":
        return ResidualDecoder(shape, latent, width=width, norm=_share(momentum))
    return Decoder(shape, latent, width=width, family=_variant(family, momentum))


def _must_fit(family: str, shape: Shape) -> None:
    one_of("family", family, FAMILIES)
    if not is_image(shape) and family != FAMILIES[0]:
        kind = "signals" if is_signal(shape) else "vectors"
        raise UserError(f"family '{family}' is one of images; leave it out for {kind}.")


def _share(momentum: float | None) -> float:
    return USUAL_MOMENTUM if momentum is None else momentum


def _variant(family: str, momentum: float | None) -> Family:
    make = {"flexae": flexae, "dai-wipf": dai_wipf}[family]
    return make() if momentum is None else make(momentum)


def dense(
    shape: Shape,
    inputs: int,
    outputs: int,
    *,
    width: float = 1.0,
    units: int = 1024,
    layers: int = 4,
    slope: float = 0.0,
    bend: Callable[[], nn.Module] | None = None,
) -> MLP:
    """A player on codes of samples of a shape: four hidden layers of 1024 ReLU units for images.

    For vectors and signals it has three hidden layers of 128 at most, as their other networks.

    Arguments:
        shape: Of a sample.
        inputs: Number of inputs.
        outputs: Number of outputs.
        width: Factor on every hidden size.
        units: Of a hidden layer, for images.
        layers: Number of hidden layers; for vectors at most 3.
        slope: Slope of the leaky ReLU below zero; 0 is ReLU.
        bend: Another nonlinearity in its place.

    Returns:
        From (B, inputs) to (B, outputs).
    """
    small = _vector_hidden(width)[:layers]
    sizes = (scaled(units, width),) * layers if is_image(shape) else small
    return MLP(inputs, outputs, hidden=sizes, slope=slope, bend=bend)


def _vector_hidden(width: float) -> tuple[int, ...]:
    # Three layers of 128 learn the synthetic sets of `data.synthetic`; scaled like everything else.
    return (scaled(128, width),) * 3
