"""A search over the settings of a system, by validation samples."""

from __future__ import annotations

import math
import shlex
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from latentfit.checks import DivergenceError, UserError, within
from latentfit.comparing.conditions import Conditions, usual_latent
from latentfit.comparing.rows import distance_among
from latentfit.data.base import Data, must_be_data
from latentfit.runs.cells import Cell, Row
from latentfit.runs.local import Local
from latentfit.runs.playing import Engine
from latentfit.runs.pool import play_cells
from latentfit.tuning.space import Dimension, own, space

if TYPE_CHECKING:
    import optuna

MINUTES, ROUNDS = 30.0, 2_000
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


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes:
        recipe: Name of the system.
        latent: Latent size.
        settings: The best settings: those that were searched, and those that were given.
        score: Name of what was lowered, the Fréchet distance of validation samples.
        value: What the best settings reach.
        own: What the system's own settings reach; NaN where they fail.
        trials: A row a trial: its settings, `rounds` that it came to, `value` (NaN where it
            failed), and whether it was given up (`pruned`).
        searched: Which settings, between which ends, in words.
    """

    recipe: str
    latent: int
    settings: dict[str, Any]
    score: str
    value: float
    own: float
    trials: pd.DataFrame
    searched: list[str]

    def command(self, data: str, rounds: int) -> str:
        """The command that trains with the best settings."""
        words = ["latentfit", "train", self.recipe, "--data", data, "--latent", str(self.latent),
                 "--rounds", str(rounds)]  # fmt: skip
        for name, value in self.settings.items():
            words += ["--set", f"{name}={'none' if value is None else value}"]
        return shlex.join(words)


def tune(
    name: str,
    data: Data,
    *,
    latent: int | None = None,
    over: Sequence[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    minutes: float = MINUTES,
    rounds: int = ROUNDS,
    features: str = "auto",
    seed: int = 0,
    folder: str | Path | None = None,
    workers: int | Engine = 1,
    progress: bool = False,
) -> Tuned:
    """Search for settings with which a system generates best.

    The system's own settings come first, then what Optuna's tree-structured Parzen estimator
    proposes. Each trial is scored by validation samples after a quarter, half and all of the rounds
    and given up where it is worse than the median of those before. All train with one seed that no
    comparison has. What is the best of many is better there than elsewhere: compare it afterwards.

    The search is a function of its seed and of `workers`: given again it goes through what the
    folder holds and on from there; with more minutes, it goes on where it ended.

    Arguments:
        name: Of a recipe.
        data: What is trained on.
        latent: Latent size; FlexAE's for such data where not given.
        over: Settings to search, as `name`, `name=low:high` or `name=one,two`; where not given all
            learning rates and weights, a tenth to ten times of the system's own.
        settings: Others, fixed.
        minutes: Of all trainings so far divided by `workers`; the trial in which it ends is
            finished.
        rounds: Of a trial.
        features: Extractor, as of `evaluate`.
        seed: Of what is proposed.
        folder: Where trainings are kept; None keeps nothing.
        workers: Trainings at a time, a thread each, or an engine such as `lf.Cluster()`. More than
            one starts processes: a script then needs `if __name__ == "__main__":`.
        progress: Print a line for each scored training.

    Raises:
        UserError: Optuna is not installed, a setting or number does not fit, or every trial failed.
    """
    must_be_data(data)
    within("minutes", minutes, 0.0)
    engine = Local(workers) if isinstance(workers, int) else workers
    given = dict(settings or {})
    dimensions = space(name, over, given)
    size = latent or usual_latent(data)
    base = Conditions(data, (name,), (size,), 1, rounds, given, features=features)
    cell = replace(base.cell(name, size, SEED), split="validation")
    with tempfile.TemporaryDirectory() as temporary:
        search = _Search(cell, dimensions, data, Path(folder or temporary), engine, progress)
        search.play(60 * minutes, seed)
    return search.found(given)


class _Search:
    """Trials, a batch of as many as there are workers at a time."""

    def __init__(
        self,
        cell: Cell,
        dimensions: Sequence[Dimension],
        data: Data,
        folder: Path,
        engine: Engine,
        progress: bool,
    ) -> None:
        self.cell, self.dimensions, self.data = cell, dimensions, data
        self.folder, self.engine, self.progress = folder, engine, progress
        self.trials: list[Row] = []
        self.score, self.spent = "", 0.0  # seconds of the clock, of all trainings

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
            for _ in range(self.engine.workers):
                trial = study.ask()
                # The first has the system's own settings, in any case.
                first = usual is None and not self.trials and not batch
                asked = {} if first else {d.setting.name: d.ask(trial) for d in self.dimensions}
                batch.append((trial, asked))
            self._batch(study, batch)

    def _usual(self) -> Row | None:
        """The system's own settings as a point of the search; None where they lie outside."""
        found = {}
        for dimension in self.dimensions:
            value = own(self.cell.recipe, dimension.setting)
            inside = dimension.choices or (value and dimension.low <= value <= dimension.high)
            if value is None or not inside or dimension.setting.name == "latent":
                return None
            found[dimension.setting.name] = dimension.setting.kind(value)
            if dimension.choices and found[dimension.setting.name] not in dimension.choices:
                return None
        return found

    def _batch(self, study: optuna.Study, batch: list[tuple[optuna.Trial, Row]]) -> None:
        """Play trials rung by rung."""
        optuna, left = _optuna(), list(batch)
        states = optuna.trial.TrialState
        for share in RUNGS:
            rounds = max(1, round(share * self.cell.rounds))
            rungs = [Rung(self._cell(asked), rounds) for _, asked in left]
            rows = play_cells(
                rungs, self.folder, data=self.data, workers=self.engine, progress=False
            )
            self.spent += sum(row["seconds"] for row in rows) / self.engine.workers
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
                self.trials.append({**asked, "rounds": rounds, "value": value, "pruned": pruned})
                if self.progress:
                    self._tell(self.trials[-1])
            left = onwards

    def _tell(self, trial: Row) -> None:
        asked = ", ".join(f"{k} {v}" for k, v in trial.items() if k in self._names)
        end = "given up" if trial["pruned"] else f"{self.score} {trial['value']:.4g}"
        ended = f"trial {len(self.trials)}: {asked or 'own settings'}: {end}"
        print(f"{ended}; {self.spent / 60:.1f} minutes", file=sys.stderr, flush=True)

    @property
    def _names(self) -> list[str]:
        return [dimension.setting.name for dimension in self.dimensions]

    def _cell(self, asked: Row) -> Cell:
        held = dict(asked)
        latent = held.pop("latent", self.cell.latent)
        return replace(self.cell, latent=latent, settings={**self.cell.settings, **held})

    def _value(self, row: Row) -> float:
        scores = row.get("scores", {})
        name = distance_among(scores)
        if name is None or scores[name] is None:
            return math.nan
        self.score = name
        return float(scores[name])

    def found(self, given: Row) -> Tuned:
        """The best of the trials that were played to their end."""
        whole = [t for t in self.trials if not t["pruned"] and not math.isnan(t["value"])]
        if not whole:
            raise UserError("every trial failed; search closer to the system's own, by --over.")
        best = min(whole, key=lambda t: t["value"])
        chosen = {name: best[name] for name in self._names if name in best}
        latent = chosen.pop("latent", self.cell.latent)
        kept = {name: self.cell.settings[name] for name in ("batch", "average")} | given
        frame = pd.DataFrame(self.trials, columns=[*self._names, "rounds", "value", "pruned"])
        return Tuned(
            self.cell.recipe, latent, {**kept, **chosen}, self.score, best["value"],
            self.trials[0]["value"], frame, [d.told() for d in self.dimensions],
        )  # fmt: skip


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UserError(
            "tune needs Optuna, which is not installed: pip install 'latentfit[tune]'."
        ) from error
    return optuna
