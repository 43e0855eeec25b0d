"""Encoder and decoder, and whether sizes fit together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentfit.checks import UserError, within
from latentfit.likelihoods import Likelihood
from latentfit.networks import evaluating
from latentfit.posteriors import Code
from latentfit.seeds import seeded
from latentfit.shapes import Shape


@dataclass(frozen=True, kw_only=True)
class Body:
    """Encoder and decoder, and what they map between: what every auto-encoder has.

    Attributes:
        shape: Shape of one sample: (C, H, W) or (d,).
        latent: Number of latent dimensions m.
        encoder: From samples (B, *shape) to codes (B, m); for a variational model a posterior, from
            samples to a `Code`; None for a model that only samples.
        decoder: From codes (B, m) to unbounded samples, on which the likelihood puts its link.
        likelihood: Distance from data to the decoder's output.
        fits: Whether sizes are known to fit together; else a model tries.

    Raises:
        UserError: `latent` is below 1.

    Example:
        >>> from latentfit.likelihoods import SquaredError
        >>> flat = SquaredError(bounded=False)
        >>> body = Body(shape=(6,), latent=2, encoder=nn.Linear(6, 2), decoder=nn.Linear(2, 6),
        ...             likelihood=flat)
        >>> body.check()
    """

    shape: Shape
    latent: int
    encoder: nn.Module | None = None
    decoder: nn.Module
    likelihood: Likelihood
    fits: bool = False

    def __post_init__(self) -> None:
        within("latent", self.latent, 1, remedy="a code has one dimension at least")

    def check(self) -> None:
        """Raise where the sizes do not fit together.

        Raises:
            UserError: Encoder or decoder refuse what they are given, or give another shape.
        """
        if self.encoder is not None:
            tried("encoder", self.encoder, self.shape, (self.latent,))
        tried("decoder", self.decoder, (self.latent,), self.shape)


@torch.no_grad()
def tried(name: str, network: nn.Module, inputs: Shape, outputs: Shape) -> None:
    """Raise unless a network maps samples of one shape to samples of another, in evaluation mode.

    Arguments:
        name: What the error calls it.
        network: What is tried, on two samples; it may give a `Code`.
        inputs: Shape of one input.
        outputs: Shape of one output.

    Raises:
        UserError: It fails, or gives another shape.
    """
    if any(isinstance(p, nn.parameter.UninitializedParameter) for p in network.parameters()):
        raise UserError(f"the {name} has lazy layers; call it once before.")
    x = like(network).new_full((2, *inputs), 0.5)
    with evaluating(network), seeded(0, "check"):
        try:
            found = network(x)
        except (RuntimeError, ValueError, TypeError) as error:
            said = str(error).splitlines()[0]
            raise UserError(
                f"the {name} does not take inputs of shape {tuple(x.shape)} ({said}); check its "
                "layers, the data's shape and 'latent'."
            ) from error
    found = found.centre() if isinstance(found, Code) else found
    if not isinstance(found, Tensor):
        raise UserError(f"the {name} gives a {type(found).__name__}; one tensor is needed.")
    if tuple(found.shape) != (2, *outputs):
        raise UserError(
            f"the {name} maps {tuple(x.shape)} to {tuple(found.shape)} where {(2, *outputs)} is "
            "needed; change its layers or 'latent'."
        )


def like(module: nn.Module) -> Tensor:
    """A tensor of a module's device and type; of what it keeps where it has no parameters."""
    kept = (held for held in module.buffers() if held.is_floating_point())
    return next(module.parameters(), next(kept, torch.zeros(()))).detach()
