"""MNIST's format of files."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from latentfit.checks import UserError


def read_idx(path: Path) -> np.ndarray:
    """Read an idx file to uint8, packed by gzip or not, in the shape it says.

    Raises:
        UserError: There is no such file, or it is no idx file of unsigned bytes.
    """
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as file:
            held = file.read()
        axes = held[3]
        shape = [int.from_bytes(held[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
        if held[:3] != b"\x00\x00\x08":
            raise ValueError("not unsigned bytes")
        return np.frombuffer(held, np.uint8, offset=4 + 4 * axes).reshape(shape)
    except FileNotFoundError as error:
        raise UserError(f"no file {path}; copy it there.") from error
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise UserError(f"{path} is not a readable idx file ({error}); copy it again.") from error
