"""Algorithm boxes: the games as their papers have them, typed from papers and public scripts.

For each system: who moves what, in which order and how often, on which batches, by which optimiser
at which rate, and the weight of each of its terms, at the rounds where they change. `Move.owns`
names attributes of the model. Weights hold beside squared errors summed over the D entries of a
sample, so a paper's weight beside a mean error is times D here, and times D / 4 where its data lie
in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Values = float | Mapping[int, float]  # everywhere, or by round

GREY, COLOUR, VECTOR = (1, 8, 8), (3, 8, 8), (12,)
D, DC = 64, 192  # entries of a grey and of a colour image


@dataclass(frozen=True)
class Move:
    """One player: what it owns, its optimiser, its weights, and when it moves how fast."""

    owns: str
    optimizer: str
    weights: Mapping[str, Values]
    rate: Values = 1.0
    batches: int = 1
    plays: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """Players on the same batches, `repeats` times; if not `fresh`, on those of the turn before."""

    players: dict[str, Move]
    repeats: int = 1
    fresh: bool = True


@dataclass(frozen=True)
class Table:
    """A whole round, and how the run goes around it."""

    turns: list[Turn]
    batch: int
    average: float | None
    shape: tuple[int, ...] = GREY
    settings: dict[str, Any] = field(default_factory=dict)


def turn(repeats: int = 1, fresh: bool = True, **players: Move) -> Turn:
    return Turn(players, repeats, fresh)


# One player, house pace: Adam 2e-4, halved at 48,750 and 97,500 (Dai & Wipf's shares of a run).
HALVED = {0: 1.0, 48_749: 1.0, 48_750: 0.5, 97_499: 0.5, 97_500: 0.25}
PAIR = "posterior decoder likelihood"
NETS = "encoder decoder likelihood"
HOUSE = "Adam 0.0002 0.9 0.999"


def single(weights: Mapping[str, Values], *, batch: int = 128, rate: Values = HALVED,
           optimizer: str = HOUSE, owns: str = PAIR, **rest: Any) -> Table:  # fmt: skip
    move = Move(owns, optimizer, {"reconstruction": 1.0} | dict(weights), rate)
    return Table([turn(autoencoder=move)], batch, None, **rest)


VAE = {"divergence": 1.0}
RISING = {0: 0.0, 6_500: 0.5, 13_000: 1.0, 130_000: 1.0}  # a tenth of 130,000 rounds


def masked(
    *, entries: int, mask: Move, silence: Values, error: Values, encoder_first: bool = False
) -> list[Turn]:
    """MaskAAE, authors' script: RMSProp 5e-4 and 1e-4, five moves of the critic, slope times 10."""
    autoencoder = Move(NETS, "RMSprop 0.0005", {"reconstruction": error, "variance": silence})
    critic = turn(5, critic=Move("critic", "RMSprop 0.0001", {"gap": 1.0, "slope": 10.0}))
    encoder = turn(encoder=Move("encoder", "RMSprop 0.0001", {"fooled": 1.0}))
    middle = [encoder, critic] if encoder_first else [critic, encoder]
    return [turn(autoencoder=autoencoder), *middle, turn(mask=mask)]


def flexae(lr: float = 1e-4, *, smooth: bool) -> list[Turn]:
    """FlexAE, authors' script: base rate 1e-4; 2 lr, (lr, 2 lr) x 5, 2 lr, 2 lr, lr / 10."""
    penalised = {"gap": 1.0, "slope": 10.0}
    critics = {"critic": Move("critic", f"Adam {lr} 0.0 0.9", penalised)}
    last = {
        "generator": Move("prior", f"Adam {2 * lr} 0.0 0.9", {"fooled": 1.0}),
        "encoder": Move("encoder", f"Adam {lr / 10} 0.0 0.9", {"fooled": 1.0}),
    }
    if smooth:
        judged = Move("image_critic", f"Adam {2 * lr} 0.5 0.9", penalised)
        smoother = Move("encoder decoder", f"Adam {2 * lr} 0.5 0.9", {"fooled": 1.0}, batches=2)
        critics["image_critic"], last = judged, {"smoother": smoother, **last}
    first = Move(NETS, f"Adam {2 * lr} 0.9 0.999", {"reconstruction": 1.0})
    return [turn(autoencoder=first), Turn(critics, 5), Turn(last, fresh=False)]


def mapae(entries: int, plays: tuple[dict[int, bool], dict[int, bool]] = ({}, {})) -> list[Turn]:
    """Geng et al.: weights and rate of ACAI, hinge game of SNGAN."""
    embeds, maps = plays
    unit = entries / 4
    return [
        turn(
            image_critic=Move("image_critic", "Adam 0.0001 0.9 0.999",
                              {"data": 1.0, "near": 1.0, "mixed": 1.0}, plays=embeds),
            autoencoder=Move(NETS, "Adam 0.0001 0.9 0.999",
                             {"reconstruction": 1.0, "interpolation": 0.5 * unit,
                              "realism": 0.5 * unit}, plays=embeds),
            critic=Move("critic", "Adam 0.0002 0.0 0.9", {"hinge": 1.0}, plays=maps),
            mapping=Move("prior", "Adam 0.0002 0.0 0.9", {"fooled": 1.0}, plays=maps),
        )
    ]  # fmt: skip


