"""The likelihood of a row of a table, whose columns are of several kinds."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from latentfit.likelihoods.base import Likelihood, those
from latentfit.schema import Layout


class Columns(Likelihood):
    r"""The columns of a table: numbers, yes or no, one of several; in nats but for the numbers.

    .. math:: \mathrm{numbers}(x, \hat x)
              - \sum_b \log \mathrm{Bernoulli}(x_b | \sigma(r_b))
              - \sum_c \log \mathrm{softmax}(r_c)_{x_c}

    A number that is missing does not count; whether it is there is one of the yes or no. The
    deviation that the training leaves in each number, a running mean over about the last hundred
    batches, is what `settle` adds to it.

    Arguments:
        layout: What the entries are.
        numbers: Likelihood of the entries that are numbers, without a link.

    Example:
        >>> from latentfit.likelihoods import SquaredError
        >>> from latentfit.schema import Block
        >>> layout = (Block("gaussian", 0, 1), Block("categorical", 1, 4))
        >>> law = Columns(layout, SquaredError(bounded=False))
        >>> law.mean(torch.zeros(1, 4))
        tensor([[0.0000, 0.3333, 0.3333, 0.3333]])
    """

    numeric: Tensor
    shown: Tensor
    binary: Tensor
    several: Tensor
    group: Tensor
    residual: Tensor

    def __init__(self, layout: Layout, numbers: Likelihood) -> None:
        super().__init__(bounded=False)
        self.numbers, self.layout = numbers, layout
        width = layout[-1].stop
        kinds = torch.zeros(3, width, dtype=torch.bool)
        group = torch.arange(width)
        for block in layout:
            law = ("gaussian", "bernoulli", "categorical").index(block.law)
            kinds[law, block.start : block.stop] = True
            if block.law == "categorical":
                group[block.start : block.stop] = block.start
        numbers_of = [block for block in layout if block.law == "gaussian"]
        places = [block.start for block in numbers_of]
        # A number that is always there is shown by itself: an entry of ones beside the last.
        shown = [width if block.present is None else block.present for block in numbers_of]
        self.gaps = any(block.present is not None for block in numbers_of)
        for name, value in {
            "numeric": torch.tensor(places, dtype=torch.long),
            "shown": torch.tensor(shown, dtype=torch.long),
            "binary": kinds[1],
            "several": kinds[2],
            "group": group,
        }.items():
            self.register_buffer(name, value, persistent=False)
        self.register_buffer("residual", torch.zeros(len(places)))

    @property
    def density(self) -> bool:  # type: ignore[override]
        """Whether that of the numbers is."""
        return self.numbers.density

    def mean(self, raw: Tensor) -> Tensor:
        """Numbers, and probabilities of the other entries, with the shape of `raw` (B, D)."""
        chances = self._log_chances(raw).exp()
        return torch.where(self.several, chances, torch.where(self.binary, raw.sigmoid(), raw))

    def forward(self, x: Tensor, raw: Tensor, present: Tensor | None = None) -> Tensor:
        """The distance of each sample, with shape (B,)."""
        yes_or_no = functional.binary_cross_entropy_with_logits(raw, x, reduction="none")
        of_several = -x * self._log_chances(raw)
        nats = torch.where(self.several, of_several, torch.where(self.binary, yes_or_no, 0.0)).sum(
            1
        )
        if not len(self.numeric):
            return nats
        there = self._there(x) if self.gaps else None
        held, found = x[:, self.numeric], raw[:, self.numeric]
        if self.training:
            with torch.no_grad():
                error = (held - found).square()
                count = len(x) if there is None else there.sum(0).clamp_min(1)
                error = those(there, error).sum(0) / count
                self.residual.lerp_(error.to(self.residual.dtype), 0.01)
        return nats + self.numbers(held, found, there)

    def settle(self, mean: Tensor) -> Tensor:
        """A row drawn from the laws whose means are given, with shape (B, D)."""
        noise = torch.rand_like(mean).clamp(1e-7, 1 - 1e-7)
        races = mean.clamp_min(1e-12).log() - (-noise.log()).log()  # the largest of Gumbel's
        best = self._largest(races)
        drawn = torch.where(self.several, (races >= best).to(mean), (noise < mean).to(mean))
        spread = self.residual.to(mean).sqrt()
        numbers = mean[:, self.numeric] + spread * torch.randn_like(mean[:, self.numeric])
        drawn[:, self.numeric] = numbers * self._there(drawn) if self.gaps else numbers
        return drawn

    def _there(self, x: Tensor) -> Tensor:
        """1 for each number that is there, with shape (B, numbers)."""
        return functional.pad(x, (0, 1), value=1.0)[:, self.shown]

    def _largest(self, raw: Tensor) -> Tensor:
        """The largest of the entries of a choice, at each of them; (B, D)."""
        index = self.group.expand_as(raw)
        start = torch.full_like(raw, -torch.inf)
        return start.scatter_reduce(1, index, raw, "amax").gather(1, index)

    def _log_chances(self, raw: Tensor) -> Tensor:
        """Log probabilities within each choice, 0 for other entries, with shape (B, D)."""
        centred = raw - self._largest(raw.detach())
        sums = torch.zeros_like(raw).index_add(1, self.group, centred.exp())
        return centred - sums[:, self.group].log()
