"""Shapes of samples, and arrays of samples as tensors."""

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


def samples(x: Tensor | ArrayLike, name: str) -> Tensor:
    """Bring an array to uint8 images (N, C, H, W), or to float32 images or vectors.

    Arguments:
        x: Images (N, H, W), (N, H, W, C) or (N, C, H, W), C 1 or 3: whole numbers in 0 to 255, or
            floats in [0, 1], or booleans, of which True is white; or vectors (N, d).
        name: What errors call it.

    Returns:
        uint8 images (N, C, H, W) in 0 to 255, float32 images (N, C, H, W) in [0, 1], or float32
        vectors (N, d), in the units given.

    Raises:
        UserError: The shape is none of these, or values are no numbers, NaN, infinite or out of
            range.
    """
    array = as_array(x, name)
    if array.dtype == object or array.dtype.kind not in "uifb":
        raise UserError(f"'{name}' holds {array.dtype} values; numbers are needed.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise UserError(f"'{name}' holds values that are NaN or infinite ({bad}); remove them.")
    if array.ndim == 2:
        if array.size and np.abs(array).max() > np.finfo(np.float32).max:
            raise UserError(f"'{name}' holds values beyond float32's 3.4e38; rescale them.")
        return as_tensor(array.astype(np.float32))
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = np.moveaxis(array, 3, 1)
    if array.ndim != 4 or array.shape[1] not in (1, 3):
        raise UserError(
            f"'{name}' has shape {as_array(x, name).shape}; use (N, d), (N, H, W), (N, H, W, C) or "
            "(N, C, H, W) with C 1 or 3."
        )
    if array.dtype.kind == "b":
        return as_tensor(array.astype(np.uint8) * 255)
    if array.dtype.kind in "ui":
        if array.min(initial=0) < 0 or array.max(initial=0) > 255:
            raise UserError(
                f"integer pixels of '{name}' must lie in 0 to 255, got {array.min()} to "
                f"{array.max()}; rescale them."
            )
        return as_tensor(array.astype(np.uint8))
    low, high = float(array.min(initial=0)), float(array.max(initial=0))
    if low < 0 or high > 1:
        raise UserError(
            f"float pixels of '{name}' must lie in [0, 1], got {low:.4g} to {high:.4g}; "
            "divide by 255 or save them as uint8."
        )
    return as_tensor(array.astype(np.float32))


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

    Numbers of several types, as in a table, become float64. Floats that NumPy has no type for, such
    as bfloat16, become float32, which holds them exactly.

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
        return held.astype(np.float64) if several else held
    except TypeError as error:
        raise UserError(
            f"'{name}' cannot be read as an array ({error}); give a dense array of numbers."
        ) from error
    except ValueError as error:
        raise UserError(
            f"'{name}' is no array of one shape ({error}); give each sample the same shape."
        ) from error
