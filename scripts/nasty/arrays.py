"""Arrays and signals of every type, shape and order, in files of NumPy."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nasty.case import Case, Input

Made = Callable[[np.random.Generator], Any]


def array(name: str, words: str, made: Made, suffix: str = ".npy", **more: Any) -> Case:
    """A case of one array, or of named arrays; loaded, values must be the same."""
    kind = more.pop("kind", "array")
    plain = more.pop("plain", True)

    def make(folder: Path, rng: np.random.Generator) -> Input:
        path, held = folder / f"data{suffix}", made(rng)
        if isinstance(held, bytes):
            path.write_bytes(held)
            return Input(path)
        if suffix == ".npy":
            np.save(path, held, allow_pickle=True)
            return Input(path, None if more.get("refused") or not plain else held)
        np.savez(path, **held)
        first = held.get("x", next(iter(held.values()), None))
        return Input(path, None if more.get("refused") or not plain else first, held.get("y"))

    return Case(name=name, kind=kind, words=words, make=make, **more)


def _npy(held: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, held)
    return out.getvalue()


def _bomb(rng: np.random.Generator) -> bytes:
    """An .npz whose header says more than it holds."""
    head = _npy(np.zeros((2, 2)))[:128].replace(b"(2, 2), }            ", b"(99999999, 99999), }")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", head + bytes(1000))
    return out.getvalue()


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Types, shapes, orders, values, broken files, named arrays, signals."""
    kinds = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16",
             "float32", "float64", "longdouble", "bool")  # fmt: skip
    for kind in kinds:
        order = rng.random() < 0.5 and kind not in ("longdouble", "bool")
        fortran = bool(rng.random() < 0.5)

        def typed(rng: np.random.Generator, kind: str = kind, order: bool = order,
                  fortran: bool = fortran) -> np.ndarray:  # fmt: skip
            held = rng.integers(0, 2 if kind == "bool" else 100, (40, 6))
            held = held.astype(np.dtype(kind).newbyteorder(">" if order else "="))
            return np.asfortranarray(held) if fortran else held

        words = f"(40, 6) of {'>' * order}{kind}{' by columns' * fortran}"
        yield array(f"vectors of {kind}", words, typed, samples=40, shape=(6,), back=True)
    shapes = [(), (40,), (0, 6), (40, 0), (1, 6), (19, 6), (40, 8, 0), (40, 1, 1, 1, 1)]
    for shape in shapes:
        yield array(f"shape {shape}", "floats", lambda rng, shape=shape: rng.random(shape),
                    refused="shape|samples|entries|empty")  # fmt: skip
    yield array("20 vectors", "as few as there may be", lambda rng: rng.random((20, 3)),
                samples=20, shape=(3,), back=True)  # fmt: skip
    yield array("one entry", "(40, 1)", lambda rng: rng.random((40, 1)), shape=(1,), back=True)
    for word, value in (("NaN", np.nan), ("infinity", np.inf)):
        at = int(rng.integers(0, 40))
        yield array(f"a {word}", f"in sample {at}", lambda rng, at=at, value=value: _with(
            rng.random((40, 6)), at, value), refused=f"NaN or infinite.*sample {at}")  # fmt: skip
    yield array("values beyond float32", "1e39", lambda rng: rng.random((40, 6)) * 1e39,
                refused="beyond float32")  # fmt: skip
    yield array("timestamps as floats", "1.7e9 and a little",
                lambda rng: 1.7e9 + rng.random((40, 3)), back=True)  # fmt: skip
    yield array("the largest whole numbers", "2^63 - 1", back=True, plain=False,
                made=lambda rng: np.iinfo(np.int64).max - rng.integers(0, 9, (40, 3)))  # fmt: skip
    yield array(
        "constant vectors", "all zero", lambda rng: np.zeros((40, 6)), notes=("are the same",)
    )
    yield array("constant entries", "two of six", lambda rng: rng.random((40, 6)) * [1, 0, 1, 1, 0,
                1], samples=40, back=True)  # fmt: skip
    for word, held in (
        ("complex numbers", lambda rng: rng.random((40, 6)) + 1j),
        ("texts", lambda rng: np.full((40, 6), "abc")),
        ("dates", lambda rng: np.full((40, 6), "2020-01-01", "datetime64[D]")),
        ("objects", lambda rng: np.array([[1, "a"]] * 40, object)),
        ("records", lambda rng: np.zeros(40, [("a", float), ("b", int)])),
    ):
        yield array(word, f"an array of {word}", held, refused="values|number|shape|Object")
    whole = _npy(rng.random((40, 6)))
    for word, held in (("cut", whole[:-100]), ("empty", b""), ("cut in its head", whole[:40]),
                       ("text", b"1,2,3\n"), ("all zero", bytes(500))):  # fmt: skip
        yield array(f"an .npy that is {word}", "a broken file", lambda rng, held=held: held,
                    refused="cannot be read")  # fmt: skip
    yield array("more bytes after the array", "20 that say nothing", lambda rng: whole + bytes(20),
                samples=40)  # fmt: skip
    for word, held in (("no zip", b"abc"), ("empty", b"")):
        yield array(f"an .npz that is {word}", "a broken file", lambda rng, held=held: held, ".npz",
                    refused="cannot be read|no zip|empty")  # fmt: skip
    yield array("a zip bomb", "80 TB by its head", _bomb, ".npz", refused="cannot be read|memory")
    yield from named()
    yield from signals()


