"""What a model is: it encodes, decodes, samples, and says who plays in which order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from latentfit.checks import UserError, one_of, within
from latentfit.models.body import Body, like, tried
from latentfit.models.learner import Learner
from latentfit.networks import evaluating
from latentfit.posteriors import Code
from latentfit.priors import ExPost, Prior
from latentfit.schema import Numbers, Schema, plain
from latentfit.seeds import seeded

Kind = TypeVar("Kind", bound=Learner)


class Learned(ExPost, Generic[Kind]):
    """A prior that is trained, after the auto-encoder, on the codes of the training split.

    Arguments:
        model: What is trained.
        longer: Rounds of its training for each round of the auto-encoder's.
        passes: Over the codes, at most: more would learn them by heart; None has no such bound.
    """

    def __init__(self, model: Kind, *, longer: float, passes: int | None = None) -> None:
        super().__init__()
        self.model: Kind = model
        self.longer, self.passes = longer, passes

    def rounds(self, first: int, codes: int) -> int:
        """Rounds of its training after `first` of the auto-encoder's, on a number of codes."""
        most = math.inf if self.passes is None else self.passes * codes / self.model.batch
        return max(1, round(min(self.longer * first, most)))

    def begin(self, codes: Tensor) -> None:
        """What the training must know of the codes (N, m) before it starts; nothing as a rule."""


