"""Which box each recipe plays, with which numbers, typed from papers, scripts and house presets."""

from __future__ import annotations

from typing import Any

from boxes import (
    COLOUR,
    NETS,
    PAIR,
    RISING,
    VAE,
    D,
    Move,
    Table,
    aae,
    acai,
    age,
    alae,
    factor,
    flexae,
    gan,
    introvae,
    iop,
    mapae,
    masked,
    single,
    soft_introvae,
    turn,
)

# Authors' script at m = 16: T = 75, c from 2 / 16, doubled every 300 rounds up to 2048; the losses
# of autoencoder and mask, not their rates, fall by five after round 375.
FALL = {0: 1.0, 375: 1.0, 376: 0.2, 10_000: 0.2}


def falling(value: float) -> dict[int, float]:
    return {step: value * factor for step, factor in FALL.items()}


AUTHORS_PRESS = {0: 0.125, 299: 0.125, 300: 0.25, 375: 0.25, 376: 0.05, 600: 0.1, 10**6: 2048 / 5}
AUTHORS_MASK = Move("mask", "RMSprop 0.0005",
                    {"reconstruction": falling(1000 / D), "mismatch": falling(1.0),
                     "undecided": AUTHORS_PRESS})  # fmt: skip
# Ours on images at m = 16: waits 4,500 rounds; c from 2 / 16 doubles every 2,400 after it, and
# every 150 from round 8,500 on.
OURS_MASK = Move("mask", "RMSprop 0.003",
                 {"reconstruction": 1000 / D, "mismatch": 3.0,
                  "undecided": {0: 0.125, 6_899: 0.125, 6_900: 0.25, 8_650: 0.5, 11_000: 2048.0}},
                 rate={0: 0.0, 4_499: 0.0, 4_500: 1.0, 11_000: 1.0})  # fmt: skip
SIXTEEN: dict[str, Any] = {"latent": 16}
OURS = {"entries": D, "mask": OURS_MASK, "silence": 16.0, "error": 1 / D}
AUTHORS = {"entries": D, "mask": AUTHORS_MASK, "silence": falling(100.0), "error": falling(1 / D)}
WITHOUT = masked(**OURS)[:3]
WITHOUT[0] = turn(autoencoder=Move(NETS, "RMSprop 0.0005", {"reconstruction": 1 / D}))

WGAN_GP = gan({"gap": 1.0, "slope": 10.0}, "0.0001", 0.5, 5)

