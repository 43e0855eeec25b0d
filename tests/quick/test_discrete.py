"""VQ-VAE: the codebook, and the prior over its indices."""

from __future__ import annotations

import math

import pytest
import torch

from latentfit.game import Game
from latentfit.networks import CausalTransformer, Codebook
from latentfit.recipes import recipe


def test_codebook_moves_by_its_averages():
    book = Codebook(3, 2, decay=0.9)
    book.vectors.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]]))
    book.sums.copy_(book.vectors)
    z = torch.tensor([[0.2, 0.0], [0.0, 0.2], [1.1, 0.0]])
    indices = book.nearest(z)
    assert indices.tolist() == [0, 0, 1]
    book.note(z, indices)
    book.update()
    counts = torch.tensor([0.9 + 0.1 * 2, 0.9 + 0.1, 0.9])
    sums = torch.tensor([[0.02, 0.02], [0.9 + 0.11, 0.0], [4.5, 4.5]])
    smooth = (counts + 1e-5) / (counts.sum() + 3e-5) * counts.sum()
    torch.testing.assert_close(book.vectors, sums / smooth[:, None])
    assert float(book.vectors[2, 0]) == pytest.approx(5.0, rel=1e-4)  # unused ones stay


def test_a_codebook_that_collapsed_comes_back():
    torch.manual_seed(0)
    book = Codebook(4, 2)
    book.vectors[1:] += 100  # all rows are nearest to the first
    for _ in range(400):
        z = torch.randn(64, 2) + 5 * torch.randint(2, (64, 1))
        indices = book.nearest(z)
        book.note(z, indices)
        book.update()
    assert int((indices.bincount(minlength=4) > 0).sum()) == 4


def test_gradients_pass_straight_through_and_commitment_spares_the_codes():
    model = recipe("vq-vae", (1, 8, 8), latent=4, width=1 / 16, codes=8, learned=True)
    x = torch.rand(2, 1, 8, 8)
    rows = model.encoder(x).flatten(0, 1)
    chosen = model.codebook.vectors[model.codebook.nearest(rows)]
    straight = rows + (chosen - rows).detach()
    torch.testing.assert_close(straight, chosen)
    terms = model.fit(x)
    apart = ((rows - chosen) ** 2).mean()
    torch.testing.assert_close((terms["commitment"], terms["codebook"]), (apart, apart))
    model.zero_grad()
    terms["commitment"].backward(retain_graph=True)
    assert model.codebook.vectors.grad is None
    terms["reconstruction"].backward(retain_graph=True)
    assert model.codebook.vectors.grad is None
    assert any(bool(p.grad.any()) for p in model.encoder.parameters())
    model.zero_grad()
    terms["codebook"].backward()
    assert all(p.grad is None or not p.grad.any() for p in model.encoder.parameters())
    assert bool(model.codebook.vectors.grad.any())


def test_tokens_do_not_see_themselves_or_what_follows():
    network = CausalTransformer(6, 5, width=1 / 8, layers=2).eval()
    tokens = torch.tensor([[0, 1, 2, 3, 4]])
    with torch.no_grad():
        whole = network(tokens)
        for place in range(5):
            changed = tokens.clone()
            changed[:, place:] = 5
            torch.testing.assert_close(network(changed)[:, : place + 1], whole[:, : place + 1])
            assert place == 4 or not torch.allclose(network(changed), whole)


def test_token_prior_learns_the_rows_it_is_given():
    model = recipe("vq-vae", (1, 8, 8), latent=2, width=1 / 8, codes=4, layers=1)
    prior, places = model.prior, model.prior.model.places
    rows = torch.tensor([[0, 1, 2, 3], [3, 3, 3, 3]])
    codes = model.codebook.vectors[rows].flatten(1).repeat(32, 1)
    assert prior.model.tokens(codes)[:2].tolist() == rows.tolist()
    assert places == 4
    torch.manual_seed(0)
    game = Game(prior.model)
    for step in range(300):
        entropy = game.round(iter([codes]), 1000 + step)["prior/entropy"]
    assert float(entropy) == pytest.approx(math.log(2) / places, abs=0.08)
    with torch.no_grad():
        prior.eval()
        drawn = prior.model.tokens(prior.sample(50))
    known = {tuple(row) for row in rows.tolist()}
    assert sum(tuple(row) in known for row in drawn.tolist()) >= 45


def test_rows_are_drawn_as_if_every_place_saw_all_before_it_anew():
    torch.manual_seed(0)
    network = CausalTransformer(6, 9, width=1 / 8, layers=3).eval()
    with torch.no_grad():
        for part in network.parameters():
            part.add_(0.3 * torch.randn_like(part))  # far from the same token everywhere
        torch.manual_seed(1)
        drawn = network.draw(64)
        torch.manual_seed(1)
        plain = torch.zeros(64, 9, dtype=torch.long)
        for place in range(9):
            logits = network(plain)[:, place]
            plain[:, place] = torch.multinomial(logits.softmax(1), 1).squeeze(1)
    assert len(drawn.unique(dim=0)) > 32
    assert torch.equal(drawn, plain)
