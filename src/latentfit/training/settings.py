"""How a run goes, apart from the model and the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from latentfit.checks import Count, Weight
from latentfit.settings import settings_of


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a run goes, apart from the model and the data.

    Attributes:
        rounds: Rounds to play in all; a finished run goes on when more are asked for.
        seed: Seed of the order of the data and of all noise.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        precision: `32`; `tf32`, whose products on a GPU keep 10 bits of each factor; `bf16`, whose
            products and convolutions keep 7, penalties apart; `auto`: tf32 on a GPU, else 32.
        compile: Compile each player's terms.
        log_every: Rounds between two lines of `metrics.jsonl`.
        validate_every: Rounds between two validations.
        patience: Validations in a row without a better score after which the run stops early, left
            with the best weights; None plays all rounds.
        save_seconds: Seconds between two checkpoints, at least.
        progress: Show a progress bar.

    Raises:
        UserError: A number is out of range, or the precision is unknown.
    """

    rounds: Count
    seed: int = 0
    device: str = "auto"
    precision: Literal["auto", "32", "tf32", "bf16"] = "auto"
    compile: bool = False
    log_every: Count = 50
    validate_every: Count = 1000
    patience: Count | None = None
    save_seconds: Weight = 30.0
    progress: bool = True

    def __post_init__(self) -> None:
        for name, setting in settings_of(type(self)).items():
            object.__setattr__(self, name, setting.check(getattr(self, name)))