TABLES: dict[str, Table] = {
    "maskaae": Table(masked(**OURS), 64, 0.999, settings=SIXTEEN),
    "maskaae authors": Table(masked(**AUTHORS), 64, 0.999, settings=SIXTEEN | {"game": "authors"}),
    "maskaae paper": Table(masked(**AUTHORS), 64, 0.999, settings=SIXTEEN | {"game": "paper"}),
    "lmgae": Table(masked(**OURS, encoder_first=True), 64, 0.999, settings=SIXTEEN),
    "lmgae paper": Table(masked(**AUTHORS, encoder_first=True), 64, 0.999,
                         settings=SIXTEEN | {"game": "paper"}),
    "wae-wgan": Table(WITHOUT, 64, 0.999),
    "flexae": Table(flexae(smooth=False), 128, 0.999),
    "flexae-sr": Table(flexae(smooth=True), 128, 0.999),
    "flexae-sr faster": Table(flexae(5e-4, smooth=True), 128, 0.999, settings={"rate": 5e-4}),
    "mapae": Table(mapae(D), 128, 0.999),
    "mapae phases": Table(
        mapae(D, ({0: True, 9: True, 10: False}, {0: False, 9: False, 10: True})),
        128, 0.999, settings={"embedding": 10},
    ),
    "ae": single({}, rate=1.0),
    "ae-gmm": single({"kernel_norm": 1e-4}, rate=1.0),
    "ae-gmm colour": single({"kernel_norm": 3.1e-3}, rate=1.0, shape=COLOUR),
    "rae-l2": single({"code_norm": 6.4e-3, "kernel_norm": 1e-4}, rate=1.0),
    "rae-l2 colour": single({"code_norm": 2.4e-2, "kernel_norm": 3.1e-3}, rate=1.0, shape=COLOUR),
    "rae": single({"code_norm": 0.032}, rate=1.0),
    "rae colour": single({"code_norm": 0.24}, rate=1.0, shape=COLOUR),
    "ae-matching": single({}, rate=1.0),
    "rae-matching": single({"code_norm": 6.4e-3, "kernel_norm": 1e-4}, rate=1.0),
    "rae-gp": single({"code_norm": 6.4e-3, "decoder_slope": 1.0}, rate=1.0),
    "rae-sn": single({"code_norm": 0.58}, rate=1.0),
    "rae-sn colour": single({"code_norm": 0.72}, rate=1.0, shape=COLOUR),
    "vae-bernoulli": single(VAE),
    "vae-fixed-variance": single(VAE),
    "vae-learned-variance": single(VAE),
    "two-stage-vae": single(VAE),
    "sigma-vae": single(VAE),
    "irmae-wd": single({}, rate=1.0, optimizer="AdamW 0.001 0.9 0.999 1e-06"),
    "ard-vae": single({"divergence": 0.5}, rate=1.0, batch=100, optimizer="Adam 0.0005 0.9 0.999"),
    "ard-vae colour": single({"divergence": 0.05}, rate=1.0, batch=100, shape=COLOUR,
                             optimizer="Adam 0.0005 0.9 0.999"),
    "beta-vae": single({"divergence": 4.0}),
    "beta-vae-capacity": single({"capacity": 100.0}),
    "info-vae": single({"divergence": 1.0, "kernel": 99.0}, batch=256),
    "info-vae colour": single({"divergence": 1.0, "kernel": 249.0}, batch=256, shape=COLOUR),
    "factor-vae": Table(factor("0.0001"), 128, None),
    "factor-vae colour": Table(factor("1e-05"), 128, None, COLOUR),
    "beta-tcvae": single({"information": 1.0, "correlation": 6.0, "dimensions": 1.0}, batch=256),
    "vae-flow": single(VAE),
    "vampprior": single({"divergence": RISING}, owns=f"{PAIR} prior"),
    "vae-iop": Table(iop(), 128, None),
    "wae-mmd": single({"divergence": 200.0}, batch=256, rate=1.0,
                      optimizer="Adam 0.0002 0.5 0.999"),
    "wae-mmd colour": single({"divergence": 500.0}, batch=256, rate=1.0, shape=COLOUR,
                             optimizer="Adam 0.0002 0.5 0.999"),
    "wae-gan": Table(aae(200.0), 128, 0.999),
    "wae-gan colour": Table(aae(50.0), 128, 0.999, COLOUR),
    "aae": Table(aae(), 128, 0.999),
    "acai": Table(acai(D), 64, 0.999),
    "mi-ae": Table(acai(D), 64, 0.999),
    "lr-ae": Table(acai(D, kernel=1.0), 64, 0.999),
    "midr-ae": Table(acai(D, kernel=1.0, noisy=0.1, drawn=0.005), 64, 0.999),
    "vq-vae": Table(
        [turn(autoencoder=Move(NETS, "Adam 0.0003 0.9 0.999",
                               {"reconstruction": 1 / (D * 0.1), "commitment": 0.25}))],
        128, None,
    ),
    "vq-vae learned": Table(
        [turn(autoencoder=Move(f"{NETS} codebook", "Adam 0.0003 0.9 0.999",
                               {"reconstruction": 1 / (D * 0.1), "commitment": 0.25,
                                "codebook": 1.0}))],
        128, None, settings={"learned": True},
    ),
    "gan": Table(WGAN_GP, 64, 0.999),
    "gan ns": Table(gan({"logistic": 1.0}, "5e-05", 0.0, 1), 64, 0.999, settings={"form": "ns"}),
    "gan mm": Table(gan({"logistic": 1.0}, "5e-05", 0.0, 1), 64, 0.999, settings={"form": "mm"}),
    "gan ls": Table(gan({"squared": 1.0}, "0.0002", 0.5, 1), 64, 0.999, settings={"form": "ls"}),
    "age": Table(age(1.0, 20.0, 1000.0, "0.5 0.999"), 64, 0.999),
    "pioneer": Table(age(0.1, 3.0, 100.0, "0.0 0.99"), 128, 0.999),
    # Faded in from 4 to 8 pixels in the first half of the second phase; the last phase stays.
    "pioneer grows": Table(
        age(0.1, {0: 3.0, 9: 3.0, 10: 2.0, 14: 2.0, 15: 3.0, 99: 3.0}, 100.0, "0.0 0.99"),
        128, 0.999, settings={"phase": 10},
    ),
    "alae": Table(alae(2.5), 128, 0.999),
    "alae colour": Table(alae(0.25), 128, 0.999, COLOUR),
    "introvae": Table(introvae(), 128, 0.999),
    "soft-introvae": Table(soft_introvae(D), 128, 0.999),
}  # fmt: skip
"""By recipe, and after a space what is special about its settings."""
