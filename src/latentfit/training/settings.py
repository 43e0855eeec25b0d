"""How a run goes, apart from the model and the data."""

from __future__ import annotations

from dataclasses import dataclass

from latentfit.checks import one_of, within


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a run goes, apart from the model and the data.

    Attributes:
        rounds: Rounds to play in all; a finished run goes on when more are asked for.
        seed: Seed of the order of the data and of all noise.
        device: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`.
        precision: `32`, or `bf16` for autocast around each player's terms.
        compile: Compile each player's terms.
        log_every: Rounds between two lines of `metrics.jsonl`.
        validate_every: Rounds between two validations.
        save_seconds: Seconds between two checkpoints, at least.
        progress: Show a progress bar.

    Raises:
        UserError: A number is out of range, or the precision is unknown.
    """

    rounds: int
    seed: int = 0
    device: str = "auto"
    precision: str = "32"
    compile: bool = False
    log_every: int = 50
    validate_every: int = 1000
    save_seconds: float = 30.0
    progress: bool = True

    def __post_init__(self) -> None:
        within("rounds", self.rounds, 1, remedy="give --rounds 1 or more")
        one_of("precision", self.precision, ("32", "bf16"))
        within("log_every", self.log_every, 1)
        within("validate_every", self.validate_every, 1)
        within("save_seconds", self.save_seconds, 0.0)