class Model(Learner):
    """An auto-encoder with a prior and a list of turns.

    A model is itself a prior: it has `sample(n)`, and may be assigned to another model's `prior`.
    Tensors are as the network sees them, arrays and tables as the data's file holds them; for
    images both are [0, 1] (uint8 arrays are 0 to 255), numbers are standardised for the network.

    Arguments:
        body: Encoder, decoder, likelihood, shape and latent size.

    Raises:
        UserError: There is no encoder, or sizes do not fit together.

    Attributes:
        encodes: Whether it has an encoder, and so reconstructs.
        schema: What a sample is in the data's file, and what the network sees of it; a plain one
            until data are known.
        refitted: Name and settings of a prior that took the place of the recipe's; None as a rule.
        classes: Names of the classes that `sample` can be asked for; none as a rule.
    """

    encodes: ClassVar[bool] = True
    encoder: nn.Module
    prior: Prior

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.shape, self.latent = tuple(body.shape), body.latent
        if self.encodes:
            self._take_encoder(body.encoder)
        self.decoder, self.likelihood = body.decoder, body.likelihood
        if not body.fits:
            body.check()
        self.schema: Schema = plain(self.shape)
        self.refitted: tuple[str, dict[str, Any]] | None = None
        self.classes: tuple[str, ...] = ()

    def _take_encoder(self, encoder: nn.Module | None) -> None:
        if encoder is None:
            raise UserError(f"{type(self).__name__} needs an encoder; give Body one.")
        self.encoder = encoder

    def __setattr__(self, name: str, value: Any) -> None:
        # A model as a prior draws in its own units, which are those of the codes it was trained on.
        staged = name == "prior" and isinstance(value, Model)
        super().__setattr__(name, Stage(value) if staged else value)

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return like(self).device

    def code(self, x: Tensor) -> Code:
        """The law of the codes of samples (B, *shape): a point each, or a Gaussian each."""
        return Code(self.encoder(x))

    def encode(self, x: Any) -> Any:
        """From samples (B, *shape) to their (mean) codes (B, m).

        Arguments:
            x: A tensor in the network's units, encoded as the model stands; or an array, a list or
                a table as the data's file has it, encoded in evaluation mode without gradients.

        Returns:
            A tensor for a tensor, else an array.

        Raises:
            UserError: The samples have another shape than the model's, or are no numbers.
        """
        if isinstance(x, Tensor):
            return self.code(self._fitting(x)).centre()
        with torch.no_grad(), evaluating(self):
            parts = [self.code(part).centre().cpu() for part in self._seen(x)]
        return torch.cat(parts).numpy()

    def decode(self, z: Tensor) -> Tensor:
        """From codes (B, m) to samples (B, *shape): in [0, 1] for images."""
        return self.likelihood.mean(self.decoder(z))

    def reconstruct(self, x: Any) -> Any:
        """From samples to their reconstructions, shape and units kept; `x` as in `encode`."""
        if isinstance(x, Tensor):
            return self.decode(self.encode(x))
        with torch.no_grad(), evaluating(self):
            parts = [self.decode(self.code(part).centre()).cpu() for part in self._seen(x)]
        return self.schema.restore(torch.cat(parts))

    @torch.no_grad()
    def sample(
        self, n: int, *, label: Any = None, seed: int | None = None, as_array: bool = False
    ) -> Any:
        """Draw n samples, with shape (n, *shape), in evaluation mode.

        A sample is the mean that the decoder gives, or, of a table, a row drawn from what it gives:
        one of the choices, and numbers with the deviation that the training left.

        Arguments:
            n: How many.
            label: Name of one of `classes` to draw of; of all where it is None.
            seed: Gives what `latentfit sample --seed` gives; None draws from the global stream.
            as_array: Give an array or a table as the data's file has it, not a tensor in the
                network's units.

        Raises:
            UserError: `n` is no whole number of 1 or more, or there is no such class.

        Example:
            >>> import latentfit as lf
            >>> model = lf.recipe("wae-mmd", (6,), latent=2)
            >>> bool((model.sample(3, seed=0) == model.sample(3, seed=0)).all())
            True
        """
        within("n", n, 1)
        if n != int(n):
            raise UserError(f"'n' must be a whole number, got {n}.")
        if seed is not None:
            with seeded(seed, "sample"):
                return self.sample(n, label=label, as_array=as_array)
        with evaluating(self):
            codes = self._draw(int(n), label).split(512)
            drawn = torch.cat([self.likelihood.settle(self.decode(z)) for z in codes])
        return self.schema.restore(drawn) if as_array else drawn

    def _draw(self, n: int, label: Any) -> Tensor:
        if label is None:
            return self.prior.sample(n)
        if not self.classes:
            raise UserError(
                f"a label was given ({label}), but the prior knows no classes; fit one by class: "
                "latentfit fit-prior RUN --prior matching --by label."
            )
        return self.prior.sample_of(
            n, self.classes.index(one_of("label", str(label), self.classes))
        )

    def openness(self) -> Tensor | None:
        """How far each latent dimension is open, in [0, 1] with shape (m,), where a mask says."""
        return None

    @property
    def has_likelihood(self) -> bool:
        """Whether the likelihood of a sample has a bound that can be estimated."""
        return False

    def log_weights(self, x: Tensor, draws: int) -> Tensor:
        """Importance weights of x, whose mean in log space bounds log p(x), (draws, B) in nats.

        Raises:
            UserError: The model has no densities of codes and data.
        """
        raise UserError("this model has no likelihood: it needs densities of codes and data.")

    def check(self, *, fitted: bool = False) -> None:
        """Raise where encoder, decoder, prior and latent size do not fit together.

        Arguments:
            fitted: Whether a prior that is fitted ex post has been, so that it can be drawn from.

        Raises:
            UserError: A part gives another shape than the others take, or is of another precision.
        """
        usual = torch.get_default_dtype()
        for name, p in self.named_parameters():
            if p.is_floating_point() and p.dtype != usual:
                raise UserError(f"'{name}' is of {p.dtype}; networks are of {usual}, see .to().")
        with evaluating(self), torch.no_grad(), seeded(0, "check"):
            if self.encodes:
                tried("encoder", _Calls(self), self.shape, (self.latent,))
            tried("decoder", self.decoder, (self.latent,), self.shape)
            if isinstance(self.prior, ExPost) and not fitted:
                return  # nothing can be drawn yet
            drawn = self.prior.sample(2)
        if tuple(drawn.shape) != (2, self.latent):
            raise UserError(
                f"the prior draws codes {tuple(drawn.shape)} where {(2, self.latent)} are needed; "
                "change the prior or 'latent'."
            )

    def _fitting(self, x: Tensor) -> Tensor:
        if not x.is_floating_point():
            raise UserError(
                f"a tensor of {x.dtype} was given; tensors are floats in the network's units, give "
                "an array for the data's own."
            )
        if tuple(x.shape[1:]) != self.shape:
            raise UserError(
                f"samples have shape {tuple(x.shape[1:])}, the model takes {self.shape}; give a "
                f"batch of shape (B, {', '.join(map(str, self.shape))})."
            )
        return x

    def _seen(self, x: Any) -> Iterator[Tensor]:
        """Samples as the data's file has them as tensors in the network's units."""
        own = like(self)
        for part in self._fitting(self.schema.apply(x)).split(512):
            yield part.to(own)


class Stage(Prior):
    """A trained model of codes as a prior of another: its samples, in the units of its data.

    Arguments:
        model: A model of vectors.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model
        units = model.schema if isinstance(model.schema, Numbers) else Numbers((1,), (1,))
        kind = torch.get_default_dtype()
        self.register_buffer("shift", units.shift.to(kind))
        self.register_buffer("scale", units.scale.to(kind))

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        return self.model.sample(n) * self.scale + self.shift


class _Calls(nn.Module):
    """A model's way from samples to codes as a network."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Code:
        return self.model.code(x)
