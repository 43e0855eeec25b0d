"""A codebook: vectors that others are replaced by, moved by averages of what they replace."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Codebook(nn.Module):
    r"""K vectors, each the running mean of the vectors that it is nearest to.

    .. math:: n_k \leftarrow g n_k + (1 - g) \, \#_k, \quad
              s_k \leftarrow g s_k + (1 - g) \textstyle\sum_{i \in k} z_i, \quad
              e_k = s_k / \tilde n_k

    with :math:`\tilde n_k = (n_k + \epsilon) / (n + K \epsilon) \cdot n`. Counts start at 1 and
    sums at the vectors: from 0 a vector that receives nothing at first is thrown away at once
    (baselines 14.3). With `learned` the vectors are parameters, and nothing is averaged.

    Arguments:
        count: K.
        size: Entries of a vector.
        decay: g.
        learned: Move the vectors by their own loss instead.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017), Appendix A.1

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

    def nearest(self, z: Tensor) -> Tensor:
        """Index of the nearest vector of each row (N, size), with shape (N,); in float32."""
        with torch.autocast(z.device.type, enabled=False), torch.no_grad():
            table = self.vectors.float()
            # |z|^2 is the same for all of a row.
            return (table.square().sum(1) - 2 * z.float() @ table.T).argmin(1)

    def note(self, z: Tensor, indices: Tensor) -> None:
        """Keep counts and sums of a batch for `update`."""
        with torch.no_grad():
            chosen = functional.one_hot(indices, len(self.vectors)).float()
            self.seen.copy_(chosen.sum(0))
            self.added.copy_(chosen.T @ z.detach().float())

    @torch.no_grad()
    def update(self) -> None:
        """Move the averages by the batch that was noted last."""
        if self.learned:
            return
        self.counts.lerp_(self.seen, 1 - self.decay)
        self.sums.lerp_(self.added, 1 - self.decay)
        total, eps = self.counts.sum(), 1e-5
        smooth = (self.counts + eps) / (total + len(self.counts) * eps) * total
        self.vectors.copy_(self.sums / smooth[:, None])
