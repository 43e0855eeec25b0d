"""A search over the settings of a system, by validation samples."""

from __future__ import annotations

import math
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from latentfit.checks import UserError, within
from latentfit.comparing.conditions import Conditions, usual_latent
from latentfit.data.base import Data, must_be_data
from latentfit.runs.local import Local
from latentfit.runs.playing import Engine
from latentfit.tuning.search import Search
from latentfit.tuning.space import space

MINUTES, ROUNDS = 30.0, 2_000


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes:
        recipe: Name of the system.
        latent: Latent size.
        settings: The best settings: those that were searched, and all that were given beside them.
        score: Name of what was lowered, the Fréchet distance of validation samples.
        value: What the best settings reach.
        own: What the system's own settings reach; NaN where they fail.
        trials: A row a trial: its `number`, 0 for the system's own settings, those searched,
            `rounds` that it came to, `value` (NaN where it failed), and whether it was given up
            (`pruned`).
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

    def command(self, data: str, rounds: int, more: Sequence[str] = ()) -> str:
        """The command that trains with the best settings.

        Arguments:
            data: What was trained on, as the shell takes it.
            rounds: Of a trial.
            more: Other words, such as how the data are read.
        """
        words = ["latentfit", "train", self.recipe, "--data", data, *more, "--latent",
                 str(self.latent), "--rounds", str(rounds)]  # fmt: skip
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

    The search is a function of its seed and of how many play at a time: given again it goes
    through what the folder holds and on from there, with more minutes on from its end.

    Arguments:
        name: Of a recipe.
        data: What is trained on.
        latent: Latent size; FlexAE's for such data where not given.
        over: Settings to search, as `name`, `name=low:high` or `name=one,two`; where not given all
            learning rates and weights, a tenth to ten times of the system's own.
        settings: Others, fixed.
        minutes: Of all trainings so far; those that ran together count once. The trials in which
            they end are finished.
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
    given = dict(settings or {})
    dimensions = space(name, data, over, given)
    size = usual_latent(data) if latent is None else latent
    asked = Conditions(data, (name,), (size,), 1, rounds, given, features=features)
    engine = Local(workers) if isinstance(workers, int) else workers
    with tempfile.TemporaryDirectory() as temporary:
        search = Search(asked, dimensions, Path(folder or temporary), engine, progress)
        search.play(60 * minutes, seed)
    return _found(search)


def _found(search: Search) -> Tuned:
    """The best of the trials that were played to their end."""
    whole = [t for t in search.trials if not t["pruned"] and not math.isnan(t["value"])]
    if not whole:
        raise UserError("every trial failed; search closer to the system's own, by --over.")
    best, names = min(whole, key=lambda t: t["value"]), search.names
    cell = search.cell({name: best[name] for name in names if name in best})
    trials = sorted(search.trials, key=lambda t: t["number"])
    frame = pd.DataFrame(trials, columns=["number", *names, "rounds", "value", "pruned"])
    return Tuned(
        search.recipe, cell.latent, cell.settings, search.score, best["value"], trials[0]["value"],
        frame, [d.told() for d in search.dimensions],
    )  # fmt: skip
