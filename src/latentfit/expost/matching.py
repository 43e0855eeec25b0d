"""Flow matching: codes as where noise arrives that follows a velocity."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor

from latentfit.checks import one_of
from latentfit.expost.density import CodeDensity
from latentfit.networks import Velocity
from latentfit.players import Terms
from latentfit.priors import parts

Field = Callable[[Tensor, Tensor], Tensor]
"""Velocities (B, m) of points (B, m) at times (B,)."""

Coupling = Literal["independent", "batch"]

STEPS = (3, 5, 10)  # of the midpoint rule, two evaluations each
BACK = 5  # steps of a density; on a Gaussian of 24 dimensions it is off by 0.05 nats
TOLERANCE = 0.05  # in deviations of the codes
PROBES = 256  # draws by which the steps are chosen
UNTOLD = 0.1  # share of the codes whose class is not told
EXACT = 16  # dimensions up to which a divergence is taken whole; beyond, that many directions


class CodeMatching(CodeDensity):
    r"""A density of codes that a velocity carries over from noise, learned along straight lines.

    .. math:: \min_v \; E \, \| v(u_t, t) - (u - e) \|^2, \quad u_t = (1 - t) e + t u, \quad
              e \sim N(0, I), \; t \sim U(0, 1)

    A draw starts at e and follows v from t = 0 to 1. Its density is found on the way back,

    .. math:: \log q(u_1) = \log N(u_0; 0, I) - \int_0^1 \nabla \cdot v(u_t, t) \, dt

    Both by the midpoint rule: in as few of 3, 5 or 10 steps as twice as many would move draws by no
    more than 0.05 of the codes' deviation.

    With classes the velocity hears that of each code, but for one in ten; a draw of a class follows

    .. math:: v(u, t) + w \, (v(u, t, c) - v(u, t))

    and draws of none are of classes by their share, with w = 1.

    Noise and codes are paired at random; with `coupling` of `batch`, within each batch (and class)
    so that the sum of their squared distances is least. Lines then cross less, draws need fewer
    steps, and a round costs an assignment of its batch.

    Arguments:
        latent: Number of dimensions m.
        units: Width of the velocity's blocks.
        blocks: Number of them.
        rate: Learning rate.
        classes: Number of classes, the number of which follows each code as one more entry.
        guidance: w; above 1 draws are more like their class and less different.
        coupling: `independent` or `batch`.

    Raises:
        UserError: The coupling is another.

    References:
        | Flow Matching for Generative Modeling (Lipman et al., 2023), Eqs. 14 and 23, with sigma 0
        | Flow Straight and Fast (Liu et al., 2023), Eq. 1
        | Neural Ordinary Differential Equations (Chen et al., 2018), Eq. 8
        | FFJORD (Grathwohl et al., 2019), Eq. 7: the divergence along random directions
        | Multisample Flow Matching (Pooladian et al., 2023), Section 4.1: couplings of a batch
        | Classifier-Free Diffusion Guidance (Ho & Salimans, 2022), Eq. 6, with w - 1 for its w

    Example:
        >>> CodeMatching(3, units=8).draw(2).shape
        torch.Size([2, 3])
    """

    batch = 512
    passes: ClassVar[int] = (
        200  # a velocity learns by heart more slowly: held-out errors fall so far
    )

    shares: Tensor

    def __init__(
        self,
        latent: int,
        *,
        units: int = 256,
        blocks: int = 3,
        rate: float = 1e-3,
        classes: int = 0,
        guidance: float = 1.0,
        coupling: Coupling = "independent",
    ) -> None:
        super().__init__(latent, rate=rate)
        self.classes, self.guidance = classes, guidance
        self.coupling = one_of("coupling", coupling, get_args(Coupling))
        self.velocity = Velocity(latent, units=units, blocks=blocks, classes=classes)
        self.register_buffer("shares", torch.zeros(classes))

    def begin(self, codes: Tensor) -> None:
        """Standardise by codes (N, m), or (N, m + 1) with their classes, and count these."""
        z, label = self._parted(codes)
        super().begin(z)
        if label is not None:
            self.shares.copy_(label.bincount(minlength=self.classes) / len(label))

    def fit(self, codes: Tensor) -> Terms:
        """The squared error of the velocity, a mean over its entries."""
        z, label = self._parted(codes)
        u = (z - self.shift) / self.scale
        e, t = torch.randn_like(u), torch.rand(len(u), device=u.device)
        if self.coupling == "batch":
            e = nearest_noise(e, u, label)
        between = torch.lerp(e, u, t[:, None])
        if label is not None:
            label = label.where(torch.rand_like(t) >= UNTOLD, self.classes)
        return {"velocity": (self.velocity(between, t, label) - (u - e)).square().mean()}

    def standard_density(self, u: Tensor) -> Tensor:
        """Log q(u) in nats of standardised codes (B, m), with shape (B,).

        By 5 steps. Beyond 16 dimensions the divergence is estimated without bias along 16 random
        directions for each code, the same ones for the same batch.
        """
        ends, grown = follow_back(self.velocity, u, BACK, _directions(u))
        return -0.5 * (ends.square() + math.log(2 * math.pi)).sum(1) - grown

    def standard_draw(self, n: int) -> Tensor:
        """Draw n standardised codes, with shape (n, m)."""
        if not self.classes:
            return self._drawn(n, None, 1.0)
        return self._drawn(n, torch.multinomial(self.shares, n, replacement=True), 1.0)

    def draw_of(self, n: int, label: int | Tensor) -> Tensor:
        """Draw n codes of a class, or of one each (n,), with shape (n, m)."""
        labels = torch.as_tensor(label, device=self.shift.device).expand(n)
        return self.shift + self.scale * self._drawn(n, labels, self.guidance)

    @torch.no_grad()
    def steps(self, field: Field | None = None) -> int:
        """The fewest of 3, 5 and 10 steps that suffice; 10 where none does."""
        field = field or self.velocity
        probes = torch.randn(PROBES, len(self.shift), generator=torch.Generator().manual_seed(0))
        probes = probes.to(self.shift)
        for k in STEPS[:-1]:
            coarse, fine = (follow(field, probes, count) for count in (k, 2 * k))
            if float((coarse - fine).square().mean().sqrt()) <= TOLERANCE:
                return k
        return STEPS[-1]

    @torch.no_grad()
    def _drawn(self, n: int, label: Tensor | None, guidance: float) -> Tensor:
        noise = torch.randn(n, len(self.shift), device=self.shift.device)
        steps = self.steps(self._guided(None if label is None else label[:1], guidance))
        ends = []
        for part in parts(n, 4096):
            field = self._guided(None if label is None else label[part], guidance)
            ends.append(follow(field, noise[part], steps))
        return torch.cat(ends)

    def _guided(self, label: Tensor | None, guidance: float) -> Field:
        def field(u: Tensor, t: Tensor) -> Tensor:
            told = self.velocity(u, t, label)
            if guidance == 1:
                return told
            untold = self.velocity(u, t)
            return untold + guidance * (told - untold)

        return field

    def _parted(self, codes: Tensor) -> tuple[Tensor, Tensor | None]:
        if not self.classes:
            return codes, None
        return codes[:, :-1], codes[:, -1].long()


def nearest_noise(e: Tensor, u: Tensor, label: Tensor | None = None) -> Tensor:
    """Noise in the order in which its squared distances to codes have the least sum.

    Arguments:
        e: With shape (B, m).
        u: Codes, with shape (B, m).
        label: Their classes (B,): noise stays with the class that it came with, so that it has the
            same law in each.

    Example:
        >>> nearest_noise(torch.tensor([[0.0], [1.0]]), torch.tensor([[9.0], [-9.0]])).flatten()
        tensor([1., 0.])
    """
    from scipy.optimize import linear_sum_assignment

    paired = torch.empty_like(e)
    kinds = torch.zeros(len(u), device=u.device) if label is None else label
    for kind in kinds.unique():
        at = (kinds == kind).nonzero()[:, 0]
        cost = torch.cdist(u[at], e[at]).square().cpu().numpy()
        paired[at] = e[at[torch.from_numpy(linear_sum_assignment(cost)[1]).to(at.device)]]
    return paired


def follow(field: Field, u: Tensor, steps: int) -> Tensor:
    """Where points (B, m) arrive that follow a velocity from t = 0 to 1, by the midpoint rule.

    Example:
        >>> follow(lambda u, t: 2 * t[:, None], torch.zeros(1, 1), 1)
        tensor([[1.]])
    """
    h = 1 / steps
    for k in range(steps):
        half = u + h / 2 * field(u, u.new_full(u.shape[:1], k * h))
        u = u + h * field(half, u.new_full(u.shape[:1], (k + 0.5) * h))
    return u


def follow_back(field: Field, u: Tensor, steps: int, directions: Tensor) -> tuple[Tensor, Tensor]:
    """Where points (B, m) at t = 1 started, and the divergence along their way.

    Arguments:
        field: The velocity.
        u: The points.
        steps: Of the midpoint rule.
        directions: Along which the divergence is taken, with shape (P, m), or (P, B, m) where each
            point has its own: it is the sum of d' J d over them.

    Returns:
        Points (B, m), and the integral of the divergence over time (B,).
    """
    h, grown = 1 / steps, u.new_zeros(len(u))
    for k in range(steps, 0, -1):
        half = u - h / 2 * field(u, u.new_full(u.shape[:1], k * h))
        t = half.new_full((len(u),), (k - 0.5) * h)
        velocity, divergence = _diverging(lambda u, t=t: field(u, t), half, directions)
        u, grown = u - h * velocity, grown + h * divergence
    return u, grown


def _diverging(
    field: Callable[[Tensor], Tensor], u: Tensor, directions: Tensor
) -> tuple[Tensor, Tensor]:
    """Velocities (B, m) and their divergence (B,)."""
    velocity, pull, *_ = torch.func.vjp(field, u)
    divergence = u.new_zeros(len(u))
    for direction in directions:
        along = direction.expand_as(u)
        divergence = divergence + (pull(along)[0] * along).sum(1)
    return velocity, divergence


def _directions(u: Tensor) -> Tensor:
    """The axes of few dimensions; of many, random signs whose squares add up to the same."""
    if u.shape[1] <= EXACT:
        return torch.eye(u.shape[1]).to(u)
    signs = torch.randint(2, (EXACT, *u.shape), generator=torch.Generator().manual_seed(0))
    return (2 * signs - 1).to(u) / EXACT**0.5
