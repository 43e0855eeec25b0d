"""A causal transformer over a row of tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentfit.networks.layers import scaled


class CausalTransformer(nn.Module):
    """Logits of each token from those before it.

    A learned start token, learned places, pre-norm layers with GELU: 6 layers of width 256 with 8
    heads.

    Arguments:
        tokens: Number of different tokens K.
        places: Length of a row P.
        width: Factor on 256, a multiple of the number of heads.
        layers: Number of layers.
        heads: Heads of the attention.
        dropout: Share of dropped units.

    Example:
        >>> CausalTransformer(8, 5, width=1 / 8)(torch.zeros(2, 5, dtype=torch.long)).shape
        torch.Size([2, 5, 8])
    """

    def __init__(
        self,
        tokens: int,
        places: int,
        *,
        width: float = 1.0,
        layers: int = 6,
        heads: int = 8,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        units = heads * max(1, scaled(256, width) // heads)
        self.start = nn.Parameter(0.02 * torch.randn(units))
        self.places = nn.Parameter(0.02 * torch.randn(places, units))
        self.embedding = nn.Embedding(tokens, units)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                units, heads, 4 * units, dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.head = nn.Sequential(nn.LayerNorm(units), nn.Linear(units, tokens))

    def forward(self, tokens: Tensor) -> Tensor:
        """From rows (B, P) to logits (B, P, K); those at a place do not see its token."""
        before = self.embedding(tokens[:, :-1])
        start = self.start.expand(len(tokens), 1, -1)
        count = tokens.shape[1]
        x = torch.cat([start, before], 1) + self.places[:count]
        later = torch.ones(count, count, dtype=torch.bool, device=x.device).triu(1)
        for layer in self.layers:
            x = layer(x, src_mask=later)
        return self.head(x)
