"""A model in the form of a graph: no value is looked at, and what is known is computed before."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from functools import singledispatch
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from latentfit.exporting.noise import NoGraphError
from latentfit.expost.density import DensityPrior
from latentfit.expost.matching import CodeMatching
from latentfit.models import Model
from latentfit.models.base import Stage
from latentfit.networks.made import MaskedLinear
from latentfit.networks.taps import OneChannel, OneChannelUp
from latentfit.priors import ByClass, Cube, GaussianMixture, KernelDensity, Prior, Vamp

Kind = TypeVar("Kind", bound=Model)

PLAIN: dict[type[nn.Module], type[nn.Module]] = {
    MaskedLinear: nn.Linear,
    OneChannel: nn.Conv2d,
    OneChannelUp: nn.ConvTranspose2d,
}
"""Layers of ours with the weights of one of PyTorch's, which computes the same from them."""


def formed(model: Kind) -> Kind:
    """A copy of a model on the CPU that computes the same, with layers that are PyTorch's own.

    Weights that are computed from others are computed once; layers that add taps are convolutions
    again, of which every program that reads graphs knows a fast form.
    """
    made = copy.deepcopy(model).cpu().eval().requires_grad_(False)
    for layer in list(made.modules()):
        if is_parametrized(layer):
            bare(layer)
        if isinstance(layer, MaskedLinear):
            layer.weight.mul_(layer.mask)
        setattr(layer, "__class__", PLAIN.get(type(layer), type(layer)))  # noqa: B010
    return made


def bare(layer: nn.Module) -> None:
    """Let a layer hold what its parametrisations compute, in place.

    PyTorch's own way to remove them changes their class, which a copy shares with what it is of.
    """
    names = list(layer.parametrizations)  # type: ignore[arg-type]
    values = {name: getattr(layer, name).detach().clone() for name in names}
    layer.__class__ = type(layer).__bases__[0]
    del layer.parametrizations
    for name, value in values.items():
        layer.register_parameter(name, nn.Parameter(value, requires_grad=False))


def pruned(module: nn.Module, seen: Iterable[int]) -> None:
    """Leave tensors out that a computation does not look at.

    Arguments:
        module: Changed in place.
        seen: Identities of those that it looks at.
    """
    kept = set(seen)
    for part in module.modules():
        for held in (part._parameters, part._buffers):
            for name in [n for n, t in held.items() if t is not None and id(t) not in kept]:
                del held[name]


class Mixture(Prior):
    """A mixture of Gaussians, for each of some classes, whose numbers are known.

    Arguments:
        weights: Of the components, with shape (C, K).
        means: With shape (C, K, m).
        spread: Deviations (C, K, m), or (C, 1, m) where all share them; or factors (C, K, m, m).
    """

    weights: Tensor
    means: Tensor
    spread: Tensor

    def __init__(self, weights: Tensor, means: Tensor, spread: Tensor) -> None:
        super().__init__()
        for name, value in {"weights": weights, "means": means, "spread": spread}.items():
            self.register_buffer(name, value.detach().clone())

    def sample(self, n: int) -> Tensor:
        """Draw n codes of the first class, with shape (n, m)."""
        return self.sample_of(n, 0)

    def sample_of(self, n: int, label: int | Tensor) -> Tensor:
        """Draw n codes of a class, or of one each (n,), with shape (n, m)."""
        at = torch.as_tensor(label).expand(n)
        pick = torch.zeros_like(at)
        if self.weights.shape[1] > 1:
            pick = torch.multinomial(self.weights[at], 1)[:, 0]
        noise = torch.randn(n, self.means.shape[2])
        spread = self.spread[at, pick.clamp(max=self.spread.shape[1] - 1)]
        moved = spread * noise if spread.dim() == 2 else (spread @ noise[..., None]).squeeze(-1)
        return self.means[at, pick] + moved


class Even(Prior):
    """As `Cube`, without the Gaussian numbers by which that one knows its device.

    Arguments:
        latent: Number of dimensions m.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.latent = latent

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        return 2 * torch.rand(n, self.latent) - 1


class Staged(Prior):
    """A model of codes as the prior of another, without the checks of `Model.sample`.

    Arguments:
        stage: That prior.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.prior = stage, prior_formed(stage.model.prior)

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        model = self.stage.model
        drawn = model.likelihood.settle(model.decode(self.prior.sample(n)))
        return drawn * self.stage.scale + self.stage.shift


@singledispatch
def prior_formed(prior: Prior) -> Prior:
    """A prior with the same draws that looks at no values; the prior itself as a rule.

    Raises:
        NoGraphError: It has no such form.
    """
    return prior


@prior_formed.register
def _(prior: GaussianMixture) -> Prior:
    return Mixture(prior.weights[None], prior.means[None], prior.factors[None])


@prior_formed.register
def _(prior: KernelDensity) -> Prior:
    codes = prior.codes[: int(prior.held)]
    return evenly(codes, prior.width[None])


@prior_formed.register
def _(prior: Vamp) -> Prior:
    with torch.no_grad():
        mean, scale = prior._components()
    return evenly(mean, scale)


@prior_formed.register
def _(prior: Cube) -> Prior:
    return Even(prior.normal.latent)


@prior_formed.register
def _(prior: ByClass) -> Prior:
    formed = [prior_formed(part) for part in prior.parts if isinstance(part, Prior)]
    each = [part for part in formed if isinstance(part, Mixture)]
    if len(each) < prior.classes:
        raise NoGraphError("its prior has classes of a kind that has no form as a graph")
    return Mixture(
        *(joined([getattr(p, name)[0] for p in each]) for name in ("weights", "means", "spread"))
    )


@prior_formed.register
def _(prior: DensityPrior) -> Prior:
    if isinstance(density := prior.model, CodeMatching):
        known = most_steps(density)
        setattr(density, "steps", lambda field=None: known)  # noqa: B010 of this copy alone
    return prior


@prior_formed.register
def _(prior: Stage) -> Prior:
    return Staged(prior)


def evenly(means: Tensor, spread: Tensor) -> Mixture:
    """A mixture whose components (K, m) are all as likely."""
    return Mixture(torch.full((1, len(means)), 1 / len(means)), means[None], spread[None])


def most_steps(density: CodeMatching) -> int:
    """Steps that suffice for every class, as draws of one class find them for it."""
    if not density.classes:
        return density.steps()
    labels = torch.arange(density.classes)[:, None]
    return max(density.steps(density._guided(label, density.guidance)) for label in labels)


def joined(each: list[Tensor]) -> Tensor:
    """Tensors (K, ...) of one class each as one (C, K, ...), those with fewer rows filled by 0."""
    rows = max(len(part) for part in each)
    filled = [torch.cat([p, p.new_zeros(rows - len(p), *p.shape[1:])]) for p in each]
    return torch.stack(filled)
