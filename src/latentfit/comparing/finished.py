"""Runs that are finished already, side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from latentfit.checks import UserError
from latentfit.comparing.rows import framed
from latentfit.storage import RunFolder

APART = ("recipe", "arguments", "data", "seed")  # of an identity: what is no setting
ALIKE = ("extractor", "extractor_hash", "count", "draws", "weights", "fingerprint")


def compare_runs(folders: Sequence[str | Path]) -> pd.DataFrame:
    """Finished runs of one data set, from their folders: rows as `compare` gives them.

    Runs that differ in nothing but the seed are one entry. What else is not equal among them is in
    `frame.attrs["conditions"]`.

    Arguments:
        folders: Run folders, each scored by `evaluate`.

    Raises:
        UserError: A folder holds no finished run, or one without scores; two are one run; or data,
            features or the number of samples differ.
    """
    runs = [RunFolder(Path(folder)) for folder in folders]
    if not runs:
        raise UserError("there is nothing to compare; give folders of runs.")
    rows: list[dict[str, Any]] = []
    for run in runs:
        if not run.finished:
            raise UserError(f"no finished run at {run.path}; give the --out of a training.")
        scores, held = run.scores, run.facts.identity
        if "details" not in scores:
            raise UserError(f"{run.path} is not scored; latentfit evaluate {run.path} does it.")
        arguments = held.get("arguments", {})
        rows.append({
            "recipe": held.get("recipe") or "a model",
            "latent": arguments.get("latent", scores.get("latent")),
            "seed": held.get("seed", 0),
            "rounds": run.card.round,
            "train_seconds": run.seconds + run.prior.seconds,
            "run": str(run.path),
            "scores": scores,
            "given": arguments | {key: v for key, v in held.items() if key not in APART}
                     | {"prior": run.facts.prior},
            "data": held.get("data", {}),
        })  # fmt: skip
    _must_compare(rows)
    for row in rows:
        row["entry"] = _name(row, rows)
    seen: dict[tuple[str, int], str] = {}
    for row in rows:
        if twin := seen.get((row["entry"], row["seed"])):
            raise UserError(f"{twin} and {row['run']} are the same training; leave one out.")
        seen[row["entry"], row["seed"]] = row["run"]
    frame = framed(rows)
    frame.attrs["conditions"] = _told(rows)
    return frame


def _must_compare(rows: Sequence[dict[str, Any]]) -> None:
    first = rows[0]
    for row in rows[1:]:
        if row["data"].get("fingerprint") != first["data"].get("fingerprint"):
            raise UserError(
                f"{first['run']} and {row['run']} were trained on different data "
                f"('{first['data'].get('name')}' and '{row['data'].get('name')}'); compare runs of "
                "one data set."
            )
        for what in ALIKE:
            one, two = (each["scores"]["details"].get(what) for each in (first, row))
            if one != two:
                raise UserError(
                    f"{first['run']} and {row['run']} were not scored alike: {what} {one} and "
                    f"{two}; score both by latentfit evaluate with the same options."
                )


def _name(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> str:
    """The recipe, and what tells this run from others of it, but the seed."""
    others = [other for other in rows if other["recipe"] == row["recipe"]]
    every = dict.fromkeys(key for other in others for key in other["given"])
    parts = [row["recipe"]]
    for key in every:
        if len({json.dumps(other["given"].get(key)) for other in others}) > 1:
            parts.append(f"{'m' if key == 'latent' else key} = {_short(row['given'].get(key))}")
    if len({other["rounds"] for other in others}) > 1:
        parts.append(f"{row['rounds']:,} rounds")
    return ", ".join(parts)


def _short(value: Any) -> str:
    """A setting; of a prior and its settings the name."""
    if value is None:
        return "none"
    return str(value[0]) if isinstance(value, list) and value else str(value)[:40]


def _told(rows: Sequence[dict[str, Any]]) -> list[str]:
    details = rows[0]["scores"]["details"]
    told = [f"{rows[0]['data'].get('name', 'data')}, {details['count']:,} samples of each set, "
            f"{details.get('weights', 'averaged')} weights"]  # fmt: skip
    held = [row["given"] | {"rounds": row["rounds"]} for row in rows]
    shared = [key for key in held[0] if all(key in given for given in held)]
    values = {key: {json.dumps(given[key]) for given in held} for key in shared}
    equal = [f"{key} {held[0][key]}" for key in shared if len(values[key]) == 1]
    other = [key for key in shared if len(values[key]) > 1]
    told.append(f"equal: {', '.join(one for one in equal if not one.endswith(' None'))}")
    if other:
        told.append(f"not equal: {', '.join(other)}")
    return told
