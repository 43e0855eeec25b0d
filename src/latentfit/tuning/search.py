"""Trials of a search: which settings they have, how far they are played, when they are given up."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from latentfit.checks import DivergenceError, UserError
from latentfit.comparing.conditions import Conditions, own
from latentfit.comparing.rows import distance_among
from latentfit.data.base import Data
from latentfit.runs.cells import Cell, Row
from latentfit.runs.playing import Engine
from latentfit.runs.pool import play_cells
from latentfit.tuning.space import Dimension

if TYPE_CHECKING:
    import optuna

RUNGS = (0.25, 0.5, 1.0)  # shares of the rounds after which a trial may be given up
SEED = 2_000  # of the trainings: of no reported one


@dataclass(frozen=True)
class Rung:
    """The first rounds of a training, scored by validation samples.

    Attributes:
        cell: The training.
        rounds: After which it is scored.
    """

    cell: Cell
    rounds: int

    @property
    def seed(self) -> int:
        """Of the training."""
        return self.cell.seed

    @property
    def key(self) -> str:
        """That of the training, and the rounds."""
        return f"{self.cell.key}-{self.rounds}"

    def placed(self, root: str | None, *, compile: bool) -> Rung:
        """The same with data sets at `root`, and players compiled or not."""
        return replace(self, cell=self.cell.placed(root, compile=compile))

    def play(self, folder: Path, data: Data | None) -> Row:
        """Go on with the training to these rounds, and score it."""
        began, cell = time.monotonic(), self.cell
        data = data or cell.known()
        row: Row = {"key": self.key, "recipe": cell.recipe, "data": cell.data,
                    "latent": cell.latent, "seed": cell.seed, "settings": cell.settings,
                    "rounds": self.rounds}  # fmt: skip
        try:
            row["scores"] = cell.scored(cell.trained(data, folder, self.rounds), data, folder)
        except DivergenceError as error:
            row["error"] = str(error)
        return row | {"seconds": time.monotonic() - began}


class Search:
    """Trials, a batch of as many as there are workers at a time.

    Arguments:
        asked: Under which conditions; one system and one latent size.
        dimensions: What is searched.
        folder: Where trainings are kept.
        engine: What plays them.
        progress: Print a line for each trial that has ended.
    """

    def __init__(
        self,
        asked: Conditions,
        dimensions: Sequence[Dimension],
        folder: Path,
        engine: Engine,
        progress: bool,
    ) -> None:
        self.asked, self.dimensions, self.folder = asked, dimensions, folder
        self.engine, self.progress = engine, progress
        self.together = engine.workers  # once: a batch is as large to the end
        self.trials: list[Row] = []
        self.score, self.spent = "", 0.0  # seconds of the clock, of all trainings

    @property
    def recipe(self) -> str:
        """The system."""
        return self.asked.recipes[0]

    def play(self, seconds: float, seed: int) -> None:
        """Ask, play and tell until the seconds of all trainings are spent."""
        optuna = _optuna()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=4)
        study = optuna.create_study(sampler=sampler, pruner=pruner)
        if (usual := self._usual()) is not None:
            study.enqueue_trial(usual)
        while self.spent < seconds or not self.trials:
            batch = []
            for _ in range(self.together):
                trial = study.ask()
                # The first has the system's own settings, in any case.
                first = usual is None and not self.trials and not batch
                asked = {} if first else {d.setting.name: d.ask(trial) for d in self.dimensions}
                batch.append((trial, asked))
            self._batch(study, batch)

    def _usual(self) -> Row | None:
        """The system's own settings as a point of the search; None where they lie outside."""
        values = own(self.recipe, self.asked.data, self.asked.settings)
        values["latent"] = self.asked.latents[0]
        found = {}
        for dimension in self.dimensions:
            value = values[dimension.setting.name]
            inside = value in dimension.choices or (
                not dimension.choices
                and value is not None
                and dimension.low <= value <= dimension.high
            )
            if not inside:
                return None
            found[dimension.setting.name] = value
        return found

    def _batch(self, study: optuna.Study, batch: list[tuple[optuna.Trial, Row]]) -> None:
        """Play trials rung by rung."""
        optuna, left = _optuna(), list(batch)
        states = optuna.trial.TrialState
        for share in RUNGS:
            rounds = max(1, round(share * cast(int, self.asked.rounds)))
            rungs = [Rung(self.cell(asked), rounds) for _, asked in left]
            rows = play_cells(
                rungs, self.folder, data=self.asked.data, workers=self.engine, progress=False
            )
            seconds = [row["seconds"] for row in rows]
            self.spent += max(*seconds, sum(seconds) / self.together, 0.0)
            onwards = []
            for (trial, asked), row in zip(left, rows, strict=True):
                value = self._value(row)
                if not math.isnan(value):
                    trial.report(value, rounds)
                if share < 1 and not math.isnan(value) and not trial.should_prune():
                    onwards.append((trial, asked))
                    continue
                state = states.FAIL if math.isnan(value) else None if share == 1 else states.PRUNED
                study.tell(trial, value if state is None else None, state=state)
                pruned = state is states.PRUNED
                ended = {"rounds": rounds, "value": value, "pruned": pruned}
                self.trials.append({"number": trial.number, **asked, **ended})
                if self.progress:
                    self._tell(self.trials[-1])
            left = onwards
            if not left:
                return

    def _tell(self, trial: Row) -> None:
        asked = ", ".join(f"{k} {v}" for k, v in trial.items() if k in self.names)
        end = "given up" if trial["pruned"] else f"{self.score} {trial['value']:.4g}"
        ended = f"trial {len(self.trials)}: {asked or 'own settings'}: {end}"
        print(f"{ended}; {self.spent / 60:.1f} minutes", file=sys.stderr, flush=True)

    @property
    def names(self) -> list[str]:
        """Of the settings that are searched."""
        return [dimension.setting.name for dimension in self.dimensions]

    def cell(self, asked: Row) -> Cell:
        """A trial's training, under the same conditions as a comparison's."""
        held = dict(asked)
        latent = held.pop("latent", self.asked.latents[0])
        chosen = replace(self.asked, latents=(latent,), settings={**self.asked.settings, **held})
        return replace(chosen.cell(self.recipe, latent, SEED), split="validation")

    def _value(self, row: Row) -> float:
        scores = row.get("scores", {})
        name = distance_among(scores)
        if name is None or scores[name] is None:
            return math.nan
        self.score = name
        return float(scores[name])


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UserError(
            "tune needs Optuna, which is not installed: pip install 'latentfit[tune]'."
        ) from error
    return optuna
