"""Classes and attributes edited in the latent space, and the classifiers that tell them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import latentfit as lf
from latentfit.studies import edits, features


def test_edits_are_told_by_the_classifier():
    data = lf.data.load("digits")
    x, labels = data.train.first(2000), data.train.labels
    means = torch.stack([x[labels == k].mean(0) for k in range(10)])

    def tell(images):  # the nearest mean
        return -(images[:, None] - means).square().flatten(2).sum(2)

    model = lf.recipe("ae", data, latent=64, encoder=torch.nn.Flatten(), width=1 / 64,
                      decoder=torch.nn.Unflatten(1, (1, 8, 8)), link="identity")  # fmt: skip
    found = edits.classes(model.eval(), data, tell)
    assert found["rebuilt"] > 0.8
    assert found["edited"] > 0.8  # a shift by the difference of means is what the rule sees
    still = edits.classes(model, data, lambda images: torch.eye(10)[[3]].expand(len(images), 10))
    assert still["edited"] == pytest.approx(0.1, abs=0.01)  # everything is a three


def faces(count=600):
    """Images whose left and right halves are bright or dark, and the two attributes of that."""
    generator = torch.Generator().manual_seed(0)
    bright = torch.rand(count, 2, generator=generator) < torch.tensor([0.5, 0.3])
    x = 0.3 + 0.1 * torch.rand(count, 1, 8, 8, generator=generator)
    x[..., :4] += 0.3 * bright[:, :1, None, None]
    x[..., 4:] += 0.3 * bright[:, 1:, None, None]
    data = lf.data.arrays(x.numpy(), name="halves", fixed=True)
    halves = {"left": slice(0, 4), "right": slice(4, 8)}
    attributes = {
        name: tuple(
            (getattr(data, part).first(count)[..., half].mean((1, 2, 3)) > 0.5).long() * 2 - 1
            for part in ("train", "validation", "test")
        )
        for name, half in halves.items()
    }
    return replace(data, attributes=attributes)


def test_faces_are_given_an_attribute_and_keep_the_others():
    data = faces()
    model = lf.recipe("wae-gan", data, latent=64, encoder=torch.nn.Flatten(), width=1 / 64,
                      decoder=torch.nn.Unflatten(1, (1, 8, 8)), link="identity")  # fmt: skip

    def tell(x):
        return torch.stack([x[..., :4].mean((1, 2, 3)), x[..., 4:].mean((1, 2, 3))], 1) - 0.5

    for name in ("left", "right"):
        found = edits.attribute(model.eval(), data, name, tell)
        assert found["rebuilt"] == 0
        assert found["edited"] > 0.99
        assert found["others"] < 0.1


def test_a_classifier_learns_attributes_and_classes():
    data = faces()
    truth = torch.stack([(values[2] > 0).float() for values in data.attributes.values()], 1)
    wanted = torch.stack([(values[0] > 0).float() for values in data.attributes.values()], 1)
    model = features.fit(data.train, wanted, epochs=12, seed=0, batch=32)
    assert features.accuracy(model, data.test, truth) > 0.9
    either = wanted[:, 0].long()  # the same, told as classes
    model = features.fit(data.train, either, epochs=12, seed=0, batch=32)
    assert model.head.out_features == 2
    assert features.accuracy(model, data.test, truth[:, 0].long()) > 0.9
