"""Studies in the plane, where a latent space can be looked at: a mixture and the Swiss roll."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor

from latentfit.data import load
from latentfit.models import Model
from latentfit.networks import evaluating
from latentfit.priors import Normal, Pushforward
from latentfit.runs.cells import Cell, Row, value
from latentfit.seeds import seeded
from latentfit.studies.base import Shown, Study, first, opened, pick, spread, table

Systems = dict[str, tuple[str, dict[str, float]]]  # recipe and settings by the name in the figure

SHOWN = 2_000  # points in a panel
# Every auto-encoder moves at 1e-3: FlexAE's, and its generator, have twice its base rate.
PACE: dict[str, float] = {"batch": 64, "rate": 1e-3}
FLEXAE: dict[str, float] = {"batch": 64, "rate": 5e-4}
# FlexAE, Figure 3: (b), (c), (d), (e).
MIXTURE: Systems = {
    "VAE": ("vae-learned-variance", PACE),
    "WAE": ("wae-gan", PACE),
    "WAE, mixture prior": ("wae-gan", PACE | {"modes": 8}),
    "FlexAE": ("flexae", FLEXAE),
}
# Geng et al., Figures 4 and 5, and FlexAE.
ROLL: Systems = {
    # From a deviation of 1 it ends where the codes say nothing.
    "VAE": ("vae-learned-variance", PACE | {"deviation": 0.2}),
    "AAE": ("aae", PACE | {"encoder_rate": 2.5e-4}),  # a quarter of the autoencoder's, as usual
    "ALAE": ("alae", PACE),
    "mapped prior": ("mapae", PACE | {"latent_rate": 1e-3}),
    "FlexAE": ("flexae", FLEXAE),
}


def _cells(systems: Systems, data: str, scale: str, *more: str) -> list[Cell]:
    groups = ("fd", "latent", "sliced", *more)
    rounds = pick(scale, smoke=60, short=6_000, paper=50_000)
    return [
        Cell(recipe, data.format(seed=seed), 2, seed, rounds, settings, groups)
        for seed in range(pick(scale, smoke=1, short=3, paper=5))
        for recipe, settings in systems.values()
    ]


def _of(systems: Systems, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by the name of their system in the figure."""
    return {
        name: [row for row in rows if (row["recipe"], row["settings"]) == (recipe, settings)]
        for name, (recipe, settings) in systems.items()
    }


def _scores(systems: Systems, rows: Sequence[Row], names: dict[str, str]) -> str:
    lines = [
        [name, *(spread([value(row, score) for row in held]) for score in names)]
        for name, held in _of(systems, rows).items()
        if held
    ]
    return table(["system", *names.values()], lines)


def _first(systems: Systems, rows: Sequence[Row], folder: Path) -> Iterator[tuple[str, Row, Model]]:
    """The model of seed 0 of each system that came through, where its run is there."""
    for name, held in _of(systems, rows).items():
        row = first([row for row in held if row["seed"] == 0], folder)
        if row is not None:
            yield name, row, opened(row, folder)


def _points(model: Model, x: Tensor, seed: int) -> dict[str, Tensor]:
    """Codes, prior draws, the noise behind them where the prior is mapped, and samples."""
    with torch.no_grad(), evaluating(model), seeded(seed, "shown"):
        codes = model.encode(x)
        prior = model.prior
        source = prior.noise if isinstance(prior, Pushforward) else Normal(model.latent)
        noise = source.sample(len(x))
        drawn = prior.network(noise) if isinstance(prior, Pushforward) else prior.sample(len(x))
        made = model.decode(drawn)
        return {"codes": codes, "noise": noise, "drawn": drawn, "made": made,
                "rebuilt": model.reconstruct(x)}  # fmt: skip


def _mixture(scale: str) -> list[Cell]:
    return _cells(MIXTURE, "mixture:k=8,d=128,seed={seed}", scale)


def _show_mixture(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    from latentfit.data.synthetic import ring
    from latentfit.pictures.charts import planes

    names = {"fd_pixels": "FD generated", "fd_pixels_reconstruction": "FD reconstructed",
             "prior_wasserstein": "codes to prior"}  # fmt: skip
    z, labels = ring(seed=0)
    panels: list[tuple[str, list[tuple[Tensor, Tensor | None]]]] = [
        ("true latent space", [(z[:SHOWN], labels[:SHOWN])])
    ]
    for name, row, model in _first(MIXTURE, rows, folder):
        x = load(row["data"]).test.first(SHOWN)
        found = _points(model, x, 0)
        title = f"{name}, FD {value(row, 'fd_pixels'):.3g}"
        panels.append((title, [(found["drawn"], None), (found["codes"], labels[: len(x)])]))
    if len(panels) == 1:
        return _scores(MIXTURE, rows, names), {}
    return _scores(MIXTURE, rows, names), {"mixture": planes(panels, columns=len(panels))}


def _roll(scale: str) -> list[Cell]:
    return _cells(ROLL, "swiss-roll:seed={seed}", scale, "neighbourhoods")


def _show_roll(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    from latentfit.pictures.charts import planes

    names = {"sliced_wasserstein": "generated to data (sliced)", "mse": "squared error",
             "prior_wasserstein": "codes to prior", "trustworthiness": "trustworthiness",
             "continuity": "continuity"}  # fmt: skip
    manifolds: list[tuple[str, list[tuple[Tensor, Tensor | None]]]] = []
    latents: list[tuple[str, list[tuple[Tensor, Tensor | None]]]] = []
    for name, row, model in _first(ROLL, rows, folder):
        x = load(row["data"]).test.first(SHOWN)
        found = _points(model, x, 0)
        sheets = {"data": x, "rebuilt": found["rebuilt"], "made": found["made"]}
        held = {key: torch.from_numpy(model.schema.restore(x)) for key, x in sheets.items()}
        across = {key: part[:, [0, 2]] for key, part in held.items()}
        turn = across["data"].norm(dim=1)  # how far along the roll a point is
        manifolds += [
            (f"{name}: data", [(across["data"], turn)]),
            ("reconstructed", [(across["rebuilt"], turn)]),
            ("generated", [(across["made"], None)]),
        ]
        latents += [
            (f"{name}: codes", [(found["codes"], turn)]),
            ("noise", [(found["noise"][:, :2], None)]),
            ("prior", [(found["drawn"], None)]),
        ]
    if not manifolds:
        return _scores(ROLL, rows, names), {}
    figures = {
        "swiss-roll": planes(manifolds, columns=3),
        "swiss-roll-latent": planes(latents, columns=3),
    }
    return _scores(ROLL, rows, names), figures


PLANE = (
    Study(
        "mixture",
        "FlexAE, Figure 3",
        "latent spaces in the plane where the true one is a mixture of eight Gaussians",
        _mixture,
        _show_mixture,
    ),
    Study(
        "swiss-roll",
        "Geng et al., Figures 4 and 5",
        "reconstructed and generated manifolds, and latent spaces, of a rolled sheet",
        _roll,
        _show_roll,
    ),
)
