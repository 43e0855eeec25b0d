"""Whether samples are those of the source, and come back in the same kind of file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

import latentfit as lf
from latentfit.cli.outputs import write_samples
from latentfit.data import Data
from latentfit.data.tables import read_table
from latentfit.schema import Numbers, Pixels, Table
from nasty.case import SMALL, Input, Wrong


def same(data: Data, x: torch.Tensor, order: np.ndarray, truth: Any, left: tuple[str, ...]) -> None:
    """Raise where what a network sees is not what the source holds, value by value and row by row.

    Arguments:
        data: As loaded.
        x: All samples, as a network sees them.
        order: The row of each.
        truth: What the source holds.
        left: Columns that are left out.

    Raises:
        Wrong: A value, a row or a column differs.
    """
    if sorted(order.tolist()) != list(range(len(order))):
        raise Wrong(f"ids are not the rows of the file: {sorted(order.tolist())[:5]}")
    held = data.schema.restore(x)
    if isinstance(data.schema, Table):
        right = truth.drop(columns=list(left)).iloc[order].reset_index(drop=True)
        _same_frame(held, right, {c.name: getattr(c, "form", "") for c in data.schema.columns})
        return
    array = data.schema.pixels(x) if isinstance(data.schema, Pixels) else np.asarray(held)
    right = np.asarray(truth)[order]
    if isinstance(data.schema, Numbers) and right.dtype.kind in "iu":
        right = right.clip(int(data.schema.low), int(data.schema.high))  # of the training split
    if array.shape != right.shape:
        raise Wrong(f"samples have shape {array.shape}, not {right.shape}")
    wide = max(1e-6, float(np.abs(right.astype(float)).max(initial=0)) * 1e-5)
    if not np.allclose(array.astype(float), right.astype(float), rtol=1e-5, atol=wide):
        raise Wrong(f"values are {array.ravel()[:4]}, not {right.ravel()[:4]}")


def _same_frame(held: Any, right: Any, forms: dict[Any, str]) -> None:
    import pandas as pd

    if list(held.columns) != list(right.columns):
        raise Wrong(f"columns are {list(held.columns)}, not {list(right.columns)}")
    for name in right.columns:
        came, wanted = held[name], right[name]
        if (came.isna() != wanted.isna()).any():
            raise Wrong(f"column {name!r}: missing cells differ")
        came, wanted = came.dropna(), wanted.dropna()
        if pd.api.types.is_datetime64_any_dtype(wanted.dtype):
            form = forms[name] if "%" in forms[name] else None
            found = pd.to_datetime(came, format=form).astype(wanted.dtype)
            off = (found - wanted).abs().max() if len(found) else pd.Timedelta(0)
            wide = max(pd.Timedelta("1ms"), (wanted.max() - wanted.min()) * 1e-6)
            if off > wide:
                raise Wrong(f"column {name!r}: {came.iloc[0]}, not {wanted.iloc[0]}")
        elif pd.api.types.is_numeric_dtype(wanted.dtype):
            numbers, right_ones = came.astype(float), wanted.astype(float)
            wide = 1e-5 * max(1e-9, right_ones.std()) if len(right_ones) > 1 else 1e-9
            if not np.allclose(numbers, right_ones, rtol=1e-5, atol=wide):
                raise Wrong(f"column {name!r}: {came.iloc[0]}, not {wanted.iloc[0]}")
        elif [str(v) for v in came] != [str(v) for v in wanted]:
            pair = next((a, b) for a, b in zip(came, wanted, strict=True) if str(a) != str(b))
            raise Wrong(f"column {name!r}: {pair[0]!r}, not {pair[1]!r}")


def comes_back(data: Data, held: Input, folder: Path) -> None:
    """Train two rounds and draw 30 samples into a file of the kind of the source.

    Raises:
        Wrong: Its columns, types or ranges are others.
    """
    model = lf.recipe("vae-fixed-variance", data, **SMALL)
    lf.train(model, data, rounds=2, progress=False, device="cpu")
    drawn = model.sample(30, seed=0)
    if not torch.isfinite(drawn).all():
        raise Wrong("samples are not finite")
    suffix = ".npz"
    if isinstance(data.schema, Table) or (isinstance(data.schema, Numbers) and data.schema.names):
        suffix = Path(held.source).suffix if isinstance(held.source, str | Path) else ".parquet"
        suffix = suffix.lower() if suffix.lower() in (".parquet", ".feather", ".tsv") else ".csv"
    out = folder / f"back{suffix}"
    write_samples(data.schema, drawn, out)
    if suffix == ".npz":
        array = np.load(out)["samples"]
        kind = np.dtype(getattr(data.schema, "dtype", array.dtype))
        if len(array) != 30 or (array.dtype != kind and not isinstance(data.schema, Pixels)):
            raise Wrong(f"{len(array)} samples of {array.dtype}, not 30 of {kind}")
        return
    _compare(data, held, out)


def _compare(data: Data, held: Input, out: Path) -> None:
    import pandas as pd

    found = read_table(out)[0]
    if isinstance(held.source, str | Path):
        source = read_table(Path(held.source))[0]
    else:
        source = held.source.copy()
    schema = data.schema
    names: list[Any] = list(getattr(schema, "names", ()))
    if [str(name) for name in found.columns] != [str(name) for name in names] or len(found) != 30:
        raise Wrong(f"{len(found)} rows of {list(found.columns)}, not 30 of {names}")
    found.columns = names
    source.columns = [n if type(n) is int else str(n) for n in source.columns]
    for name in names:
        came, was = found[name], source[name]
        numbers = pd.api.types.is_numeric_dtype(was.dtype) and was.nunique() > 2
        if numbers and not pd.api.types.is_numeric_dtype(came.dtype):
            raise Wrong(f"column {name!r} comes back as {came.dtype}, was {was.dtype}")
        if numbers and isinstance(schema, Table):
            low, high = float(was.min()), float(was.max())
            some = came.dropna().astype(float)
            if len(some) and not (some.min() >= low - 1e-9 and some.max() <= high + 1e-9):
                raise Wrong(f"column {name!r} comes back out of {low} to {high}")
        elif isinstance(schema, Table) and name in schema.discrete:
            known = set(map(str, was.dropna()))
            new = set(map(str, came.dropna())) - known
            if {text.removesuffix(".0") for text in new} - {k.removesuffix(".0") for k in known}:
                raise Wrong(f"column {name!r} comes back with {sorted(new)[:3]}")