def _with(held: np.ndarray, at: int, value: float) -> np.ndarray:
    held[at, at % held.shape[1]] = value
    return held


def named() -> Iterator[Case]:
    """Files of several arrays."""
    y = np.arange(40) % 3
    for word, label, more in (
        ("numbers", y, {}),
        ("names", np.array([*"abc"])[y], {}),
        ("floats", y.astype(float), {}),
        ("one column", y[:, None], {}),
        ("too few", y[:-1], {"refused": "labels.*39.*40"}),
        ("halves", y / 2, {"refused": "no whole number"}),
        ("NaN", np.where(y, y, np.nan), {"refused": "no whole number"}),
        ("one a sample", np.array([f"n{i}" for i in range(40)]), {"refused": "different labels"}),
        ("huge numbers", y + 10**12, {}),
        ("negative numbers", y - 1, {}),
        ("true and false", y > 0, {}),
    ):  # fmt: skip
        right = label.ravel() if more or label.dtype.kind != "f" else label.ravel().astype(int)
        case = array(f"labels that are {word}", "beside vectors", suffix=".npz", **more,
                     made=lambda rng, label=label: {"x": rng.random((40, 6)), "y": label}
        )  # fmt: skip
        if not more:

            def make(folder: Path, rng: np.random.Generator, label: Any = label,
                     right: Any = right) -> Input:  # fmt: skip
                x = rng.random((40, 6))
                np.savez(folder / "data.npz", x=x, y=label)
                return Input(folder / "data.npz", x, right)

            case = Case(name=case.name, kind="array", words=case.words, make=make, samples=40)
        yield case
    for name, keys, more in (
        ("unknown names", "foo bar", {"refused": "holds foo, bar"}),
        ("a set that has no reader", "x x_val", {"notes": ("x_val",)}),
        ("a test split beside x", "x x_test", {"notes": ("x_test",)}),
        ("a split of another name", "x_train x_val", {"notes": ("x_val",)}),
        ("upper case", "X Y", {"refused": "holds X, Y"}),
        ("labels of another split", "x_train x_test", {"samples": 80}),
    ):
        yield array(name, keys, suffix=".npz", plain=False, **more,
                    made=lambda rng, keys=keys: {k: rng.random((40, 6)) for k in keys.split()}
        )  # fmt: skip
    yield array("names that are too few", "ids of 39 of 40", suffix=".npz", refused="ids",
                made=lambda rng: {"x": rng.random((40, 6)), "ids": np.arange(39)})  # fmt: skip
    yield array("no array", "an empty .npz", lambda rng: {}, ".npz", refused="no array|holds")


def signals() -> Iterator[Case]:
    """Signals (N, T) and (N, C, T)."""
    for shape, right in (((40, 32), (32,)), ((40, 3, 50), (3, 50)), ((40, 1, 7), (1, 7)),
                         ((40, 4), (4,)), ((40, 12, 33), (12, 33))):  # fmt: skip
        yield array(f"signals {shape}", "sums of noise", kind="signal", options={"kind": "signals"},
                    shape=right, back=True, samples=40,
                    made=lambda rng, shape=shape: rng.normal(0, 1, shape).cumsum(-1))  # fmt: skip
    yield array("signals of 3 steps", "too short", lambda rng: rng.normal(0, 1, (40, 3)), back=True,
                kind="signal", options={"kind": "signals"}, samples=40)  # fmt: skip
    yield array("a constant channel", "one of three", kind="signal", options={"kind": "signals"},
                made=lambda rng: rng.normal(0, 1, (40, 3, 20)) * [[1], [0], [1]], back=True
    )  # fmt: skip
    yield array("constant signals", "all 5", kind="signal", options={"kind": "signals"},
                made=lambda rng: np.full((40, 20), 5.0), notes=("are the same",))  # fmt: skip
    yield array("whole-number signals", "int16", kind="signal", options={"kind": "signals"},
                made=lambda rng: rng.integers(-999, 999, (40, 2, 30)).astype("int16"), back=True
    )  # fmt: skip
    yield array("signals that look like images", "(40, 16, 16) in [0, 1]", kind="signal",
                options={"kind": "signals"}, shape=(16, 16),
                made=lambda rng: rng.random((40, 16, 16)))  # fmt: skip
    yield array("signals with a gap", "NaN", lambda rng: _with(rng.random((40, 30)), 7, np.nan),
                kind="signal", options={"kind": "signals"}, refused="sample 7")  # fmt: skip