def acai(entries: int, **more: float) -> list[Turn]:
    """Berthelot et al.: 0.5 beside a mean error on [-1, 1]; Qian et al. for `more`."""
    unit = entries / 4
    guessed = {"mixed": 1.0, "near": 1.0} | {k: 1.0 for k in more if k != "kernel"}
    weights = {"reconstruction": 1.0, "mixed": 0.5 * unit}
    weights |= {name: weight * unit for name, weight in more.items()}
    return [
        turn(
            critic=Move("critic", "Adam 0.0001 0.9 0.999", guessed),
            autoencoder=Move(NETS, "Adam 0.0001 0.9 0.999", weights),
        )
    ]


def aae(weight: float | None = None) -> list[Turn]:
    """AAE: three players; with a weight WAE-GAN: two, the first fools too (Tolstikhin et al.)."""
    fooling = {} if weight is None else {"fooled": weight}
    players = {
        "autoencoder": Move(NETS, "Adam 0.0002 0.5 0.999", {"reconstruction": 1.0, **fooling}),
        "critic": Move("critic", "Adam 0.0001 0.5 0.999", {"logistic": 1.0}),
    }
    if weight is None:
        players["encoder"] = Move("encoder", "Adam 5e-05 0.5 0.999", {"fooled": 1.0})
    return [Turn(players)]


def gan(critic: Mapping[str, Values], rate: str, beta1: float, steps: int) -> list[Turn]:
    """Lucic et al., public code: rate, beta_1 and moves of the critic by the form."""
    optimizer = f"Adam {rate} {beta1} 0.999"
    return [
        turn(steps, critic=Move("critic", optimizer, critic)),
        turn(fresh=False, generator=Move("decoder likelihood", optimizer, {"fooled": 1.0})),
    ]


def age(data: float, pixels: Values, codes: float, betas: str) -> list[Turn]:
    """AGE and Pioneer: the encoder once, then the generator twice on the same batch."""
    optimizer = f"Adam 0.0002 {betas}"
    spread = {"data": data, "made": data, "pixels": pixels}
    gathered = {"made": data, "codes": codes}
    return [
        turn(encoder=Move("encoder", optimizer, spread)),
        turn(2, False, generator=Move("decoder likelihood", optimizer, gathered)),
    ]


def alae(slope: float) -> list[Turn]:
    """Pidhorskyi et al., Algorithm 1: g / 2 on the slope; Adam (0, 0.99)."""
    optimizer = "Adam 0.002 0.0 0.99"
    return [
        turn(
            critic=Move("encoder critic", optimizer, {"logistic": 1.0, "slope": slope / 2}),
            generator=Move("prior decoder likelihood", optimizer, {"fooled": 1.0}),
            reciprocity=Move("encoder decoder prior", optimizer, {"codes": 1.0}),
        )
    ]


def introvae() -> list[Turn]:
    """Huang et al.: half of 0.5 on each margin, halves for the decoder; ten epochs of plain VAE."""
    push, pull = {0: 0.0, 4_699: 0.0, 4_700: 0.25}, {0: 0.0, 4_699: 0.0, 4_700: 0.5}
    return [
        turn(
            encoder=Move("posterior", HOUSE,
                         {"reconstruction": 1.0, "divergence": 1.0, "rebuilt": push, "made": push}),
            decoder=Move("decoder likelihood", HOUSE,
                         {"reconstruction": 1.0, "rebuilt": pull, "made": pull}),
        )
    ]  # fmt: skip


def soft_introvae(entries: int) -> list[Turn]:
    """Daniel & Tamar: s = 1 / D; a quarter on each exponential; 1e-8 on what is rebuilt again."""
    s = 1 / entries
    return [
        turn(
            encoder=Move("posterior", HOUSE,
                         {"reconstruction": s, "divergence": s, "rebuilt": 0.25, "made": 0.25}),
            decoder=Move("decoder likelihood", HOUSE,
                         {"reconstruction": s, "rebuilt": s / 2, "made": s / 2,
                          "rebuilt_again": 0.5e-8 * s, "made_again": 0.5e-8 * s}),
        )
    ]  # fmt: skip


def factor(entropy_rate: str) -> list[Turn]:
    """Kim & Mnih, Algorithm 2: gamma 6.4; the discriminator's permuted codes are of other data."""
    autoencoder = Move(PAIR, HOUSE, {"reconstruction": 1.0, "divergence": 1.0, "correlation": 6.4},
                       HALVED)  # fmt: skip
    judge = Move("discriminator", f"Adam {entropy_rate} 0.5 0.9", {"entropy": 1.0}, batches=2)
    return [turn(autoencoder=autoencoder, discriminator=judge)]


def iop() -> list[Turn]:
    """Takahashi et al.: warm-up of divergence and ratio alike; ten moves of the ratio at 1e-3."""
    weights = {"reconstruction": 1.0, "divergence": RISING, "ratio": RISING}
    return [
        turn(autoencoder=Move(PAIR, HOUSE, weights, HALVED)),
        turn(10, ratio=Move("ratio", "Adam 0.001 0.9 0.999", {"logistic": 1.0})),
    ]
