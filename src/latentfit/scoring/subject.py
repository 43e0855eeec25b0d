"""What scores and pictures need of a model and its data, each made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.checks import UserError, within
from latentfit.data.base import Data, must_be_data, must_have_shape, shuffled
from latentfit.data.under import under
from latentfit.metrics import PRD, Estimate, Extractor, Manifold, Memorisation
from latentfit.metrics.dimension import LEAST
from latentfit.models import Model
from latentfit.networks import evaluating
from latentfit.posteriors import Code
from latentfit.schema import plain
from latentfit.scoring.reference import Reference, features, reference
from latentfit.seeds import seeded
from latentfit.shapes import is_image
from latentfit.training import encode_all

Kept = TypeVar("Kept")
CHUNK = 512  # samples that go through a network at a time


@dataclass(frozen=True)
class Pair:
    """Features of some samples and of equally many test samples, and what is found of both.

    Attributes:
        samples: With shape (N, k).
        test: With shape (N, k), the same for all pairs.
        known: The same, with what is known of it.
        seed: Of what is random.
    """

    samples: Tensor
    test: Tensor
    known: metrics.Known
    seed: int

    @property
    def clusters(self) -> int:
        """Clusters of `curve`: 20, or as many as test samples where these are fewer."""
        return min(20, len(self.test))

    @cached_property
    def curve(self) -> PRD:
        """Precision and recall over clusters."""
        return metrics.prd(self.samples, self.test, clusters=self.clusters, seed=self.seed)

    @cached_property
    def manifold(self) -> Manifold:
        """Precision, recall, density and coverage by balls around points."""
        k = min(5, len(self.test) - 1)
        return metrics.manifold(self.samples, self.known, near=min(3, k), far=k)


class Subject:
    """A model, its data, and what is made of them when it is first asked for.

    Arguments:
        model: A trained model, in any mode; its mode is restored.
        data: The data it was trained on.
        features: `auto`, `lenet`, `pixels`, `inception`, a path of its weights, or an extractor.
        count: Samples of each set; at most the test samples and half of the training samples.
        draws: Independent draws of generated samples.
        seed: Of the draws.

    Raises:
        UserError: A number is out of range, the data have another shape than the model's or fewer
            than two test samples, or there is no such extractor.
    """

    def __init__(
        self,
        model: Model,
        data: Data,
        *,
        features: str | Extractor = "auto",
        count: int = 10_000,
        draws: int = 3,
        seed: int = 0,
    ) -> None:
        must_be_data(data)
        if model.schema == plain(model.shape):
            must_have_shape(data, model.shape)
        else:
            data = under(model.schema, data)
        within("count", count, 2, remedy="a distance needs two samples")
        within("draws", draws, 1)
        if len(data.test) < 2:
            raise UserError(
                f"scores need two test samples, '{data.name}' has {len(data.test)}; give data with "
                "a larger test split."
            )
        self.model, self.data, self.draws, self.seed = model, data, draws, seed
        self.count = min(count, len(data.test), len(data.train) // 2)
        if isinstance(features, str):
            features = metrics.extractor(features, data.seen, data.name)
        self.extractor: Extractor = features
        self._kept: dict[str, Any] = {}

    def kept(self, name: str, make: Callable[[Subject], Kept]) -> Kept:
        """What `make` makes of the subject, made when it is first asked for by that name."""
        if name not in self._kept:
            self._kept[name] = make(self)
        return self._kept[name]

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return self.model.device

    @property
    def place(self) -> torch.device:
        """Where features are made and distances taken: where the model lies, if it has float64."""
        return self.device if self.device.type != "mps" else torch.device("cpu")

    @property
    def image(self) -> bool:
        """Whether samples are images."""
        return is_image(self.data.seen)

    @cached_property
    def test(self) -> Tensor:
        """Test samples, spread over the split, with shape (count, *shape)."""
        return self.data.test.some(self.count)

    @cached_property
    def generated(self) -> list[Tensor]:
        """Draws of samples, each with shape (count, *shape), on the CPU."""
        drawn = []
        for number in range(self.draws):
            with seeded(self.seed, "evaluation", number):
                drawn.append(self.model.sample(self.count).cpu())
        return drawn

    @cached_property
    @torch.no_grad()
    def reconstructed(self) -> Tensor:
        """Reconstructions of `test`, on the CPU; for models with an encoder."""
        with evaluating(self.model):
            parts = [self.model.reconstruct(x.to(self.device)) for x in self.test.split(CHUNK)]
            return torch.cat([part.cpu() for part in parts])

    @cached_property
    def code(self) -> Code:
        """Posteriors of the whole test split, on the CPU; for models with an encoder."""
        return encode_all(self.model, self.data.test).to("cpu")

    @cached_property
    def active(self) -> Tensor:
        """Which latent dimensions carry anything, booleans with shape (m,)."""
        codes = self.code.centre()
        if (mask := self.model.openness()) is not None:
            return metrics.open_dimensions(codes, mask.detach().cpu())
        with seeded(self.seed, "noise"), torch.no_grad():
            if self.code.scale is None:
                few = self.model.prior.sample(256).cpu()
                return metrics.open_dimensions(codes, prior=few)
            # A draw, since a Gaussian that went through a flow has no scale of its own.
            deviation = (self.code.sample() - codes).abs()
        return metrics.open_dimensions(codes, deviation=deviation)

    @cached_property
    @torch.no_grad()
    def against_prior(self) -> tuple[Tensor, Tensor]:
        """As many draws of the prior as there are test codes, and a draw of each posterior."""
        with seeded(self.seed, "prior"):
            drawn = self.model.prior.sample(len(self.code)).cpu()
            return drawn, self.code.sample()

    @cached_property
    def reference(self) -> Reference:
        """Features of test and training samples."""
        return reference(self.data, self.extractor, self.count, self.place)

    @cached_property
    @torch.no_grad()
    def pairs(self) -> dict[str, list[Pair]]:
        """What is compared with test samples, by the suffix of its scores' names."""
        sets = {"": self.generated}
        if self.model.encodes:
            sets["_reconstruction"] = [self.reconstructed]
        found = {
            suffix: [features(self.extractor, samples, self.place) for samples in held]
            for suffix, held in sets.items()
        }
        found["_floor"] = [self.reference.train]
        test = self.reference.test
        known = metrics.Known(test)  # what is found of it serves all pairs
        return {
            suffix: [Pair(samples, test, known, self.seed) for samples in held]
            for suffix, held in found.items()
        }

    @cached_property
    def errors(self) -> Tensor:
        """Squared errors of the reconstructions, means over entries, with shape (count,)."""
        return metrics.errors(self.test, self.reconstructed)

    @cached_property
    def error(self) -> Estimate:
        """Their mean, with its standard error."""
        return Estimate.mean(self.errors)

    @cached_property
    @torch.no_grad()
    def classes(self) -> tuple[Estimate, Estimate] | None:
        """Inception score of samples and of test data; None where the features know no classes."""
        if self.extractor.head is None:
            return None
        # A split of files that lie sorted would hold a class.
        real = self.reference.test[shuffled(self.count)]
        splits = 10 if len(real) >= 1000 else 1
        logits = (self.extractor.head(rows) for rows in (self.pairs[""][0].samples, real))
        made, floor = (metrics.inception_score(rows.cpu(), splits=splits) for rows in logits)
        return made, floor

    @cached_property
    def memory(self) -> dict[str, Memorisation]:
        """Distances to nearest neighbours, by the name of the features: pixels, and others."""

        def found(made: Tensor, held: Reference) -> Memorisation:
            return metrics.memorisation(made, held.train, held.other, held.test)

        by_name = {self.extractor.name: found(self.pairs[""][0].samples, self.reference)}
        if self.extractor.name != "pixels":
            pixels = metrics.pixels()
            made = features(pixels, self.generated[0], self.place)
            held = reference(self.data, pixels, self.count, self.place)
            by_name["pixels"] = found(made, held)
        return by_name

    @cached_property
    @torch.no_grad()
    def bounds(self) -> tuple[Estimate, Estimate] | None:
        """Likelihood bounds of some test samples, in nats; None where there are none."""
        if not self.model.has_likelihood:
            return None
        most, draws = LIKELIHOOD
        x = self.data.test.some(most).to(self.device)
        with seeded(self.seed, "likelihood"), evaluating(self.model):
            parts = [self.model.log_weights(part, draws).cpu() for part in x.split(100)]
        weights = torch.cat(parts, 1)
        return metrics.elbo(weights), metrics.importance_weighted(weights)

    @cached_property
    def dimension(self) -> metrics.Dimension | None:
        """How many dimensions the test codes fill; None where they do not say."""
        codes = self.code.centre()
        if len(codes) < LEAST:
            return None
        try:
            return metrics.intrinsic_dimension(codes, repeats=5, seed=self.seed)
        except metrics.UndefinedError:
            return None


LIKELIHOOD = (500, 100)  # test samples and draws of each behind a likelihood bound
