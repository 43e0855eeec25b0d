"""Arrays in .npy files that do not fit in memory: rows are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.assemble import Found, divided
from latentfit.data.base import PARTS, Data, Split
from latentfit.data.make import kind_of, kind_under, notes_on
from latentfit.data.numpy_files import read
from latentfit.data.options import Options
from latentfit.data.splits import LEAST, fingerprint, marks_of
from latentfit.schema import Numbers, Pixels, Schema
from latentfit.schema.pixels import brightness
from latentfit.shapes import finite, images

ROWS = 1 << 12
"""Read at a time."""


class Mapped(Split):
    """Some rows of an array on disk.

    Arguments:
        array: With shape (N, *held).
        places: Of the rows, (n,).
        schema: Brings them to the network's units.
        device: Where batches go.
    """

    def __init__(
        self,
        array: np.ndarray,
        places: Tensor,
        schema: Schema,
        device: torch.device | str = "cpu",
    ) -> None:
        self.array, self.places, self.schema, self.device = array, places, schema, device
        self.shape, self.labels, self.ids = tuple(schema.seen), None, places.numpy()

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.places)

    def take(self, indices: Tensor) -> Tensor:
        """The samples at `indices` (B,), read now, float32 with shape (B, *shape)."""
        rows = self.array[self.places[indices.cpu()].numpy()]
        return self.schema.apply(rows).to(self.device, non_blocking=True)

    def batches(self, order: Iterable[Tensor]) -> Iterator[Tensor]:
        """`take` for each of the index tensors of `order`."""
        return (self.take(indices) for indices in order)

    def to(self, device: torch.device | str) -> Mapped:
        """The same rows, handed out on `device`."""
        return Mapped(self.array, self.places, self.schema, device)


class Content:
    """An array on disk as the tensor that a data set would hold, by rows.

    Arguments:
        array: With shape (N, ...).
        convert: From some of its rows to that tensor's.
    """

    def __init__(self, array: np.ndarray, convert: Callable[[np.ndarray], Tensor]) -> None:
        self.array, self.convert = array, convert
        first = convert(array[:1])
        self.shape, self.dtype = (len(array), *first.shape[1:]), first.dtype

    def __getitem__(self, rows: Tensor) -> Tensor:
        """With shape (B, ...)."""
        return self.convert(self.array[rows.numpy()])


def mapped(path: Path, name: str, options: Options, schema: Schema | None) -> Data:
    """A data set of an array that stays on disk; all else is as for one in memory.

    Arguments:
        path: An .npy file.
        name: What reports call it.
        options: How to read it.
        schema: That of a model, where one is there.

    Raises:
        UserError: It cannot be read, or as `arrays`.
    """
    options.must_be_among(("scale",), "arrays")
    # Of mode c nothing is written, and torch takes it without a warning.
    array = read(path, mmap_mode="c")
    least = LEAST if schema is None else 1
    if array.ndim < 2 or array.ndim > 4 or len(array) < least:
        raise UserError(
            f"'{name}' has shape {array.shape}; at least {least} samples are needed, vectors "
            "(N, d), signals (N, T) or (N, C, T), or images."
        )
    for number, part in enumerate(_parts(array)):
        finite(part, name, start=number * ROWS)
    what = kind_of(array, options.kind) if schema is None else kind_under(schema)
    if what == "images" and options.scale is not None:
        raise UserError("'scale' says nothing of images; leave it out, or give the kind.")
    marks = np.concatenate([marks_of(part) for part in _parts(array)])
    places = divided({"train": Found(x=array, marks=marks)}, fixed=False,
                     together=what != "vectors")  # fmt: skip
    made = _images if what == "images" else _numbers
    chosen, content, also, notes = made(array, places["train"][1], name, what, options, schema)
    splits = {part: Mapped(array, places[part][1], chosen) for part in PARTS}
    next(splits["train"].chunks(1))  # its shape is tried
    return Data(
        name=name,
        train=splits["train"],
        validation=splits["validation"],
        test=splits["test"],
        fingerprint=fingerprint(*((content, at) for _, at in places.values()), also=also),
        schema=chosen,
        notes=(*notes, f"{array.nbytes / 1e9:.2g} GB are read from disk as they are needed."),
    )


def _parts(array: np.ndarray, places: Tensor | None = None) -> Iterator[np.ndarray]:
    """The rows, or those at some places, in arrays that fit in memory."""
    if places is None:
        return (array[start : start + ROWS] for start in range(0, len(array), ROWS))
    return (array[some.numpy()] for some in places.split(ROWS))


Made = tuple[Schema, Content, str, list[str]]


def _numbers(
    array: np.ndarray, train: Tensor, name: str, what: str, options: Options, schema: Schema | None
) -> Made:
    """Schema, what the fingerprint stands for, what it stands for besides, and notes."""
    scale = options.scale or ("common" if what == "signals" else "each")
    if schema is None:
        schema = Numbers.fit_in_parts(
            lambda: _parts(array, train), scale=scale, signal=what == "signals"
        )
    native = array.dtype.newbyteorder("=")
    content = Content(array, lambda rows: torch.from_numpy(np.ascontiguousarray(rows, native)))
    also = "" if scale == "each" and what == "vectors" else f"{what} {scale}"
    return schema, content, also, notes_on(array, what, options.kind)


def _images(
    array: np.ndarray, train: Tensor, name: str, what: str, options: Options, schema: Schema | None
) -> Made:
    # An image with the least and the greatest pixel says what white is.
    extreme = np.full((1, *array.shape[1:]), min(part.min() for part in _parts(array)), array.dtype)
    extreme.flat[0] = max(part.max() for part in _parts(array))
    known = schema.white if isinstance(schema, Pixels) else None
    white = images(extreme, name, white=known)[1:]
    content = Content(array, lambda rows: images(rows, name, white=white[0])[0])
    if schema is None:
        bright = brightness(content, train)
        schema = Pixels(content.shape[1:], white=white[0], dtype=array.dtype.name,
                        mean=bright["mean"], spread=bright["spread"])  # fmt: skip
    return schema, content, "", [white[1]] if white[1] else []
