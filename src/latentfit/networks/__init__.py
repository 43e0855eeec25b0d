"""Networks: dense, convolutional, and the mask."""

from latentfit.networks.build import FAMILIES, decoder, dense, encoder, hidden
from latentfit.networks.codebook import Codebook
from latentfit.networks.convolution import (
    Critic,
    Decoder,
    Encoder,
    Family,
    dai_wipf,
    flexae,
    grid,
)
from latentfit.networks.growing import GrowingDecoder, GrowingEncoder, Growth
from latentfit.networks.layers import evaluating, single, spectrally_normal_everywhere
from latentfit.networks.made import MADE
from latentfit.networks.mask import Mask
from latentfit.networks.mlp import MLP, Mapping, SkipMLP
from latentfit.networks.residual import GridDecoder, GridEncoder
from latentfit.networks.transformer import CausalTransformer
from latentfit.networks.velocity import Velocity

__all__ = [
    "FAMILIES",
    "MADE",
    "MLP",
    "CausalTransformer",
    "Codebook",
    "Critic",
    "Decoder",
    "Encoder",
    "Family",
    "GridDecoder",
    "GridEncoder",
    "GrowingDecoder",
    "GrowingEncoder",
    "Growth",
    "Mapping",
    "Mask",
    "SkipMLP",
    "Velocity",
    "dai_wipf",
    "decoder",
    "dense",
    "encoder",
    "evaluating",
    "flexae",
    "grid",
    "hidden",
    "single",
    "spectrally_normal_everywhere",
]
