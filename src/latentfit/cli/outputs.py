"""Files that a person asked for: samples of the kind of the data, codes, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.write_images import write_images
from latentfit.pictures.sheets import save_png
from latentfit.pictures.signals import overlaid, reconstructed
from latentfit.schema import Dialect, Number, Numbers, Pixels, Schema, Table
from latentfit.schema.base import Frame
from latentfit.storage.made import must_be_ours, write_over

TABLES = (".csv", ".tsv", ".parquet", ".feather")
ARRAYS = (".npz", ".npy")


def usual(schema: Schema, name: str) -> Path:
    """Where samples go if a person does not say: a picture, a table or arrays."""
    if isinstance(schema, Pixels):
        return Path(f"{name}.png")
    if isinstance(schema, Table) or (isinstance(schema, Numbers) and schema.names):
        return Path(f"{name}.csv")
    return Path(f"{name}.npz")


def must_be_writable(schema: Schema, out: Path, kinds: tuple[str, ...] = ()) -> None:
    """Raise for a file that cannot hold such samples, or is somebody else's, before any work.

    Arguments:
        schema: Of the samples.
        out: The file, or a folder.
        kinds: Endings that are possible; those of samples where not given. '' is a folder.

    Raises:
        UserError: As said.
    """
    fitting = kinds or _own_kinds(schema)
    if out.suffix.lower() not in fitting:
        told = ", ".join(kind or "a folder name" for kind in fitting)
        raise UserError(f"cannot write {out.name or out}; here, use {told}.")
    if out.suffix:
        must_be_ours(out)


def _own_kinds(schema: Schema) -> tuple[str, ...]:
    if isinstance(schema, Pixels):
        return (".png", *ARRAYS, "")
    if isinstance(schema, Table):
        return (*TABLES, *ARRAYS) if schema.numeric else TABLES
    cells = (".h5ad",) if len(schema.seen) == len(schema.held) == 1 else ()
    lines = (".png",) if len(schema.seen) > 1 else ()
    return (*ARRAYS, *lines, *(TABLES if len(schema.held) == 1 else ()), *cells)


def write_samples(schema: Schema, seen: Tensor, out: Path) -> None:
    """Write samples as the file of the data holds them.

    A table by the ending of its name; an .npz with `samples`; a .png grid of images or lines of
    signals, or a folder of .png files. Images are in the type of the data, uint8 or uint16,
    (N, H, W) or (N, H, W, C).

    Arguments:
        schema: Of the samples.
        seen: As a network sees them, with shape (N, *seen).
        out: The file or the folder.

    Raises:
        UserError: The file cannot hold them, is somebody else's, or cannot be written.
    """
    must_be_writable(schema, out)
    kind = out.suffix.lower()
    if kind in ARRAYS:
        write_arrays(out, samples=as_arrays(schema, seen))
    elif kind in TABLES:
        write_table(as_table(schema, seen), out, schema)
    elif kind == ".h5ad":
        from latentfit.data.cells import write_cells

        names = schema.names if isinstance(schema, Numbers) else ()
        held = as_arrays(schema, seen)
        write_over(out, lambda draft: write_cells(draft, held, names))
    elif kind == ".png" and not isinstance(schema, Pixels):
        figure = overlaid({"generated": as_arrays(schema, seen)}, count=len(seen))
        write_over(out, lambda draft: figure.savefig(draft, format="png"))
    elif kind == ".png":
        write_picture(seen, out, columns=max(2, round(len(seen) ** 0.5)))
    else:
        write_images(_depth(schema, seen), out)


def write_picture(images: Tensor, out: Path, *, columns: int) -> None:
    """Write a sheet of images.

    Raises:
        UserError: They are no images, or the file is somebody else's.
    """
    if images.dim() != 4:
        raise UserError(f"such samples cannot be drawn; use --out {out.with_suffix('.npz')}.")
    write_over(out, lambda draft: save_png(images, draft, columns=columns))


def write_pairs(schema: Schema, inputs: Tensor, outputs: Tensor, out: Path) -> None:
    """Write samples beside their reconstructions; into a table, the reconstructions alone.

    Arguments:
        schema: Of the samples.
        inputs: As a network sees them, with shape (N, *seen).
        outputs: With the shape of `inputs`.
        out: A .png of pairs, an .npz with `inputs` and `reconstructions`, or a table.

    Raises:
        UserError: The file cannot hold them, or is somebody else's.
    """
    kind = out.suffix.lower()
    if kind == ".npz":
        held, found = as_arrays(schema, inputs), as_arrays(schema, outputs)
        write_arrays(out, inputs=held, reconstructions=found)
    elif kind == ".png" and isinstance(schema, Pixels):
        write_picture(torch.stack([inputs, outputs], 1).flatten(0, 1), out, columns=8)
    elif kind == ".png":
        figure = reconstructed(as_arrays(schema, inputs), as_arrays(schema, outputs))
        write_over(out, lambda draft: figure.savefig(draft, format="png"))
    else:
        write_samples(schema, outputs, out)


def lines_to(schema: Schema, out: Path | None, name: str) -> Path:
    """Where lines go, before any work.

    Raises:
        UserError: The file cannot hold them, or is somebody else's.
    """
    picture = isinstance(schema, Pixels)
    tables = TABLES if isinstance(schema, Table) else ()
    kinds = (*((".png",) if picture else ()), *tables, *((".npz",) if not tables else ()))
    where = out or Path(f"{name}{kinds[0]}")
    must_be_writable(schema, where, kinds)
    return where


def write_lines(schema: Schema, lines: Tensor, out: Path) -> None:
    """Write ways through the latent space.

    Arguments:
        schema: Of the samples.
        lines: With shape (B, steps, *seen).
        out: A .png with a row for each line, an .npz with `lines` (B, steps, ...), or a table with
            the number of the line and of the step before each row.

    Raises:
        UserError: The file cannot hold them, or is somebody else's.
    """
    count, steps = lines.shape[:2]
    flat = lines.flatten(0, 1)
    if out.suffix == ".png":
        write_picture(flat, out, columns=steps)
    elif out.suffix == ".npz":
        held = as_arrays(schema, flat)
        write_arrays(out, lines=held.reshape(count, steps, *held.shape[1:]))
    else:
        frame = as_table(schema, flat)
        frame.insert(0, "step", np.tile(np.arange(steps), count), allow_duplicates=True)
        frame.insert(0, "line", np.repeat(np.arange(count), steps), allow_duplicates=True)
        write_table(frame, out, schema)


def write_arrays(out: Path, **arrays: Any) -> None:
    """Write named arrays as a compressed .npz, or the first of them as an .npy.

    Raises:
        UserError: The file is of another kind or somebody else's, or cannot be written.
    """
    if out.suffix not in ARRAYS:
        raise UserError(f"arrays go into .npz files, got {out}; name it {out.with_suffix('.npz')}.")
    held = {name: np.asarray(value) for name, value in arrays.items() if value is not None}

    def write(draft: Path) -> None:
        with draft.open("wb") as file:
            if out.suffix == ".npy":
                np.save(file, next(iter(held.values())), allow_pickle=False)
            else:
                np.savez_compressed(file, **held)  # type: ignore[arg-type]

    write_over(out, write)


def write_table(frame: Frame, out: Path, schema: Schema | None = None) -> None:
    """Write a table by the ending of its name, text as the data's file has it.

    Raises:
        UserError: A package is missing, or the file is somebody else's.
    """
    kind = out.suffix.lower()
    if kind in (".parquet", ".feather"):
        held = frame.rename(columns=str)
        write = held.to_parquet if kind == ".parquet" else held.to_feather
        try:
            write_over(out, lambda draft: write(draft))
        except ImportError as error:
            raise UserError(
                f"writing {kind} needs pyarrow; pip install 'latentfit[parquet]'."
            ) from error
        return
    found = schema.dialect if isinstance(schema, Table | Numbers) else Dialect()
    separator = "\t" if kind == ".tsv" else found.separator
    if isinstance(schema, Table):
        frame = _whole(frame, schema)
    write_over(out, lambda draft: frame.to_csv(
        draft, index=False, sep=separator, decimal=found.decimal, header=found.header
    ))  # fmt: skip


def _whole(frame: Frame, schema: Table) -> Frame:
    """A table in which whole numbers beside missing cells are written as 45, not as 45.0.

    pandas holds such a column as floats, and so gives it back to Python.
    """
    whole = [column.name for column in schema.columns
             if type(column) is Number and column.decimals == 0 and column.missing
             and list(frame.columns).count(column.name) == 1
             and frame[column.name].dtype.kind == "f"]  # fmt: skip
    return frame.astype(dict.fromkeys(whole, "Int64"))


def as_arrays(schema: Schema, seen: Tensor) -> np.ndarray:
    """Samples as an .npz holds them."""
    if isinstance(schema, Pixels):
        return schema.pixels(seen)
    held = schema.restore(seen)
    return held.to_numpy(np.float64) if isinstance(schema, Table) else held


def as_table(schema: Schema, seen: Tensor) -> Frame:
    """Samples as a table."""
    held = schema.restore(seen)
    if isinstance(schema, Table):
        return held
    import pandas as pd

    names = schema.names if isinstance(schema, Numbers) else ()
    return pd.DataFrame(held, columns=list(names) or None)


def _depth(schema: Schema, images: Tensor) -> np.ndarray:
    """Pixels of 16 bits where grey data have more than 8, else of 8."""
    if isinstance(schema, Pixels) and schema.white > 255 and schema.seen[0] == 1:
        return schema.pixels(images)
    pixels = (images.clamp(0, 1) * 255).round().to(torch.uint8).movedim(1, -1).numpy()
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels
