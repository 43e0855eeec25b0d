"""Systems side by side under equal conditions."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from latentfit.checks import UserError, one_of, within
from latentfit.comparing.conditions import FACTORS, RATES, Conditions, usual_latent
from latentfit.comparing.rows import distance_among, framed
from latentfit.data.base import Data, must_be_data
from latentfit.runs.cells import Cell, Row, must_be_cells, run_of
from latentfit.runs.playing import Engine
from latentfit.runs.pool import play_cells, seconds_a_round
from latentfit.storage.files import read_json, write_json

ROUNDS = 2_000


def compare(
    recipes: str | Sequence[str],
    data: Data,
    *,
    latent: int | Sequence[int] | None = None,
    seeds: int = 5,
    rounds: int | None = None,
    minutes: float | None = None,
    rates: Literal["published", "search"] = "published",
    settings: Mapping[str, Any] | None = None,
    patience: int | None = None,
    groups: Sequence[str] = ("fd",),
    features: str = "auto",
    folder: str | Path | None = None,
    workers: int | Engine = 1,
    progress: bool = False,
) -> pd.DataFrame:
    """Train systems under equal conditions and score them.

    All have the same networks, batch, latent sizes, seeds and rounds, and an average of the weights
    of the last twentieth of the rounds; what counts rounds inside a system, such as a warm-up,
    shrinks with them. The conditions are in `frame.attrs["conditions"]`, a line each.

    Arguments:
        recipes: Names of systems.
        data: What all train on.
        latent: Latent size or sizes, for each system; FlexAE's for such data where not given.
        seeds: Trainings of each, with seeds 0, 1, ...
        rounds: Of each training; 2,000 where neither they nor `minutes` are given.
        minutes: Of each training on one thread, in place of equal rounds; how many rounds they hold
            is measured once, and kept in the folder.
        rates: `published` for each system's own learning rates; `search` for its own times 1, 3 or
            10, by the Fréchet distance of validation samples, on a seed that is not reported.
        settings: Such as `{"width": 0.25, "flexae.rate": 1e-3}`: for all that have them, or of one.
        patience: Of twenty validations, how many without a better score end a training.
        groups: Groups of scores beside reconstruction, as of `evaluate`.
        features: Extractor, as of `evaluate`.
        folder: Where trainings are kept; the same call goes on where it stopped. None keeps
            nothing.
        workers: Trainings at a time, a thread each, or an engine such as `lf.Cluster()`. More than
            one starts processes: a script then needs `if __name__ == "__main__":`.
        progress: Print a line for each finished training, with the time that is left.

    Returns:
        A row for each training: `entry` (the system, and the size where there are several),
        `system`, `latent`, `seed`, `rounds`, `train_seconds`, `memory` (bytes, see
        `runs.memory.most_memory`), `parameters`, `run` (its folder), `error` of one that failed,
        and every score.
        `comparing.differences`, `ranks` and `front` say what it shows.

    Raises:
        UserError: As `Conditions`; both rounds and minutes are given, or every training failed.

    Example:
        >>> from latentfit.data import load
        >>> data = load("synthetic:n=2,d=6,count=400")
        >>> frame = compare(["ae", "wae-mmd"], data, latent=2, seeds=2, rounds=20,
        ...                 settings={"width": 0.05})
        >>> frame[["entry", "seed", "rounds"]].to_numpy().tolist()[:2]
        [['ae', 0, 20], ['wae-mmd', 0, 20]]
    """
    must_be_data(data)
    one_of("rates", rates, RATES)
    if rounds is not None and minutes is not None:
        raise UserError("give either 'rounds' or 'minutes' of a training, not both.")
    if isinstance(recipes, str):
        recipes = [recipes]
    if latent is None:
        latent = usual_latent(data)
    sizes = latent if isinstance(latent, Sequence) else [latent]
    asked = Conditions(
        data, tuple(dict.fromkeys(recipes)), tuple(dict.fromkeys(sizes)), seeds,
        ROUNDS if rounds is None else rounds, dict(settings or {}), patience, tuple(groups),
        features,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        where = Path(folder or temporary)

        def play(cells: Sequence[Cell]) -> list[Row]:
            return play_cells(cells, where, data=data, workers=workers, progress=progress)

        if minutes is not None:
            asked = _timed(asked, minutes, where)
        more = []
        if rates == "search":
            cells = asked.searched()
            played = play([cell for held in cells.values() for cell in held])
            asked, more = _fastest(asked, cells, {row["key"]: row for row in played})
        else:
            more = ["each system's own learning rates"]
        rows = play(asked.cells())
        if folder is not None:
            rows = [row | {"run": str(run_of(row["key"], where).path)} for row in rows]
    must_be_cells(rows)
    frame = framed(rows)
    frame.attrs["conditions"] = [*asked.told(), *more]
    return frame


def _timed(asked: Conditions, minutes: float, folder: Path) -> Conditions:
    """The same with as many rounds of each training as its minutes hold."""
    within("minutes", minutes, 0.01)
    kept = folder / "rounds.json"
    known: dict[str, int] = read_json(kept) if kept.exists() else {}
    found = {}
    for name in asked.recipes:
        for latent in asked.latents:
            cell = asked.cell(name, latent, 0)
            key = f"{cell.key} {minutes:g}"  # of these settings and data
            if key not in known:
                each = seconds_a_round(cell, asked.data)
                known[key] = max(1, _rounded(60 * minutes / each))
            found[f"{name}-{latent}"] = known[key]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(kept, known)
    return replace(asked, rounds=found, minutes=minutes)


def _rounded(count: float) -> int:
    """To two digits: a measure of time has no more."""
    return int(float(f"{count:.2g}"))


def _fastest(
    asked: Conditions, cells: Mapping[str, Sequence[Cell]], rows: Mapping[str, Row]
) -> tuple[Conditions, list[str]]:
    """The same at the rates whose validation samples are nearest, and what was chosen."""
    settings, told = dict(asked.settings), []
    for name, held in cells.items():
        found = []
        for times, cell in zip(FACTORS, held, strict=True):
            scores = rows[cell.key].get("scores", {})
            near = distance_among(scores)
            if near is not None and scores[near] is not None:
                found.append((scores[near], times, cell))
        if not found:
            raise UserError(f"every rate of {name} failed; give one by --set {name}.rate=...")
        _, times, cell = min(found, key=lambda one: one[:2])
        before = asked.given(name, asked.latents[0])
        settings |= {f"{name}.{k}": v for k, v in cell.settings.items() if k not in before}
        told.append(f"{name} {times:g}")
    others = [name for name in asked.recipes if name not in cells]
    line = (
        f"rates by validation samples of {len(FACTORS)} trainings of each system at m = "
        f"{asked.latents[0]}, as long as the others, in times of its own: {', '.join(told)}"
    )
    if others:
        line += f"; as they are: {', '.join(others)}"
    return replace(asked, settings=settings), [line]
