"""Networks: dense, convolutional, and the mask."""

from latentfit.networks.build import critic, decoder, dense, encoder, hidden, is_image
from latentfit.networks.convolution import Critic, Decoder, Encoder, Family, dai_wipf, flexae
from latentfit.networks.layers import spectrally_normal_everywhere
from latentfit.networks.made import MADE
from latentfit.networks.mask import Mask
from latentfit.networks.mlp import MLP, SkipMLP

__all__ = [
    "MADE",
    "MLP",
    "Critic",
    "Decoder",
    "Encoder",
    "Family",
    "Mask",
    "SkipMLP",
    "critic",
    "dai_wipf",
    "decoder",
    "dense",
    "encoder",
    "flexae",
    "hidden",
    "is_image",
    "spectrally_normal_everywhere",
]
