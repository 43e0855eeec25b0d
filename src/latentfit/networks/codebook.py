"""A codebook: vectors that others are replaced by, moved by averages of what they replace."""

from __future__ import annotations

import math
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from latentfit.networks.layers import single


class Codebook(nn.Module):
    r"""K vectors, each the running mean of the vectors that it is nearest to.

    .. math:: n_k \leftarrow g n_k + (1 - g) \, \#_k, \quad
              s_k \leftarrow g s_k + (1 - g) \textstyle\sum_{i \in k} z_i, \quad
              e_k = s_k / \tilde n_k

    with :math:`\tilde n_k = (n_k + \epsilon) / (n + K \epsilon) \cdot n`. Counts start at 1 and
    sums at the vectors: from 0, as in public code, a vector that receives nothing at first is
    thrown away at once. A vector that receives less than a twentieth of the mean is put on a row of
    the last batch. With `learned` the vectors are parameters, and nothing is averaged.

    Arguments:
        count: K.
        size: Entries of a vector.
        decay: g.
        learned: Move the vectors by their own loss instead.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017), Appendix A.1
        | Robust Training of Vector Quantized Bottleneck Models (Lancucki et al., 2020)

    Deviations:
        Lost vectors come back, after the second reference.

    Example:
        >>> book = Codebook(4, 2)
        >>> book.nearest(book.vectors[[2, 0]]).tolist()
        [2, 0]
    """

    vectors: Tensor
    counts: Tensor
    sums: Tensor
    seen: Tensor
    added: Tensor
    spare: Tensor

    def __init__(
        self, count: int, size: int, *, decay: float = 0.99, learned: bool = False
    ) -> None:
        super().__init__()
        self.decay, self.learned = decay, learned
        start = torch.empty(count, size).uniform_(-1, 1) / math.sqrt(size)
        if learned:
            self.vectors = nn.Parameter(start)
        else:
            self.register_buffer("vectors", start)
        self.register_buffer("counts", torch.ones(count))
        self.register_buffer("sums", start.clone())
        # What the last batch gave, taken in after the move.
        self.register_buffer("seen", torch.zeros(count))
        self.register_buffer("added", torch.zeros(count, size))
        self.register_buffer("spare", torch.zeros(count, size))

    def nearest(self, z: Tensor) -> Tensor:
        """Index of the nearest vector of each row (N, size), with shape (N,); not in bf16."""
        kind = z.device.type
        mixed = torch.is_autocast_enabled(kind)  # where it is off, a graph is spared a region
        with torch.autocast(kind, enabled=False) if mixed else nullcontext(), torch.no_grad():
            table = single(self.vectors)
            # |z|^2 is the same for all of a row.
            return (table.square().sum(1) - 2 * single(z) @ table.T).argmin(1)

    def note(self, z: Tensor, indices: Tensor) -> None:
        """Keep counts, sums and some rows of a batch (N, size), nearest to `indices` (N,)."""
        with torch.no_grad():
            z = single(z)
            numbers = torch.arange(len(self.vectors), device=z.device)
            chosen = (indices[:, None] == numbers).to(z.dtype)
            self.seen.copy_(chosen.sum(0))
            self.added.copy_(chosen.T @ z)
            self.spare.copy_(z[torch.randint(len(z), (len(self.vectors),), device=z.device)])

    @torch.no_grad()
    def update(self) -> None:
        """Move the averages by the batch that was noted last, and bring back lost vectors."""
        if self.learned:
            return
        self.counts.lerp_(self.seen, 1 - self.decay)
        self.sums.lerp_(self.added, 1 - self.decay)
        mean = self.counts.mean()
        lost = self.counts < 0.05 * mean
        self.counts.copy_(torch.where(lost, mean, self.counts))
        self.sums.copy_(torch.where(lost[:, None], mean * self.spare, self.sums))
        total, eps = self.counts.sum(), 1e-5
        smooth = (self.counts + eps) / (total + len(self.counts) * eps) * total
        self.vectors.copy_(self.sums / smooth[:, None])
