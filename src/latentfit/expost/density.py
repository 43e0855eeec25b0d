"""Densities of codes, trained by maximum likelihood, as priors of a trained encoder."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentfit.checks import UserError
from latentfit.models.base import Learned
from latentfit.models.learner import Learner
from latentfit.networks import MADE
from latentfit.optimizers import adam
from latentfit.players import Player, Terms, Turn

REACH = 3.0  # of a log-scale, so that no component can collapse or blow up


class CodeDensity(Learner):
    r"""A density of codes, trained to make them likely.

    .. math:: \log p(z) = \log q(u) - \sum_j \log s_j, \quad u = (z - t) / s

    with mean t and deviation s of the codes that it is trained on.

    Arguments:
        latent: Number of dimensions m.
        rate: Learning rate.

    Attributes:
        passes: Over the codes, at most. Of 240 to 2,000 codes of digits in 4 to 32 dimensions,
            codes that were held out are likeliest after 10 to 25; after 100 a flow gives them
            thousands of nats less.
        classes: Number of classes that it knows; 0 as a rule.
    """

    average = 0.999
    passes: ClassVar[int] = 20
    classes: int = 0
    shift: Tensor
    scale: Tensor

    def __init__(self, latent: int, *, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.register_buffer("shift", torch.zeros(latent))
        self.register_buffer("scale", torch.ones(latent))

    @abstractmethod
    def standard_density(self, u: Tensor) -> Tensor:
        """Log q(u) in nats of standardised codes (B, m), with shape (B,)."""

    @abstractmethod
    def standard_draw(self, n: int) -> Tensor:
        """Draw n standardised codes, with shape (n, m)."""

    def begin(self, codes: Tensor) -> None:
        """Standardise by codes (N, m); closed dimensions keep deviation 1."""
        self.shift.copy_(codes.mean(0))
        deviation = codes.std(0)
        self.scale.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats of codes (B, m), with shape (B,)."""
        return self.standard_density((z - self.shift) / self.scale) - self.scale.log().sum()

    def draw(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        return self.shift + self.scale * self.standard_draw(n)

    def draw_of(self, n: int, label: int | Tensor) -> Tensor:
        """Draw n codes of the class of a number, with shape (n, m).

        Raises:
            UserError: It knows no classes.
        """
        raise UserError("this prior knows no classes; fit one by class (fit-prior --by label).")

    def fit(self, codes: Tensor) -> Terms:
        """How surprising the codes are, in nats."""
        return {"surprise": -self.log_density(codes).mean()}

    def turns(self) -> Iterator[Turn]:
        """One player."""
        yield Turn(prior=Player(terms=self.fit, owns=(self,), optimizer=adam(self.rate)))


class DensityPrior(Learned[CodeDensity]):
    """The law of a density of codes.

    Arguments:
        model: The density.
    """

    def __init__(self, model: CodeDensity) -> None:
        super().__init__(model, longer=0.25, passes=model.passes)
        self.classes = model.classes

    def begin(self, codes: Tensor) -> None:
        """Let the density know the codes (N, m)."""
        self.model.begin(codes)

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        return self.model.draw(n)

    def sample_of(self, n: int, label: int | Tensor) -> Tensor:
        """Draw n codes of a class, or of one each (n,), with shape (n, m)."""
        return self.model.draw_of(n, label)

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats, with shape (B,)."""
        return self.model.log_density(z)


class CodeMixture(CodeDensity):
    r"""A mixture of diagonal Gaussians, what a VampPrior is to the decoder.

    .. math:: q(u) = \sum_k \pi_k N(u; \mu_k, \operatorname{diag} \sigma_k^2)

    The components start at random codes. Unlike a VampPrior's they are not posteriors of
    pseudo-inputs, so that any encoder will do, one without a posterior too.

    Arguments:
        latent: Number of dimensions m.
        components: K.
        rate: Learning rate.

    References:
        | VAE with a VampPrior (Tomczak & Welling, 2018), Eq. 9; its baseline "mixture of Gaussians"

    Example:
        >>> CodeMixture(3, components=5).log_density(torch.zeros(2, 3)).shape
        torch.Size([2])
    """

    def __init__(self, latent: int, *, components: int = 500, rate: float = 1e-2) -> None:
        super().__init__(latent, rate=rate)
        self.mean = nn.Parameter(torch.randn(components, latent))
        self.raw = nn.Parameter(torch.zeros(components, latent))
        self.logits = nn.Parameter(torch.zeros(components))

    @torch.no_grad()
    def begin(self, codes: Tensor) -> None:
        """Standardise by codes (N, m), and start from some of them."""
        super().begin(codes)
        picked = codes[torch.randint(len(codes), (len(self.mean),), device=codes.device)]
        self.mean.copy_((picked - self.shift) / self.scale)

    def standard_density(self, u: Tensor) -> Tensor:
        """Log q(u) in nats, with shape (B,)."""
        table = gaussian(u[:, None], self.mean, bounded(self.raw)).sum(2)
        return (table + self.logits.log_softmax(0)).logsumexp(1)

    def standard_draw(self, n: int) -> Tensor:
        """Draw n standardised codes, with shape (n, m)."""
        pick = torch.multinomial(self.logits.softmax(0), n, replacement=True)
        mean = self.mean[pick]
        return mean + bounded(self.raw[pick]).exp() * torch.randn_like(mean)


class CodeSequence(CodeDensity):
    r"""One dimension after the other, each a mixture of Gaussians given those before it.

    .. math:: q(u) = \prod_j \sum_k \pi_{jk} N(u_j; \mu_{jk}, \sigma_{jk}^2), \quad
              (\pi, \mu, \sigma)_j \text{ from } u_{<j}

    Arguments:
        latent: Number of dimensions m.
        components: K of each dimension.
        hidden: Width of each hidden layer of the masked network.
        rate: Learning rate.

    References:
        | RNADE: The real-valued neural autoregressive density-estimator (Uria et al., 2013)
        | Masked Autoregressive Flow (Papamakarios et al., 2017), Section 4, "MADE MoG"

    Example:
        >>> CodeSequence(3, components=5, hidden=(8,)).draw(2).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        latent: int,
        *,
        components: int = 10,
        hidden: tuple[int, ...] = (512, 512),
        rate: float = 1e-3,
    ) -> None:
        super().__init__(latent, rate=rate)
        self.network = MADE(latent, hidden=hidden, outputs=3 * components)
        # The last layer starts at 0, where all components are one and would stay one.
        self.start = nn.Parameter(torch.randn(components))

    def standard_density(self, u: Tensor) -> Tensor:
        """Log q(u) in nats, with shape (B,)."""
        logits, mean, scale = self._components(u)
        table = gaussian(u[..., None], mean, scale) + logits.log_softmax(2)
        return table.logsumexp(2).sum(1)

    @torch.no_grad()
    def standard_draw(self, n: int) -> Tensor:
        """Draw n standardised codes, with shape (n, m), one dimension after the other."""
        u = torch.zeros(n, len(self.shift), device=self.shift.device)
        for place in range(u.shape[1]):
            logits, mean, scale = (part[:, place] for part in self._components(u))
            pick = torch.multinomial(logits.softmax(1), 1)
            drawn = mean.gather(1, pick) + scale.gather(1, pick).exp() * torch.randn_like(u[:, :1])
            u[:, place] = drawn[:, 0]
        return u

    def _components(self, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, means and log-scales, each with shape (B, m, K)."""
        logits, mean, raw = torch.stack(self.network(u), 2).chunk(3, dim=2)
        return logits, mean + self.start, bounded(raw)


def bounded(raw: Tensor) -> Tensor:
    """A log-scale within `REACH`."""
    return REACH * (raw / REACH).tanh()


def gaussian(u: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Log N(u; mean, exp(log_scale)^2), entry by entry."""
    squared = ((u - mean) * (-log_scale).exp()).square()
    return -0.5 * (squared + math.log(2 * math.pi)) - log_scale
