"""A cell of a table: one training and its scores, kept on disk."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from latentfit.checks import DivergenceError, UserError
from latentfit.data.base import Data
from latentfit.runs.memory import Memory
from latentfit.storage import RunFolder
from latentfit.storage.files import read_json, write_json

if TYPE_CHECKING:
    from latentfit.models import Model

Row = dict[str, Any]


VALIDATIONS = 20  # of a training that may end early
LATER = ("fingerprint", "at", "split", "raw", "draws", "options", "patience")


@dataclass(frozen=True)
class Cell:
    """One training and its scores.

    Attributes:
        recipe: Name of a system.
        data: Name of a data set, with its options.
        latent: Number of latent dimensions.
        seed: Of the weights, the order and the noise.
        rounds: Rounds to train.
        settings: Settings of the recipe.
        groups: Groups of scores.
        features: Extractor; where the folder of the cells holds a file of that name, it is meant.
        compile: Compile each player's terms: faster on long runs, other last digits.
        root: Folder of data sets; not part of what the cell is.
        fingerprint: Of data that are handed over, whose name says less than that of a known set.
        at: Rounds on the way at which it is scored, too.
        split: What samples are compared with, `test`; or `validation`, to choose settings by.
        raw: Score samples of the last weights, too, where their averages are kept.
        draws: Independent draws of generated samples that are scored.
        options: How data are read, those of `data.Options`.
        patience: Of twenty validations, how many in a row without a better score end it early.
    """

    recipe: str
    data: str
    latent: int
    seed: int
    rounds: int
    settings: dict[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ("fd",)
    features: str = "auto"
    compile: bool = False
    root: str | None = None
    fingerprint: str | None = None
    at: tuple[int, ...] = ()
    split: Literal["test", "validation"] = "test"
    raw: bool = False
    draws: int = 3
    options: dict[str, Any] = field(default_factory=dict)
    patience: int | None = None

    @property
    def identity(self) -> Row:
        """What decides the numbers."""
        # Later fields count from their defaults on: keys of what was played before stay the same.
        plain = asdict(Cell("", "", 0, 0, 0))
        held = asdict(self).items()
        return {k: v for k, v in held if k != "root" and not (k in LATER and v == plain[k])}

    @property
    def key(self) -> str:
        """A name for its folder: readable, and unique by a hash of everything."""
        held = json.dumps(self.identity, sort_keys=True).encode()
        mark = hashlib.blake2b(held, digest_size=4).hexdigest()
        return f"{self.recipe}-{self.latent}-{self.seed}-{mark}"

    def placed(self, root: str | None, *, compile: bool) -> Cell:
        """The same with data sets at `root`, and players compiled or not."""
        return replace(self, root=root, compile=compile)

    def play(self, folder: Path, data: Data | None = None) -> Row:
        """Train and score it; a training that diverges is a row with `error`.

        Arguments:
            folder: Where runs are kept.
            data: What it trains on; loaded by its name where None.
        """
        from latentfit.runs.run import commit
        from latentfit.runs.run import load as load_run

        began, memory = time.monotonic(), Memory()
        data = data or self.known()
        run = run_of(self.key, folder)
        row: Row = {"key": self.key, **self.identity, "commit": commit()}
        found = run.path / "found.json"  # what is scored on the way cannot be made again later
        try:
            for rounds in self.at:
                held = read_json(found) if found.exists() else {}
                if str(rounds) not in held:
                    scores = self.scored(self.trained(data, folder, rounds), data, folder)
                    write_json(found, held | {str(rounds): scores})
            model = self.trained(data, folder, self.rounds)
        except DivergenceError as error:
            return row | {"error": str(error), "seconds": time.monotonic() - began}
        row["scores"] = self.scored(model, data, folder)
        if self.at:
            row["trace"] = read_json(found)
        if self.raw and model.average is not None:
            raw = load_run(run.path, weights="raw", device="cpu")
            row["raw"] = self.scored(raw, data, folder, ("fd",))
        row |= {
            "seconds": time.monotonic() - began,
            "train_seconds": run.seconds + run.prior.seconds,
            "played": run.card.round,
            "parameters": sum(p.numel() for p in model.parameters()),
            "memory": memory.most(),
        }
        mask = model.openness()
        return row if mask is None else row | {"mask": mask.tolist()}

    def known(self) -> Data:
        """What it trains on, by its name."""
        return _loaded(self.data, self.root, json.dumps(self.options))

    def trained(self, data: Data, folder: Path, rounds: int) -> Model:
        """Its model after some rounds, as far as the folder does not hold them."""
        from latentfit.recipes import recipe
        from latentfit.runs.run import train

        model = recipe(self.recipe, data, latent=self.latent, seed=self.seed, **self.settings)
        train(
            model,
            data,
            rounds=rounds,
            out=run_of(self.key, folder).path,
            seed=self.seed,
            compile=self.compile,
            validate=self.patience is not None,
            validate_every=math.ceil(rounds / VALIDATIONS),
            patience=self.patience,
            progress=False,
        )
        return model

    def scored(
        self, model: Model, data: Data, folder: Path, groups: tuple[str, ...] | None = None
    ) -> Row:
        """Scores of a model on its split, of its groups or others."""
        from latentfit.scoring.scores import evaluate

        own = folder / self.features
        judged = data if self.split == "test" else _validating(data)
        features = str(own) if own.is_file() else self.features
        groups = self.groups if groups is None else groups
        return evaluate(
            model, judged, features=features, groups=groups, draws=self.draws, seed=self.seed
        )


@lru_cache(maxsize=1)
def _loaded(name: str, root: str | None, options: str) -> Data:
    from latentfit.data import load

    return load(name, root=Path(root) if root else None, **json.loads(options))


def _validating(data: Data) -> Data:
    """The same data with validation samples in the place of test samples."""
    return replace(data, test=data.validation, fingerprint=f"{data.fingerprint}-validation")


def run_of(key: str, folder: Path) -> RunFolder:
    """The run of a cell by its key, in the folder of the cells."""
    return RunFolder(folder / "runs" / key)


def value(row: Row, name: str) -> float | None:
    """A score of a row; None where the training failed or the score is not defined."""
    return row.get("scores", {}).get(name)


def must_be_cells(rows: Sequence[Row]) -> None:
    """Raise where no cell came through.

    Raises:
        UserError: Every training failed; the first error is told.
    """
    if all("error" in row for row in rows):
        raise UserError(f"every training failed; the first said: {rows[0]['error']}")
