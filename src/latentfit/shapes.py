"""Shapes of samples, and arrays of images as tensors."""

from __future__ import annotations

from numbers import Real

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from latentfit.checks import UserError

Shape = tuple[int, ...]
NUMPY_FLOATS = (torch.float16, torch.float32, torch.float64)


def is_image(shape: Shape) -> bool:
    """Whether one sample is an image (C, H, W) and not a vector (d,)."""
    return len(shape) == 3


def is_signal(shape: Shape) -> bool:
    """Whether one sample is a signal (C, T)."""
    return len(shape) == 2


CHANNELS = 16
"""An image has this many channels at most."""
WHITES = (255, 1023, 4095, 16_383, 65_535)
"""Of 8, 10, 12, 14 and 16 bits."""


def finite(array: np.ndarray, name: str, *, start: int = 0) -> np.ndarray:
    """The array, if all of it are finite numbers.

    Arguments:
        array: Samples.
        name: What errors call it.
        start: Number of the first of them.

    Raises:
        UserError: It holds something else.
    """
    if array.dtype == object or array.dtype.kind not in "uifb":
        raise UserError(f"'{name}' holds {array.dtype} values; numbers are needed.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = ~np.isfinite(array)
        row = start + int(np.argwhere(bad)[0][0]) if array.ndim else 0
        raise UserError(
            f"'{name}' holds values that are NaN or infinite ({int(bad.sum())}, the first in "
            f"sample {row}); remove them."
        )
    if array.dtype.kind == "f" and array.size and np.abs(array).max() > np.finfo(np.float32).max:
        raise UserError(f"'{name}' holds values beyond float32's 3.4e38; rescale them.")
    return array


def images(
    x: Tensor | ArrayLike, name: str, *, white: float | None = None
) -> tuple[Tensor, float, str]:
    """Bring an array of images to pixels that a data set holds.

    Arguments:
        x: Images (N, H, W), (N, H, W, C) or (N, C, H, W), C at most 16: whole numbers from 0 on,
            floats in [0, 1], or booleans, of which True is white.
        name: What errors call it.
        white: Value of white in whole numbers; where not given, or where the type of the array
            cannot hold it, 1 for booleans and images of 0 and 1, else the white of the least of 8,
            10, 12, 14 and 16 bits that holds all pixels.

    Returns:
        With shape (N, C, H, W), uint8 where white is 255, else shares of white, float32; the value
        of white; and what a person should know of it, or ''.

    Raises:
        UserError: The shape is none of these, or values are no numbers, NaN, infinite or out of
            range.

    Example:
        >>> images(np.array([[[0, 4000]]], np.uint16), "x")[0]
        tensor([[[[0.0000, 0.9768]]]])
    """
    array = finite(as_array(x, name), name)
    pixels = _channels_first(array, name)
    low, high = float(pixels.min(initial=0)), float(pixels.max(initial=0))
    if array.dtype.kind == "f":
        if low < 0 or high > 1:
            raise UserError(
                f"float pixels of '{name}' must lie in [0, 1], got {low:.4g} to {high:.4g}; "
                "divide by 255, save them as uint8, or, if they are no images, give the kind, "
                "signals or vectors."
            )
        return torch.from_numpy(np.ascontiguousarray(pixels, np.float32)), 1, ""
    note = ""
    if white is not None and (array.dtype == np.uint8) != (white == 255):
        white = None if white == 1 and high > 1 else min(white, _most(array.dtype))
    if white is None:
        binary = array.dtype.kind == "b" or (high == 1 and low == 0)
        white = 1 if binary else next((w for w in WHITES if high <= w), None)
        if white is not None and (white > 255 or (white == 1 and array.dtype.kind != "b")):
            note = f"pixels of '{name}' reach {high:.0f}; {white:.0f} is taken for white."
        elif white == 255 and 0 < high < 64:
            note = (
                f"the brightest pixel of '{name}' is {high:.0f} of 255, nearly black; if that is "
                "white, divide by it and give floats."
            )
    if low < 0 or white is None or high > white:
        raise UserError(
            f"whole-number pixels of '{name}' must lie in 0 to {white or WHITES[-1]:.0f}, got "
            f"{low:.0f} to {high:.0f}; rescale them."
        )
    if white == 255:
        return torch.from_numpy(np.ascontiguousarray(pixels.astype(np.uint8))), white, note
    shares = pixels.astype(np.float32) / np.float32(white)
    return torch.from_numpy(np.ascontiguousarray(shares)), white, note


def _most(kind: np.dtype) -> float:
    """The largest value of a type of whole numbers."""
    return 1 if kind.kind == "b" else float(np.iinfo(kind).max)


def _channels_first(array: np.ndarray, name: str) -> np.ndarray:
    """From (N, H, W), (N, H, W, C) or (N, C, H, W) to (N, C, H, W)."""
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4:
        first, last = array.shape[1], array.shape[3]
        usual = (1, 3)
        if first in usual or (last not in usual and first <= CHANNELS and first < last):
            return array
        if last in usual or (last <= CHANNELS and last < first):
            return np.moveaxis(array, 3, 1)
    raise UserError(
        f"'{name}' has shape {array.shape}; use (N, d), (N, H, W), (N, H, W, C) or "
        f"(N, C, H, W) with C at most {CHANNELS} and below the other sides."
    )


def as_tensor(array: np.ndarray) -> Tensor:
    """An array of any strides and byte order, also a read-only one, as a tensor, type kept.

    Example:
        >>> as_tensor(np.arange(3, dtype=">f4")[::-1])
        tensor([2., 1., 0.])
    """
    held = np.require(array, array.dtype.newbyteorder("="), ["C", "W"])
    # NumPy calls one entry contiguous whatever its stride.
    return torch.from_numpy(held.copy() if min(held.strides, default=0) < 0 else held)


def as_array(x: Tensor | ArrayLike, name: str) -> np.ndarray:
    """An array of what can be one, shape and type kept; tensors are brought to the CPU.

    Numbers of several types, as in a table, and floats above 64 bits become float64. Floats that
    NumPy has no type for, such as bfloat16, become float32, which holds them exactly.

    Arguments:
        x: A tensor, an array, or nested lists of numbers.
        name: What errors call it.

    Raises:
        UserError: Its parts differ in shape, it has masked entries, or it is a tensor that no array
            can hold, such as a sparse one.
    """
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise UserError(f"'{name}' has masked entries; fill them, or leave their samples out.")
    try:
        if isinstance(x, Tensor):
            x = x.detach().cpu()
            x = x.float() if x.is_floating_point() and x.dtype not in NUMPY_FLOATS else x
        held = np.asarray(x)
        # A table of columns of several types.
        several = held.dtype == object and all(isinstance(v, Real | np.bool) for v in held.flat)
        wide = held.dtype.kind == "f" and held.dtype.itemsize > 8
        return held.astype(np.float64) if several or wide else held
    except TypeError as error:
        raise UserError(
            f"'{name}' cannot be read as an array ({error}); give a dense array of numbers."
        ) from error
    except ValueError as error:
        raise UserError(
            f"'{name}' is no array of one shape ({error}); give each sample the same shape."
        ) from error
