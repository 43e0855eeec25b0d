"""The recipe of VQ-VAE."""

from __future__ import annotations

from latentfit.checks import Count, Rate, Scale, Share, UserError, Weight, Whole, within
from latentfit.models import VQVAE, Body, TokenPrior, Tokens
from latentfit.networks import CausalTransformer, Codebook, GridDecoder, GridEncoder, grid
from latentfit.recipes.base import Paper, Preset, system
from latentfit.recipes.parts import Parts

_VANDENOORD = Paper(
    "Neural Discrete Representation Learning (van den Oord et al.)", 2017, "arxiv:1711.00937"
)


@system(
    "vq-vae",
    _VANDENOORD,
    "codes from a codebook on a grid; an autoregressive prior over their indices",
    latent=Preset(64),
    measured={"data_variance": lambda data: float(data.train.some(10_000).var())},
)
def vq_vae(
    parts: Parts,
    *,
    codes: Count = 512,
    beta: Weight = 0.25,
    decay: Share = 0.99,
    learned: bool = False,
    layers: Count = 6,
    warmup: Whole = 1_000,
    longer: Scale = 0.25,
    data_variance: Scale = 0.1,
    rate: Rate = 3e-4,
) -> VQVAE:
    """Vectors from a codebook at each place of a grid; `latent` is the size of a vector.

    Arguments:
        parts: Networks.
        codes: K, vectors in the codebook.
        beta: Weight of the commitment.
        decay: Decay of the codebook's averages.
        learned: Move the codebook by its own loss instead.
        layers: Layers of the prior's transformer.
        warmup: Rounds in which the prior's learning rate grows.
        longer: Rounds of the prior's training for each of the run's: 60 epochs beside the 280 of
            130,000 rounds.
        data_variance: Variance of all entries; taken from the data where a data set is given.
        rate: Learning rate.

    Raises:
        UserError: The data are vectors, a family is given, or there are fewer than two codes.

    Deviations:
        Those of `models.VQVAE`, `networks.Codebook` and `networks.GridEncoder`. Batch 128, where
        the public code of the paper's authors has 32. The prior's rate does not fall after its
        warm-up.
    """
    if not parts.image:
        raise UserError(f"vq-vae has a grid of codes and needs images, got {parts.kind}.")
    parts.must_be_shared("vq-vae")
    within("codes", codes, 2)
    rows, columns = grid(parts.shape)
    places, book = rows * columns, Codebook(codes, parts.latent, decay=decay, learned=learned)
    network = CausalTransformer(codes, places, width=parts.width, layers=layers)
    body = Body(
        shape=parts.shape,
        latent=places * parts.latent,
        encoder=GridEncoder(parts.shape, parts.latent, width=parts.width),
        decoder=GridDecoder(parts.shape, parts.latent, width=parts.width),
        likelihood=parts.squared_error(),
        fits=True,
    )
    return VQVAE(
        body,
        codebook=book,
        places=places,
        prior=TokenPrior(Tokens(network, book, places, warmup=warmup), book, longer),
        variance=data_variance,
        beta=beta,
        rate=rate,
    )
