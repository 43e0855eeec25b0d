"""A row for each training of a comparison: what it is called, and which of its numbers compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from latentfit.checks import UserError, one_of
from latentfit.runs.cells import Row
from latentfit.scoring import METRICS
from latentfit.scoring.metric import BESIDE

ENTRY = "entry"
FACTS = (
    "entry", "system", "latent", "seed", "rounds", "train_seconds", "memory", "parameters", "run",
)  # fmt: skip
"""Columns beside the scores: memory in bytes, and the run folder where it is kept."""


def framed(rows: Sequence[Row]) -> pd.DataFrame:
    """A row for each training: `FACTS`, `error` where one failed, and a column for each score.

    Arguments:
        rows: As `Cell.play` gives.

    Example:
        >>> row = {"recipe": "ae", "latent": 2, "seed": 0, "rounds": 9, "scores": {"mse": 0.1}}
        >>> framed([row])[["entry", "mse"]].to_numpy().tolist()
        [['ae', 0.1]]
    """
    sizes = {row["latent"] for row in rows}
    lines = []
    for row in rows:
        name = row["recipe"] if len(sizes) < 2 else f"{row['recipe']}, m = {row['latent']}"
        facts = {"entry": row.get("entry", name), "system": row["recipe"]}
        facts |= {key: row.get(key) for key in FACTS[2:]}
        facts["rounds"] = row.get("played", row.get("rounds"))  # fewer, where one ended early
        scores = {k: v for k, v in row.get("scores", {}).items() if isinstance(v, int | float)}
        scores.pop("latent", None)
        lines.append(facts | {"error": row.get("error", "")} | scores)
    frame = pd.DataFrame(lines)
    kinds: dict[Any, Any] = {name: float for name in frame if name not in ("error", *FACTS)}
    return frame.astype(kinds)


def higher(score: str) -> bool:
    """Whether more is better of a score by its name.

    Raises:
        UserError: It is no score, or one of no direction.

    Example:
        >>> higher("fd_lenet"), higher("explained"), higher("fd_lenet_reconstruction")
        (False, True, False)
    """
    for row in METRICS.values():
        if row.matches(score) is not None and row.better:
            return row.better == "higher"
    stem = score.removesuffix("_reconstruction")
    if stem != score:
        return higher(stem)
    directed = [row.name for row in METRICS.values() if row.better]
    raise UserError(
        f"of '{score}' neither more nor less is better, or it is unknown; "
        f"these compare: {', '.join(directed[:8])}, ..."
    )


def must_have(frame: pd.DataFrame, scores: Iterable[str]) -> None:
    """Raise for scores that are no column of a frame.

    Raises:
        UserError: One is not.
    """
    for score in scores:
        one_of("score", score, [name for name in frame if name not in FACTS])


def main_scores(frame: pd.DataFrame) -> tuple[str, ...]:
    """Generation, then reconstruction where an entry has it: what a comparison is about.

    Arguments:
        frame: Of `framed`.

    Raises:
        UserError: There is no score of generation.
    """
    name = distance_among(frame)
    if name is None:
        raise UserError("no training has a distance of samples; see the errors of the rows.")
    rebuilt = "mse" in frame and bool(frame["mse"].notna().to_numpy().any())
    return (name, "mse") if rebuilt else (name,)


def distance_among(scores: Iterable[str]) -> str | None:
    """The Fréchet distance of samples among the names of scores; None where there is none.

    Example:
        >>> distance_among(["mse", "fd_lenet_floor", "fd_lenet"]), distance_among(["fid"])
        ('fd_lenet', 'fid')
    """
    for name in scores:
        if not name.endswith(tuple(BESIDE)) and METRICS["fd_<features>"].matches(name) is not None:
            return name
    return None


def floor(frame: pd.DataFrame, score: str) -> float | None:
    """What training data themselves reach in a score, in the mean; None where that is unknown."""
    name = f"{score}_floor"
    held = frame[name].dropna().to_numpy(dtype=float) if name in frame else np.empty(0)
    return float(held.mean()) if len(held) else None
