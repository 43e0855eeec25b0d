"""Ours and Pythae 0.1.2 side by side: the same data, networks, batch, epochs and learning rate.

Needs an environment of its own: `pip install -e . pythae==0.1.2`. Made equal: likelihoods, beta,
the number of pseudo-inputs (50) and of codes (512), a codebook that gradients move (theirs cannot
sample with the other kind), the rounds of a prior that is trained afterwards. What each library
ships, and so part of what is compared: the weights of WAE, AAE and RAE, VampPrior's pseudo-inputs
(theirs mix into the running statistics of batch norm), the networks of a prior that is trained
afterwards. Prints a table, and writes a line for each training to `--out`, where a finished one is
not played again.

    python benchmarks/against_pythae.py --out results/pythae --data-root data
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from pythae import models as theirs
from pythae import samplers, trainers
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseDiscriminator, BaseEncoder
from pythae.pipelines import TrainingPipeline
from torch import Tensor, nn

from latentfit import metrics
from latentfit.data import Data, load
from latentfit.expost import fit_prior, with_prior
from latentfit.models import Learned, Model
from latentfit.networks import GridDecoder, GridEncoder
from latentfit.recipes import recipe
from latentfit.recipes.parts import Parts
from latentfit.seeds import seeded
from latentfit.storage import RunFolder
from latentfit.training import Settings, train

Row = dict[str, Any]
LATENT, BATCH, RATE, COUNT = 16, 64, 1e-3, 10_000
MMD = 200.0  # ours; theirs ships 0.03, at which the codes are hardly held
CROSS_ENTROPY = {"likelihood": "bernoulli"}
# Their name, our recipe, our settings.
SYSTEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "VAE": ("vae-bernoulli", {}),
    "BetaVAE": ("beta-vae", {"beta": 2.0, **CROSS_ENTROPY}),
    "WAE_MMD": ("wae-mmd", {"weight": MMD}),
    "Adversarial_AE": ("aae", {"average": None, "encoder_rate": RATE / 4}),  # our share of the rate
    "RAE_L2": ("rae-l2", {}),
    "VAMP": ("vampprior", {"components": 50, "warmup": 0, **CROSS_ENTROPY}),
    "VQVAE": ("vq-vae", {"learned": True, "layers": 2, "warmup": 100}),
    "TwoStage": ("vae-bernoulli", {}),
}


class Encoding(BaseEncoder):
    """One of our encoders in their interface."""

    def __init__(self, network: nn.Module, kind: str) -> None:
        super().__init__()
        self.network, self.kind = network, kind

    def forward(self, x: Tensor) -> ModelOutput:
        """From images to means and log-variances, to codes, or to vectors on a square grid."""
        out = self.network(x)
        if self.kind == "gaussian":
            mean, log_variance = out.chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=log_variance)
        if self.kind == "grid":
            side = math.isqrt(out.shape[1])
            out = out.transpose(1, 2).unflatten(2, (side, side))
        return ModelOutput(embedding=out)


class Decoding(BaseDecoder):
    """One of our decoders in their interface, with the sigmoid that our likelihoods apply."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> ModelOutput:
        """From codes, or vectors on a grid, to images."""
        if z.dim() == 4:
            z = z.flatten(2).transpose(1, 2).flatten(1)
        return ModelOutput(reconstruction=self.network(z).sigmoid())


