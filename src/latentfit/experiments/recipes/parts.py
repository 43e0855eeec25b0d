"""The networks that all recipes share, so that systems compare under one architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from latentfit import networks
from latentfit.checks import UserError
from latentfit.likelihoods import Bernoulli, SquaredError
from latentfit.networks import is_image
from latentfit.priors import Pushforward

Shape = tuple[int, ...]
Average = float | None


@dataclass(frozen=True)
class Parts:
    """Networks for one shape of data and one latent size.

    Attributes:
        shape: Shape of one sample: (C, H, W) or (d,).
        latent: Number of latent dimensions m.
        width: Factor on every hidden size of every network.
        momentum: Share of a new batch in the running statistics of batch norm; the family's where
            not given.
        family: Of the convolutional networks, one of `networks.FAMILIES`.
        data: Name of the data set, which may have presets of its own.
    """

    shape: Shape
    latent: int
    width: float = 1.0
    momentum: float | None = None
    family: str = "flexae"
    data: str = ""

    @property
    def image(self) -> bool:
        """Whether the data are images."""
        return is_image(self.shape)

    @property
    def colour(self) -> bool:
        """Whether the data are colour images; presets differ for these."""
        return self.image and self.shape[0] == 3

    def preset(
        self, given: float | None, grey: float, colour: float, celeba: float | None = None
    ) -> float:
        """A weight: the one that was given, or the published one for such data."""
        if given is not None:
            return given
        if self.data == "celeba" and celeba is not None:
            return celeba
        return colour if self.colour else grey

    def encoder(self, outputs: int | None = None) -> nn.Module:
        """From samples to `outputs` numbers, m where not given."""
        outputs = self.latent if outputs is None else outputs
        return networks.encoder(self.shape, outputs, **self._form, momentum=self.momentum)

    def decoder(self) -> nn.Module:
        """From codes to unbounded samples."""
        return networks.decoder(self.shape, self.latent, **self._form, momentum=self.momentum)

    def image_critic(self, outputs: int = 1) -> nn.Module:
        """From samples to scores, each from its sample alone."""
        return networks.critic(self.shape, outputs, **self._form)

    @property
    def _form(self) -> dict[str, Any]:
        return {"width": self.width, "family": self.family}

    def on_codes(self, outputs: int, **form: Any) -> nn.Module:
        """A dense network on codes, in the form of `networks.dense`."""
        return networks.dense(self.shape, self.latent, outputs, width=self.width, **form)

    def latent_critic(self) -> nn.Module:
        """From codes to scores; the same for every system."""
        return self.on_codes(1)

    def mapped_noise(self, noise: int | None) -> Pushforward:
        """A learned prior over `noise` Gaussian dimensions, m where not given."""
        noise = self.latent if noise is None else noise
        network = networks.dense(self.shape, noise, self.latent, width=self.width)
        return Pushforward(network, noise)

    def must_be_shared(self, owner: str) -> None:
        """Raise where a family is asked for, but the networks are the system's own."""
        if self.family != "flexae":
            raise UserError(f"{owner} has networks of its own; leave out --set family.")

    def cross_entropy(self) -> Bernoulli:
        """Cross-entropy of images in [0, 1]."""
        if not self.image:
            raise UserError(
                "a cross-entropy decoder needs images in [0, 1], got vectors; use a Gaussian one, "
                "such as vae-fixed-variance or --set decoder=fixed."
            )
        return Bernoulli()

    def squared_error(self) -> SquaredError:
        """Squared error, with a sigmoid for images."""
        return SquaredError(bounded=self.image)
