"""Networks: dense, convolutional, and the mask."""

from latentfit.networks.build import critic, decoder, dense, encoder, is_image
from latentfit.networks.convolution import Critic, Decoder, Encoder, Family, dai_wipf, flexae
from latentfit.networks.mask import Mask
from latentfit.networks.mlp import MLP

__all__ = [
    "MLP",
    "Critic",
    "Decoder",
    "Encoder",
    "Family",
    "Mask",
    "critic",
    "dai_wipf",
    "decoder",
    "dense",
    "encoder",
    "flexae",
    "is_image",
]
