"""Kernel density of the training codes, fitted after training."""

from __future__ import annotations

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.priors.base import Fitted


class KernelDensity(Fitted):
    r"""A Gaussian kernel on each training code, with Scott's width in each dimension.

    .. math:: p(z) = \frac1N \sum_i N(z; z_i, h^2 \, \mathrm{diag}(s^2)), \quad h = N^{-1 / (m + 4)}

    It keeps the codes, so samples stay near what was seen: look at the memorisation scores.

    Arguments:
        latent: Number of dimensions m.
        count: Codes that are kept, at most; 2 or more.

    References:
        | Multivariate Density Estimation (Scott, 1992), Section 6.3

    Example:
        >>> prior = KernelDensity(2, count=4)
        >>> prior.fit(torch.zeros(4, 2))
        >>> prior.sample(3).tolist()
        [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """

    codes: Tensor
    width: Tensor
    held: Tensor

    def __init__(self, latent: int, *, count: int = 10_000) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(count, latent))
        self.register_buffer("width", torch.zeros(latent))
        self.register_buffer("held", torch.tensor(0))

    def fit(self, codes: Tensor, *, seed: int = 0) -> None:
        """Keep a random part of the codes (N, m), and Scott's width for as many.

        Arguments:
            codes: With shape (N, m), N at least 2.
            seed: Of the part.

        Raises:
            UserError: There are fewer than 2 codes to keep.
        """
        generator = torch.Generator().manual_seed(seed)
        pick = torch.randperm(len(codes), generator=generator)[: len(self.codes)]
        kept = codes.detach()[pick.to(codes.device)]
        count, latent = kept.shape
        if count < 2:
            raise UserError(
                f"a kernel density needs at least 2 codes for its width, got {len(codes)} and "
                f"keeps {len(self.codes)}; use more data, or raise 'count'."
            )
        self.codes[:count].copy_(kept)
        self.held.fill_(count)
        self.width.copy_(count ** (-1 / (latent + 4)) * kept.std(0))

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m).

        Raises:
            UserError: It is not fitted yet.
        """
        if not int(self.held):
            raise UserError("the kernel density is not fitted yet; finish training first.")
        pick = torch.randint(int(self.held), (n,), device=self.codes.device)
        noise = torch.randn(n, len(self.width), device=self.codes.device)
        return self.codes[pick] + self.width * noise
