"""The networks that all recipes share, so that systems compare under one architecture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from latentfit import networks
from latentfit.checks import Share, UserError, Width, one_of
from latentfit.likelihoods import Bernoulli, Columns, Likelihood, SquaredError
from latentfit.models import Body
from latentfit.models.body import like, tried
from latentfit.networks import evaluating
from latentfit.posteriors import DiagonalGaussian, Dirac
from latentfit.priors import Pushforward
from latentfit.schema import Layout
from latentfit.seeds import seeded
from latentfit.shapes import Shape, is_image, is_signal

OWN = ("encoder", "decoder", "critic", "image_critic")


@dataclass(frozen=True)
class Parts:
    """Networks for one shape of data and one latent size.

    Attributes:
        shape: Shape of one sample: (C, H, W), (C, T) or (d,).
        latent: Number of latent dimensions m.
        width: Factor on every hidden size of every network.
        momentum: Share of a new batch in the running statistics of batch norm; the family's where
            not given.
        family: Of the convolutional networks.
        link: From the decoder's output to images: `sigmoid`, or `identity` for a decoder that gives
            images in [0, 1] itself. Other data have none.
        layout: The measurements among the entries of a row of a table; empty for other data.
        own: Networks that take the place of the shared ones, by their names in `OWN`.
        used: Those of `own` that were asked for.

    Raises:
        UserError: A name in `own` is unknown, or a setting is one of images only.
    """

    shape: Shape
    latent: int
    width: Width = 1.0
    momentum: Share | None = None
    family: Literal["flexae", "dai-wipf", "sngan"] = "flexae"
    link: Literal["sigmoid", "identity"] = "sigmoid"
    layout: Layout = ()
    own: dict[str, nn.Module] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in self.own:
            one_of("part", name, OWN)
        if self.image:
            return
        kind = self.kind
        if self.family != "flexae":
            raise UserError(f"family '{self.family}' is one of images; leave it out for {kind}.")
        if self.momentum is not None:
            raise UserError(f"networks of {kind} have no batch norm; leave 'momentum' out.")
        if self.link != "sigmoid":
            raise UserError(f"{kind} have no link; leave 'link' out.")

    @property
    def image(self) -> bool:
        """Whether the data are images."""
        return is_image(self.shape)

    @property
    def kind(self) -> str:
        """What the data are, in a word."""
        return "images" if self.image else "signals" if is_signal(self.shape) else "vectors"

    @property
    def bounded(self) -> bool:
        """Whether a sigmoid brings the decoder's output into [0, 1]."""
        return self.image and self.link == "sigmoid"

    @property
    def colour(self) -> bool:
        """Whether the data are colour images; a cross-entropy is for grey ones."""
        return self.image and self.shape[0] == 3

    def body(
        self,
        likelihood: Likelihood | None = None,
        *,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ) -> Body:
        """Encoder, then decoder: the shared ones, and a squared error, where none are given.

        For a table the likelihood is that of its numbers; choices have a cross-entropy.
        """
        likelihood = self.squared_error() if likelihood is None else likelihood
        return Body(
            shape=self.shape,
            latent=self.latent,
            encoder=self.encoder() if encoder is None else encoder,
            decoder=self.decoder() if decoder is None else decoder,
            likelihood=Columns(self.layout, likelihood) if self.layout else likelihood,
            fits=True,
        )

    def variational(self, likelihood: Likelihood | None = None) -> Body:
        """The same with Gaussian posteriors."""
        return self.body(likelihood, encoder=self.posterior())

    def points(self, likelihood: Likelihood | None = None) -> Body:
        """The same with posteriors that are points."""
        return self.body(likelihood, encoder=Dirac(self.encoder()))

    def posterior(self) -> DiagonalGaussian:
        """From samples to Gaussians; the encoder gives means and raw scales."""
        return DiagonalGaussian(self.encoder(2 * self.latent))

    def encoder(self, outputs: int | None = None, *, norm: bool = True) -> nn.Module:
        """From samples to `outputs` numbers, m where not given; see `networks.encoder`."""
        return self._looking("encoder", self.latent if outputs is None else outputs, norm)

    def image_critic(self, outputs: int = 1, *, norm: bool = False) -> nn.Module:
        """From samples to scores, each from its sample alone unless there is batch norm."""
        return self._looking("image_critic", outputs, norm)

    def decoder(self) -> nn.Module:
        """From codes to unbounded samples.

        Raises:
            UserError: The one that was handed over would get a second sigmoid.
        """
        return self._part(
            "decoder",
            lambda: networks.decoder(self.shape, self.latent, **self._form),
            (self.latent,),
            self.shape,
        )

    def on_codes(self, outputs: int, **form: Any) -> nn.Module:
        """A dense network on codes, in the form of `networks.dense`."""
        return networks.dense(self.shape, self.latent, outputs, width=self.width, **form)

    def latent_critic(self, outputs: int = 1, **form: Any) -> nn.Module:
        """From codes to scores; the same for every system as a rule."""
        return self._part(
            "critic", lambda: self.on_codes(outputs, **form), (self.latent,), (outputs,)
        )

    def mapped_noise(self, noise: int | None) -> Pushforward:
        """A learned prior over `noise` Gaussian dimensions, m where not given."""
        noise = self.latent if noise is None else noise
        network = networks.dense(self.shape, noise, self.latent, width=self.width)
        return Pushforward(network, noise)

    def must_be_shared(self, owner: str) -> None:
        """Raise where a family is asked for, but the networks are the system's own.

        Raises:
            UserError: Another family was asked for.
        """
        if self.family != "flexae":
            raise UserError(f"{owner} has networks of its own; leave out --set family.")

    def must_be_used(self, owner: str) -> None:
        """Raise where a network was handed over that the system does not have.

        Raises:
            UserError: One of them was not.
        """
        if left := sorted(self.own.keys() - self.used):
            also = f"; it took {', '.join(sorted(self.used))}" if self.used else ""
            raise UserError(f"{owner} takes no '{left[0]}' from outside{also}.")

    def cross_entropy(self) -> Bernoulli:
        """Cross-entropy of images in [0, 1].

        Raises:
            UserError: The data are no images.
        """
        if not self.image:
            raise UserError(
                f"a cross-entropy decoder needs images in [0, 1], got {self.kind}; use a Gaussian "
                "one, such as vae-fixed-variance or --set likelihood=fixed."
            )
        return Bernoulli(logits=self.bounded)

    def squared_error(self) -> SquaredError:
        """Squared error, with the link of the data."""
        return SquaredError(bounded=self.bounded)

    @property
    def _form(self) -> dict[str, Any]:
        return {"width": self.width, "family": self.family, "momentum": self.momentum}

    def _looking(self, name: str, outputs: int, norm: bool) -> nn.Module:
        """A network that looks at samples."""
        return self._part(
            name,
            lambda: networks.encoder(self.shape, outputs, **self._form, norm=norm),
            self.shape,
            (outputs,),
        )

    def _part(
        self, name: str, build: Callable[[], nn.Module], inputs: Shape, outputs: Shape
    ) -> nn.Module:
        """The network that was handed over, or the shared one."""
        if name not in self.own:
            return build()
        self.used.add(name)
        tried(name, self.own[name], inputs, outputs)
        if name == "decoder" and self.bounded:
            _must_be_unbounded(self.own[name], self.latent)
        return self.own[name]


def _must_be_unbounded(decoder: nn.Module, latent: int) -> None:
    with evaluating(decoder), seeded(0, "check"), torch.no_grad():
        codes = 1e3 * torch.randn(8, latent).to(like(decoder))
        highest = float(decoder(codes).abs().max())
    if highest <= 1:  # at such codes what has no link is far beyond
        raise UserError(
            "the decoder's output is bounded, by a sigmoid perhaps, and would get a second one;"
            " give link='identity' for images in [0, 1], or leave its last nonlinearity out."
        )
