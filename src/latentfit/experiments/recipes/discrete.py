"""The recipe of VQ-VAE."""

from __future__ import annotations

from latentfit.checks import UserError, within
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.models import VQVAE, TokenPrior, Tokens
from latentfit.networks import CausalTransformer, Codebook, GridDecoder, GridEncoder, grid


def vq_vae(
    parts: Parts,
    *,
    codes: int = 512,
    beta: float = 0.25,
    decay: float = 0.99,
    learned: bool = False,
    layers: int = 6,
    warmup: int = 1_000,
    longer: float = 0.25,
    data_variance: float = 0.1,
    rate: float = 3e-4,
    batch: int = 128,
    average: Average = None,
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
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Those of `models.VQVAE`, `networks.Codebook` and `networks.GridEncoder`. Batch 128, where
        the public code of the paper's authors has 32. The prior's rate does not fall after its
        warm-up.
    """
    if not parts.image:
        raise UserError("vq-vae has a grid of codes and needs images, got vectors.")
    parts.must_be_shared("vq-vae")
    within("codes", codes, 2)
    within("warmup", warmup, 0)
    within("longer", longer, 0.0)
    rows, columns = grid(parts.shape)
    places, book = rows * columns, Codebook(codes, parts.latent, decay=decay, learned=learned)
    network = CausalTransformer(codes, places, width=parts.width, layers=layers)
    return VQVAE(
        shape=parts.shape,
        encoder=GridEncoder(parts.shape, parts.latent, width=parts.width),
        decoder=GridDecoder(parts.shape, parts.latent, width=parts.width),
        codebook=book,
        places=places,
        likelihood=parts.squared_error(),
        prior=TokenPrior(Tokens(network, book, places, warmup=warmup, batch=batch), book, longer),
        variance=data_variance,
        beta=beta,
        rate=rate,
        batch=batch,
        average=average,
    )
