"""Codes of data, with what joins them back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.checks import UserError
from latentfit.cli.outputs import ARRAYS, TABLES, write_arrays, write_table
from latentfit.data.base import Data
from latentfit.models import Model
from latentfit.storage.made import must_be_ours, write_over
from latentfit.training import encode_all


def must_be_writable(out: Path, data: str) -> None:
    """Raise for a file that cannot hold codes, or is somebody else's, before any work.

    Raises:
        UserError: As said.
    """
    cells = (".h5ad",) if data.endswith(".h5ad") else ()
    fitting = (*ARRAYS, *TABLES, *cells)
    if out.suffix.lower() not in fitting:
        raise UserError(f"codes do not go into {out.name}; use {', '.join(fitting)}.")
    if Path(data).resolve() == out.resolve():
        raise UserError(f"{out} is the file of the data; give --out another name.")
    must_be_ours(out)


def codes_of(model: Model, data: Data, parts: Sequence[str]) -> dict[str, np.ndarray]:
    """The mean codes of some splits, in the order of the data's source.

    Returns:
        `codes` (N, m) float32, `ids` and `split` (N,), and `labels` where there are some.

    Raises:
        UserError: There are no samples in these splits.
    """
    device = model.device
    found: dict[str, list[Any]] = {"codes": [], "ids": [], "split": [], "labels": []}
    for part in parts:
        split = getattr(data, part)
        if len(split) == 0:
            continue
        found["codes"].append(encode_all(model, split.to(device)).centre().cpu().numpy())
        ids = np.arange(len(split)) if split.ids is None else split.ids
        found["ids"].append(ids if ids.dtype.kind in "iu" else ids.astype(str))
        found["split"].append(np.full(len(split), part))
        if split.labels is not None:
            names = np.array(data.classes) if data.classes else None
            labels = split.labels.cpu().numpy()
            found["labels"].append(labels if names is None else names[labels])
    if not found["codes"]:
        raise UserError(f"there are no samples in {' and '.join(parts)}; choose another --split.")
    held = {name: np.concatenate(arrays) for name, arrays in found.items() if arrays}
    order = np.argsort(held["ids"], kind="stable")
    return {name: array[order] for name, array in held.items()}


def write_codes(found: dict[str, np.ndarray], out: Path, data: str) -> None:
    """Write codes by the ending of the file: arrays, a row for each sample, or beside its cells.

    Raises:
        UserError: The file is somebody else's, or cannot be written.
    """
    if out.suffix in ARRAYS:
        write_arrays(out, **found)
    elif out.suffix.lower() == ".h5ad":
        from latentfit.data.cells import write_codes as write

        ids, codes = found["ids"].tolist(), found["codes"]
        write_over(out, lambda draft: write(Path(data), draft, ids, codes))
    else:
        import pandas as pd

        codes = found["codes"]
        named = {f"z{number}": codes[:, number] for number in range(codes.shape[1])}
        called = "row" if found["ids"].dtype.kind in "iu" else "id"
        beside = {called: found["ids"], "split": found["split"]}
        beside |= {"label": found["labels"]} if "labels" in found else {}
        write_table(pd.DataFrame(beside | named), out)
