"""A causal transformer over a row of tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentfit.networks.layers import scaled


class Block(nn.Module):
    """Attention to the places before, then a dense layer with GELU; both pre-norm with a skip.

    Arguments:
        units: Width of the row.
        heads: Heads of the attention; they divide `units`.
        dropout: Share of dropped units.
    """

    def __init__(self, units: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.project = nn.Sequential(nn.LayerNorm(units), nn.Linear(units, 3 * units))
        self.join = nn.Sequential(nn.Linear(units, units), nn.Dropout(dropout))
        self.dense = nn.Sequential(
            nn.LayerNorm(units),
            nn.Linear(units, 4 * units),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * units, units),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor, past: Tensor | None = None, place: int = 0) -> Tensor:
        """From rows (B, P, units) to such rows.

        With `past`, keys and values with shape (2, B, heads, P, size), x is the one at `place`;
        those of the places before are there, and its own are put beside them.
        """
        query, key, value = self.project(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if past is not None:
            past[0, :, :, place], past[1, :, :, place] = key[:, :, 0], value[:, :, 0]
            key, value = past[..., : place + 1, :]
        seen = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            is_causal=past is None,
            dropout_p=self.dropout if self.training else 0.0,
        )
        x = x + self.join(seen.transpose(1, 2).flatten(2))
        return x + self.dense(x)


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
        >>> network = CausalTransformer(8, 5, width=1 / 8)
        >>> network(torch.zeros(2, 5, dtype=torch.long)).shape
        torch.Size([2, 5, 8])
        >>> network.draw(3).shape
        torch.Size([3, 5])
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
        self.heads = heads
        self.start = nn.Parameter(0.02 * torch.randn(units))
        self.places = nn.Parameter(0.02 * torch.randn(places, units))
        self.embedding = nn.Embedding(tokens, units)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.layers = nn.ModuleList(Block(units, heads, dropout) for _ in range(layers))
        self.head = nn.Sequential(nn.LayerNorm(units), nn.Linear(units, tokens))

    def forward(self, tokens: Tensor) -> Tensor:
        """From rows (B, P) to logits (B, P, K); those at a place do not see its token."""
        before = self.embedding(tokens[:, :-1])
        start = self.start.expand(len(tokens), 1, -1)
        x = torch.cat([start, before], 1) + self.places[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.head(x)

    @torch.no_grad()
    def draw(self, n: int) -> Tensor:
        """Draw n rows (n, P), place by place at temperature 1; each place is computed once."""
        places, units = self.places.shape
        kept = (2, n, self.heads, places, units // self.heads)
        pasts = [self.start.new_empty(*kept) for _ in self.layers]
        x, drawn = self.start.expand(n, 1, -1), []
        for place in range(places):
            x = x + self.places[place]
            for layer, past in zip(self.layers, pasts, strict=True):
                x = layer(x, past, place)
            drawn.append(torch.multinomial(self.head(x[:, 0]).softmax(1), 1))
            x = self.embedding(drawn[-1])
        return torch.cat(drawn, 1)
