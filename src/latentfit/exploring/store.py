"""Arrays inside of a page: compressed, as text."""

from __future__ import annotations

import base64
import gzip
import json
import math
from typing import Any

import numpy as np

KINDS = ("uint8", "int32", "float32", "float64")


class Store:
    """Arrays that a page unpacks; each is called by its number.

    Example:
        >>> store = Store()
        >>> store.add(np.zeros(3, np.uint8)), store.add(np.ones((2, 2), np.float32))
        (0, 1)
        >>> store.told()
        [['uint8', 0, 3], ['float32', 8, 4]]
    """

    def __init__(self) -> None:
        self._arrays: list[np.ndarray] = []

    def add(self, array: np.ndarray) -> int:
        """Keep an array of one of `KINDS`, flat; its number."""
        if array.dtype.name not in KINDS:
            raise TypeError(f"a page holds {', '.join(KINDS)}, not {array.dtype}.")
        self._arrays.append(np.ascontiguousarray(array))
        return len(self._arrays) - 1

    def told(self) -> list[list[Any]]:
        """Type, first byte and number of entries of each."""
        found, start = [], 0
        for array in self._arrays:
            found.append([array.dtype.name, start, array.size])
            start += _padded(array.nbytes)
        return found

    def text(self) -> str:
        """All of them, one behind the other from multiples of 8 bytes on, gzip and base64."""
        whole = b"".join(
            array.tobytes() + bytes(_padded(array.nbytes) - array.nbytes) for array in self._arrays
        )
        return base64.b64encode(gzip.compress(whole, 6, mtime=0)).decode()


def _padded(size: int) -> int:
    return -(-size // 8) * 8


def script_json(value: Any) -> str:
    r"""JSON that cannot end the script element that it stands in.

    Numbers that are not finite are null.

    Example:
        >>> script_json({"a": "</script>", "b": float("inf")})
        '{"a": "\\u003c/script\\u003e", "b": null}'
    """
    text = json.dumps(_finite(value), allow_nan=False)  # in ASCII
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(held) for held in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
