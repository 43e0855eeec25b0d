"""Codes of an encoder that is somebody else's: a model whose samples are codes."""

from __future__ import annotations

import math

from torch import nn

from latentfit.likelihoods import Gaussian
from latentfit.models import AutoEncoder, Body, Model
from latentfit.optimizers import adam
from latentfit.posteriors import Dirac
from latentfit.priors import Normal
from latentfit.schema import Schema

GIVEN = "given-codes"
"""What such a model is called in its run folder, where others name their recipe."""


def of_codes(schema: Schema) -> Model:
    """A model that takes codes for samples, whoever made them: it neither encodes nor decodes.

    `refit` gives it a prior; then it samples codes, in the units and the shape of their file.

    Arguments:
        schema: Of the codes, which are read as vectors, of any axes.

    Example:
        >>> import numpy as np
        >>> import latentfit as lf
        >>> codes = np.random.default_rng(0).normal(size=(200, 4, 2, 2)).astype("f4")
        >>> data = lf.data.arrays(codes, kind="vectors")
        >>> model = lf.refit(of_codes(data.schema), data, "gaussian", rounds=1)
        >>> model.sample(3, as_array=True).shape
        (3, 4, 2, 2)
    """
    m = math.prod(schema.seen)
    body = Body(
        shape=schema.seen,
        latent=m,
        encoder=Dirac(nn.Flatten()),
        decoder=nn.Unflatten(1, schema.seen),
        likelihood=Gaussian(bounded=False),
        fits=True,
    )
    model = AutoEncoder(body, prior=Normal(m), optimizer=adam(1e-3))  # it has nothing to move
    model.schema, model.recipe = schema, (GIVEN, {})
    return model.eval()