class Judging(BaseDiscriminator):
    """Our latent critic in their interface."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> ModelOutput:
        """From codes to probabilities."""
        return ModelOutput(embedding=self.network(z).sigmoid())


def their_model(name: str, shape: tuple[int, ...], width: float) -> Any:
    """A model of theirs on our networks."""
    parts = Parts(shape, LATENT, width=width)
    common = {"input_dim": shape, "latent_dim": LATENT}
    if name == "VQVAE":
        config = theirs.VQVAEConfig(**common, num_embeddings=512)
        encoder = Encoding(GridEncoder(shape, LATENT, width=width), "grid")
        return theirs.VQVAE(config, encoder, Decoding(GridDecoder(shape, LATENT, width=width)))
    kind = "code" if name in ("WAE_MMD", "RAE_L2") else "gaussian"
    networks: dict[str, nn.Module] = {
        "encoder": Encoding(parts.encoder(LATENT if kind == "code" else 2 * LATENT), kind),
        "decoder": Decoding(parts.decoder()),
    }
    likelihood = {"reconstruction_loss": "bce"}
    if name == "WAE_MMD":
        return theirs.WAE_MMD(theirs.WAE_MMD_Config(**common, reg_weight=MMD), **networks)
    if name == "RAE_L2":
        return theirs.RAE_L2(theirs.RAE_L2_Config(**common), **networks)
    if name == "Adversarial_AE":
        config = theirs.Adversarial_AE_Config(**common, deterministic_posterior=True)
        networks["discriminator"] = Judging(parts.latent_critic())
        return theirs.Adversarial_AE(config, **networks)
    if name == "BetaVAE":
        return theirs.BetaVAE(theirs.BetaVAEConfig(**common, **likelihood, beta=2.0), **networks)
    if name == "VAMP":
        config = theirs.VAMPConfig(**common, **likelihood, number_components=50)
        return theirs.VAMP(config, **networks)
    return theirs.VAE(theirs.VAEConfig(**common, **likelihood), **networks)


def their_training(name: str, folder: str, epochs: int, seed: int) -> Any:
    """How theirs is trained."""
    common = {"output_dir": folder, "num_epochs": epochs, "seed": seed,
              "per_device_train_batch_size": BATCH, "no_cuda": True}  # fmt: skip
    if name == "RAE_L2":
        return trainers.CoupledOptimizerTrainerConfig(
            **common, encoder_learning_rate=RATE, decoder_learning_rate=RATE
        )
    if name == "Adversarial_AE":
        return trainers.AdversarialTrainerConfig(
            **common, autoencoder_learning_rate=RATE, discriminator_learning_rate=RATE / 2
        )
    return trainers.BaseTrainerConfig(**common, learning_rate=RATE)


def their_sampler(name: str, model: Any) -> Any:
    """What theirs samples with; those that learn are fitted on the training images."""
    if name == "RAE_L2":
        config = samplers.GaussianMixtureSamplerConfig(n_components=10)
        return samplers.GaussianMixtureSampler(model, config)
    kinds = {
        "VAMP": samplers.VAMPSampler,
        "VQVAE": samplers.PixelCNNSampler,
        "TwoStage": samplers.TwoStageVAESampler,
    }
    return kinds.get(name, samplers.NormalSampler)(model)


def rebuild(name: str, model: Any) -> Callable[[Tensor], Tensor]:
    """Reconstruction from the mean of the posterior; their `reconstruct` draws a sample of it."""
    if name == "VQVAE":
        return model.reconstruct
    return lambda x: model.decoder(model.encoder(x).embedding).reconstruction


def play_theirs(name: str, data: Data, epochs: int, seed: int, width: float) -> dict[str, float]:
    """Train, time and score a model of theirs."""
    torch.manual_seed(seed)
    images = torch.cat(list(data.train.chunks()))
    with tempfile.TemporaryDirectory() as folder:
        model = their_model(name, data.seen, width)
        training = their_training(name, folder, epochs, seed)
        began = time.perf_counter()
        TrainingPipeline(model=model, training_config=training)(train_data=images)
        trained = time.perf_counter()
        sampler = their_sampler(name, model.eval())
        if name in ("VQVAE", "TwoStage"):
            sampler.fit(images, training_config=their_training("VAE", folder, epochs, seed))
        elif name == "RAE_L2":
            sampler.fit(images)
        if name == "VQVAE":
            sampler.pixelcnn_model.eval()  # it samples in training mode otherwise
        fitted = time.perf_counter()
        with torch.no_grad():
            made = sampler.sample(COUNT, batch_size=500)
    times = {"train_seconds": trained - began, "prior_seconds": fitted - trained}
    return times | scores(data, made, rebuild(name, model))


def fit_ours(name: str, model: Model, data: Data, playing: Settings) -> None:
    """Fit a prior that comes afterwards, for as many rounds as theirs where it is trained."""
    if name == "TwoStage":
        model = with_prior(model, "two-stage", rate=RATE, batch=BATCH)
    if isinstance(model.prior, Learned):
        model.prior.longer = 1.0
    fit_prior(model, data, playing)


def play_ours(name: str, data: Data, epochs: int, seed: int, width: float) -> dict[str, float]:
    """Train, time and score a model of ours."""
    known, settings = SYSTEMS[name]
    rounds = epochs * (len(data.train) // BATCH)
    model = recipe(known, data, latent=LATENT, seed=seed, width=width, batch=BATCH, rate=RATE,
                   **settings)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        playing = Settings(rounds=rounds, seed=seed, device="cpu", progress=False)
        began = time.perf_counter()
        train(model, data, playing, folder=RunFolder(Path(folder)))
        trained = time.perf_counter()
        fit_ours(name, model, data, playing)
        fitted = time.perf_counter()
    with seeded(seed, "samples"):
        made = model.sample(COUNT)
    times = {"train_seconds": trained - began, "prior_seconds": fitted - trained}
    return times | scores(data, made, model.reconstruct)


@torch.no_grad()
def scores(data: Data, made: Tensor, rebuild: Callable[[Tensor], Tensor]) -> dict[str, float]:
    """Frechet distances on the features of the shipped classifier, and the squared error."""
    features, real = metrics.lenet("mnist"), data.test.first(COUNT)
    rebuilt = torch.cat([rebuild(x) for x in real.split(500)])
    return {
        "fd": metrics.frechet(features(real), features(made)),
        "fd_reconstruction": metrics.frechet(features(real), features(rebuilt)),
        "mse": metrics.mse(real, rebuilt),
    }


def told(rows: list[Row], key: str, digits: str) -> str:
    """Mean and standard deviation over seeds."""
    values = [row[key] for row in rows]
    spread = f" ± {statistics.stdev(values):.1g}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):{digits}}{spread}"


def table(rows: list[Row]) -> str:
    """A line for each system and library."""
    head = ["system", "library", "FD generated", "FD reconstructed", "MSE", "ms a step",
            "prior afterwards, s"]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name in SYSTEMS:
        for library in ("ours", "pythae"):
            held = [row for row in rows if (row["system"], row["library"]) == (name, library)]
            if held:
                shown = [name, library, told(held, "fd", ".3g"),
                         told(held, "fd_reconstruction", ".3g"), told(held, "mse", ".4f"),
                         told(held, "ms", ".1f"), told(held, "prior_seconds", ".0f")]  # fmt: skip
                lines.append("| " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Play what is not played yet; each pair back to back, so that both see the same machine."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--out", type=Path, default=Path("pythae"))
    given.add_argument("--data-root", type=Path, default=Path("data"))
    given.add_argument("--epochs", type=int, default=3)
    given.add_argument("--seeds", type=int, default=2)
    given.add_argument("--width", type=float, default=0.125)
    given.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    asked = given.parse_args()
    logging.disable(logging.INFO)  # theirs tells much
    torch.set_num_threads(1)
    data = load("mnist", root=asked.data_root)
    steps = asked.epochs * (len(data.train) // BATCH)
    asked.out.mkdir(parents=True, exist_ok=True)
    path = asked.out / "rows.jsonl"
    rows: list[Row] = [json.loads(line) for line in path.open()] if path.exists() else []
    facts = {"epochs": asked.epochs, "width": asked.width}
    for seed in range(asked.seeds):
        for name in asked.systems:
            for library, play in (("ours", play_ours), ("pythae", play_theirs)):
                row: Row = {"system": name, "library": library, "seed": seed, **facts}
                if any(row.items() <= held.items() for held in rows):
                    continue
                row |= play(name, data, asked.epochs, seed, asked.width)
                row["ms"] = 1000 * row["train_seconds"] / steps
                rows.append(row)
                with path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(json.dumps(row), flush=True)
    same = [row for row in rows if facts.items() <= row.items()]
    head = (
        f"MNIST, {asked.epochs} epochs of batch {BATCH} at rate {RATE}, m = {LATENT}, width "
        f"{asked.width}, one thread; {COUNT} samples. ± is the deviation over seeds.\n\n"
    )
    (asked.out / "table.md").write_text(head + table(same))
    print(head + table(same))


if __name__ == "__main__":
    main()
